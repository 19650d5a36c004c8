// SPDX-License-Identifier: Apache-2.0
//
// A configuration of one file "f", for tests of the parser.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config/parse.h"

namespace latchkey::config::testing {

inline tl::expected<Config, std::vector<ConfigError>> parsed(std::string text) {
  const std::vector<SourceText> sources = {{"f", std::move(text)}};
  return parse(sources);
}

inline std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> out;
  const auto config = parsed(text);
  if (config) return out;
  for (const auto& error : config.error()) out.push_back(describe(error));
  return out;
}

// The issuer's lines are 2 to 5, `more` starts in line 6; so do the lines of the root in the second
// form.
inline std::string issuer(const std::string& more) {
  return "version: 1\nissuers:\n  - name: a\n    issuer: https://a\n    audiences: [ x ]\n" + more;
}

}  // namespace latchkey::config::testing
