// SPDX-License-Identifier: Apache-2.0
//
// Files of the daemon's own that somebody has laid hands on: read, written and damaged byte by
// byte.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <string>
#include <string_view>

namespace latchkey::latchkeyd::testing {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// For its owner alone, as the daemon writes its own.
inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

struct BadFile {
  std::string name;
  std::function<void(const std::string& path)> make;
  std::string want;
};

}  // namespace latchkey::latchkeyd::testing
