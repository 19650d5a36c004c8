// SPDX-License-Identifier: Apache-2.0
//
// What configuration is read from, and what is said about it. Reading files is somebody else's: the
// core gets texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::config {

// One file's text. `name` is how messages call it, mostly its path.
struct SourceText {
  std::string name;
  std::string text;
};

// Where something stands; lines and columns count from 1, 0 is "the file as a whole".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

// An error or a warning for the administrator.
struct ConfigError {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;

  bool operator==(const ConfigError&) const = default;
};

// "file:line:column: message", as compilers write it.
std::string describe(const ConfigError& error);

}  // namespace latchkey::config
