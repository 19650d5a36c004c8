// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/peers.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::fetchd {
namespace {

class Peers : public testing::Test {
 protected:
  Peers() {
    std::ofstream(passwd_) << "root:x:0:0::/root:/bin/sh\n"
                              "# no entry\n"
                              "latchkey:x:991:991::/nonexistent:/usr/sbin/nologin\n"
                              "latchkey:x:5:5::/second:/bin/sh\n";
  }

  const test::TemporaryFolder folder_;
  const std::string passwd_ = folder_ / "passwd";
};

TEST_F(Peers, are_root_and_ourselves_unless_more_are_named) {
  EXPECT_THAT(*allowed_peers({}, {}, passwd_), testing::UnorderedElementsAre(0, ::geteuid()));
}

TEST_F(Peers, are_named_by_number_or_by_the_first_entry_of_a_name) {
  EXPECT_THAT(*allowed_peers({1234}, {"latchkey"}, passwd_),
              testing::UnorderedElementsAre(0, ::geteuid(), 1234, 991));
}

TEST_F(Peers, who_do_not_exist_are_named) {
  EXPECT_EQ(allowed_peers({}, {"ghost"}, passwd_).error(), "no user ghost in " + passwd_);
  EXPECT_FALSE(allowed_peers({}, {"latchkey"}, folder_ / "none"));
}

}  // namespace
}  // namespace latchkey::fetchd
