// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipc/fd.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::endd {
namespace {

using ::testing::HasSubstr;

// A pseudo terminal of our own.
struct Terminal {
  Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    std::array<char, 64> name{};
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
      return;
    }
    path = name.data();
    slave = ipc::Fd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (::fstat(slave.get(), &status) == 0) {
      owner = status.st_uid;
      // As proc(5) writes it.
      device = (minor(status.st_rdev) & 0xffU) | (major(status.st_rdev) << 8U) |
               (minor(status.st_rdev) >> 8U << 20U);
    }
  }
  std::string read() const {
    std::array<char, 4'096> text{};
    const ssize_t got = ::read(master.get(), text.data(), text.size());
    return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }

  ipc::Fd master;
  ipc::Fd slave;
  std::string path;
  uid_t owner = 0;
  std::uint32_t device = 0;
};

TEST(TerminalTest, LineIsShownOnThePersonsTerminal) {
  const Terminal terminal;
  ASSERT_NE(terminal.device, 0U);
  ASSERT_TRUE(Terminals().tell(terminal.device, terminal.owner, "the end"));
  EXPECT_THAT(terminal.read(), HasSubstr("the end"));
}

TEST(TerminalTest, NothingIsWrittenToAnothersTerminal) {
  const Terminal terminal;
  EXPECT_FALSE(Terminals().tell(terminal.device, terminal.owner + 1, "the end"));
  EXPECT_EQ(terminal.read(), "");
}

TEST(TerminalTest, OnlyPseudoTerminalsAreWrittenTo) {
  // tty1, null, and the numbers on both sides of those of pseudo terminals.
  for (const std::uint32_t device : {0x0401U, 0x0103U, 0x8700U, 0x9000U}) {
    const auto told = Terminals().tell(device, ::getuid(), "x");
    ASSERT_FALSE(told) << device;
    EXPECT_EQ(told.error().kind, ipc::FaultKind::denied) << device;
  }
}

TEST(TerminalTest, FileOfTheTerminalsNameIsNoTerminal) {
  const test::TemporaryFolder folder;
  const Terminal terminal;
  const std::string name = terminal.path.substr(terminal.path.rfind('/') + 1);
  const std::string file = folder / name;
  { const ipc::Fd made(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)); }
  EXPECT_FALSE(Terminals(folder.path()).tell(terminal.device, ::getuid(), "x")) << "a plain file";
  ::unlink(file.c_str());
  ASSERT_EQ(::symlink(terminal.path.c_str(), file.c_str()), 0);
  EXPECT_FALSE(Terminals(folder.path()).tell(terminal.device, terminal.owner, "x")) << "a link";
  EXPECT_EQ(terminal.read(), "");
}

TEST(TerminalTest, AnotherDeviceOfTheTerminalsNameIsNotWrittenTo) {
  const test::TemporaryFolder folder;
  const Terminal terminal;
  const std::string name = terminal.path.substr(terminal.path.rfind('/') + 1);
  const std::string file = folder / name;
  if (::mknod(file.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0)
    GTEST_SKIP() << "only root makes devices";
  EXPECT_FALSE(Terminals(folder.path()).tell(terminal.device, ::getuid(), "x")) << "null";
  struct stat own {};
  ASSERT_EQ(::unlink(file.c_str()), 0);
  ASSERT_EQ(::stat(terminal.path.c_str(), &own), 0);
  ASSERT_EQ(::mknod(file.c_str(), S_IFBLK | 0600, own.st_rdev), 0);
  const auto block = Terminals(folder.path()).tell(terminal.device, ::getuid(), "x");
  ASSERT_FALSE(block) << "a block device of that number";
  EXPECT_EQ(block.error().kind, ipc::FaultKind::denied);
}

TEST(TerminalTest, EachTerminalIsToldOnce) {
  const Terminal one;
  const Terminal two;
  const std::vector<Process> processes{{.pid = 10, .terminal = one.device},
                                       {.pid = 11, .terminal = one.device},
                                       {.pid = 12, .terminal = two.device},
                                       {.pid = 13, .terminal = 0},
                                       {.pid = 14, .terminal = 0x0401}};
  EXPECT_EQ(Terminals().tell_all(processes, one.owner, "once"), 2U);
  const std::string shown = one.read();
  EXPECT_EQ(shown.find("once"), shown.rfind("once"));
  EXPECT_THAT(two.read(), HasSubstr("once"));
}

TEST(TerminalTest, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(one_line("a\nb\x1b[2J\x07\x7f\\\xc3\xa4"), "a\\x0ab\\x1b[2J\\x07\\x7f\\x5c\\xc3\\xa4");
  const Terminal terminal;
  ASSERT_TRUE(Terminals().tell(terminal.device, terminal.owner, "a\x1b[2Jb"));
  EXPECT_THAT(terminal.read(), HasSubstr("a\\x1b[2Jb"));
}

TEST(TerminalTest, SentenceSaysWhyAndWhen) {
  EXPECT_THAT(sentence("revoked", 10),
              HasSubstr("in 10 s: the sign-in that opened it was revoked"));
  EXPECT_THAT(sentence("expired", 1), HasSubstr("in 1 s: the sign-in that opened it has expired"));
  EXPECT_THAT(sentence("administrator", 0), HasSubstr("now: an administrator ends it"));
}

}  // namespace
}  // namespace latchkey::endd
