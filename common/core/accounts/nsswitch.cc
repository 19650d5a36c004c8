// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/nsswitch.h"

#include <algorithm>

#include "core/accounts/account_lines.h"

namespace latchkey::accounts {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";

std::vector<std::string> sources(std::string_view line) {
  std::vector<std::string> out;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return out;
    if (line.front() == '[') {
      line.remove_prefix(std::min(line.find(']'), line.size() - 1) + 1);
      continue;
    }
    const auto end = std::min(line.find_first_of(" \t\v\f\r["), line.size());
    out.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

NameSwitch NameSwitch::parse(std::string_view text) {
  NameSwitch out;
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    line = line.substr(0, line.find('#'));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view word = line.substr(0, colon);
    word.remove_prefix(std::min(word.find_first_not_of(kBlanks), word.size()));
    word = word.substr(0, word.find_first_of(kBlanks));
    const auto rest = line.substr(colon + 1);
    if (word == "passwd") out.passwd = sources(rest);
    if (word == "group") out.group = sources(rest);
    if (word == "shadow") out.shadow = sources(rest);
    if (word == "initgroups") out.initgroups = sources(rest);
  }
  return out;
}

std::vector<std::string> NameSwitch::lacking() const {
  std::vector<std::string> out;
  if (!has(passwd, "systemd")) out.emplace_back("passwd");
  if (!has(group, "systemd")) out.emplace_back("group");
  if (!has(shadow, "systemd")) out.emplace_back("shadow");
  // Without such a line glibc asks those of `group`.
  if (!initgroups.empty() && !has(initgroups, "systemd")) out.emplace_back("initgroups");
  return out;
}

std::string NameSwitch::unknown_source() const {
  for (const auto* line : {&passwd, &group}) {
    for (const std::string& source : *line)
      if (source != "files" && source != "systemd") return source;
  }
  return {};
}

}  // namespace latchkey::accounts
