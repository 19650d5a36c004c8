// SPDX-License-Identifier: Apache-2.0
//
// Whose names are ours to judge (DESIGN section 5 "Managed").
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/decide/host.h"

namespace latchkey::test {
namespace {

TEST(Managed, FollowsTheConfiguration) {
  struct ManagedCase {
    std::string name;
    std::string settings;
    std::string user;
    bool want;
  };
  const std::vector<ManagedCase> cases = {
      {"a regular user is", "", "bob", true},
      {"root is not", "", "root", false},
      {"nobody is not", "", "nobody", false},
      {"a bound account of the system is", "", "svc", true},
      {"a name that no local file has is", "", "nosuch", true},
      {"a listed unknown name is", "managed: [ nosuch ]\n", "nosuch", true},
      {"a regular user is not where others are listed", "managed: [ nosuch ]\n", "bob", false},
      {"a bound name is where others are listed", "managed: [ nosuch ]\n", "alice", true},
      {"a bound name is not where it is unmanaged", "unmanaged: [ alice ]\n", "alice", false},
  };
  for (const auto& c : cases) {
    Host host{.bindings = {{"alice", subject_of("alice")}, {"svc", subject_of("svc")}}};
    host.settings = c.settings;
    EXPECT_EQ(managed(c.user, host.snapshot()), c.want) << c.name;
  }
}

}  // namespace
}  // namespace latchkey::test
