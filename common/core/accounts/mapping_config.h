// SPDX-License-Identifier: Apache-2.0
//
// Rules that turn claims into local names and groups. Filled by config/ only.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace latchkey::accounts {

// Group values of one issuer's tokens → local group names. A value that is not listed gives
// nothing.
struct GroupMap {
  std::map<std::string, std::vector<std::string>, std::less<>> groups;
};

// Which local names are ours (DESIGN section 5 "Managed").
struct ManagedConfig {
  std::vector<std::string> managed;    // names that are always managed
  std::vector<std::string> unmanaged;  // names that never are; wins over `managed`
  bool regular_users =
      true;  // every local name with uid >= 1000 (nobody excepted); false once `managed:` is set
};

}  // namespace latchkey::accounts
