// SPDX-License-Identifier: Apache-2.0
//
// nsswitch.conf(5): whom this host asks for users and groups. Read by its text, never by asking.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::accounts {

struct NameSwitch {
  // What stands behind "passwd:", "group:" and "shadow:", in its order, without actions in
  // brackets; libc's "files" where there is no such line.
  std::vector<std::string> passwd{"files"};
  std::vector<std::string> group{"files"};
  std::vector<std::string> shadow{"files"};
  std::vector<std::string> initgroups;  // empty without such a line
  bool operator==(const NameSwitch&) const = default;

  // Any bytes.
  static NameSwitch parse(std::string_view text);

  // The lines that lack "systemd", by which latchkey-namesd is asked.
  std::vector<std::string> lacking() const;

  // A source of users or groups of which we cannot know what it has: all but "files" and "systemd".
  // Empty where there is none.
  std::string unknown_source() const;
};

}  // namespace latchkey::accounts
