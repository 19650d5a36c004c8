// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/nsswitch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::accounts {
namespace {

using Words = std::vector<std::string>;

TEST(NameSwitch, ReadsSourcesInTheirOrder) {
  const auto read = NameSwitch::parse(
      "# passwd: nis\n passwd :\tfiles [NOTFOUND=return !UNAVAIL=merge] sss  systemd # ldap\n"
      "group:files systemd\nhosts: dns\n");
  EXPECT_EQ(read.passwd, (Words{"files", "sss", "systemd"}));
  EXPECT_EQ(read.group, (Words{"files", "systemd"}));
  EXPECT_EQ(read.shadow, Words{"files"});
  EXPECT_EQ(read.unknown_source(), "sss");
  EXPECT_EQ(read.lacking(), Words{"shadow"});
}

TEST(NameSwitch, ALineForInitgroupsCountsWhereThereIsOne) {
  const std::string all = "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\n";
  EXPECT_EQ(NameSwitch::parse(all).lacking(), Words{});
  EXPECT_EQ(NameSwitch::parse(all + "initgroups: files\n").lacking(), Words{"initgroups"});
  EXPECT_EQ(NameSwitch::parse(all + "initgroups: files systemd\n").lacking(), Words{});
}

TEST(NameSwitch, WithoutLinesItIsFiles) {
  for (const char* text : {"", "\n", "passwd", "hosts: files", "[", "passwd:x\0y"}) {
    const auto read = NameSwitch::parse(text);
    EXPECT_EQ(read.group, Words{"files"}) << text;
  }
  EXPECT_EQ(NameSwitch().lacking(), (Words{"passwd", "group", "shadow"}));
  EXPECT_EQ(NameSwitch().unknown_source(), "");
}

TEST(NameSwitch, EverySourceThatIsNoneOfTwoIsUnknown) {
  EXPECT_EQ(NameSwitch::parse("group: files systemd winbind\n").unknown_source(), "winbind");
  EXPECT_EQ(NameSwitch::parse("passwd: compat systemd\n").unknown_source(), "compat");
  EXPECT_EQ(NameSwitch::parse("shadow: files sss\n").unknown_source(), "");
  EXPECT_EQ(NameSwitch::parse("passwd: files[").unknown_source(), "");
}

}  // namespace
}  // namespace latchkey::accounts
