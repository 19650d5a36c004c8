// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/peers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace latchkey::namesd {
namespace {

struct Case {
  std::string name;
  std::string status;
  uid_t uid;
  bool sshd;
};

TEST(Peer, IsSshdByNameAndBothItsUids) {
  const std::string root = "Umask:\t0022\nState:\tS (sleeping)\nTgid:\t7\nUid:\t0\t0\t0\t0\n";
  const std::vector<Case> cases = {
      {"sshd is", "Name:\tsshd\n" + root, 0, true},
      {"sshd-session is", "Name:\tsshd-session\n" + root, 0, true},
      {"sshd-auth is", "Name:\tsshd-auth\n" + root, 0, true},
      {"another is not", "Name:\tsshd-keygen\n" + root, 0, false},
      {"a part of its name is not", "Name:\tssh\n" + root, 0, false},
      {"a name that an escape hides is not", "Name:\tsshd\\n\n" + root, 0, false},
      {"a line further down is no name", "Name:\tx\nName:\tsshd\n" + root, 0, false},
      {"a peer of another uid is not", "Name:\tsshd\n" + root, 1000, false},
      {"a set-uid program that is called so is not", "Name:\tsshd\nUid:\t1000\t0\t0\t0\n", 0,
       false},
      {"one that is root only in real is not", "Name:\tsshd\nUid:\t0\t1000\t0\t0\n", 0, false},
      {"one without a uid is not", "Name:\tsshd\n", 0, false},
      {"nothing is not", "", 0, false},
  };
  const test::TemporaryFolder proc;
  std::filesystem::create_directory(proc / "7");
  for (const auto& c : cases) {
    std::ofstream(proc / "7/status") << c.status;
    EXPECT_EQ(is_sshd({.pid = 7, .uid = c.uid, .gid = 0}, proc.path()), c.sshd) << c.name;
  }
  EXPECT_FALSE(is_sshd({.pid = 8, .uid = 0, .gid = 0}, proc.path())) << "it has gone";
  EXPECT_FALSE(is_sshd({.pid = 0, .uid = 0, .gid = 0}, proc.path())) << "of another world of pids";
}

TEST(Peer, IsReadFromTheRealProcAsWell) {
  EXPECT_FALSE(is_sshd({.pid = ::getpid(), .uid = 0, .gid = 0}));
}

}  // namespace
}  // namespace latchkey::namesd
