// SPDX-License-Identifier: Apache-2.0
#include "ipc/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::ipc {
namespace {

using std::chrono::milliseconds;

ListenOptions at(const std::string& path, SocketType type = SocketType::seqpacket) {
  return {.path = path, .type = type, .mode = 0600, .owner = {}, .group = {}};
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

class UnixSocket : public testing::Test {
 protected:
  const test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "a.sock";

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
};

TEST_F(UnixSocket, has_its_mode_whatever_the_umask_says) {
  const mode_t umask_before = ::umask(0777);
  auto options = at(path_);
  options.mode = 0660;
  const auto listener = listen_at(options);
  ::umask(umask_before);
  ASSERT_TRUE(listener) << listener.error().detail;
  EXPECT_EQ(mode_of(path_), static_cast<mode_t>(S_IFSOCK | 0660));
  EXPECT_EQ(entries(), 1U);
  EXPECT_NE(::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(listener->get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(UnixSocket, is_served_in_place_of_a_stale_one) {
  { ASSERT_TRUE(listen_at(at(path_))); }  // nobody listens any more, the name stays
  const auto listener = listen_at(at(path_));
  ASSERT_TRUE(listener) << listener.error().detail;
  EXPECT_TRUE(connect_to(path_, SocketType::seqpacket, milliseconds(1'000)));
}

TEST_F(UnixSocket, leaves_alone_what_is_no_socket) {
  std::ofstream(path_) << "precious";
  const auto refused = listen_at(at(path_));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::denied);
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
  std::filesystem::create_symlink("/nowhere", folder_ / "link");
  EXPECT_FALSE(listen_at(at(folder_ / "link")));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(UnixSocket, needs_an_absolute_path_that_fits_and_a_folder) {
  EXPECT_EQ(listen_at(at("a.sock")).error().kind, FaultKind::malformed);
  EXPECT_EQ(listen_at(at("")).error().kind, FaultKind::malformed);
  EXPECT_EQ(listen_at(at("/" + std::string(107, 'x'))).error().kind, FaultKind::too_large);
  const auto missing = listen_at(at(folder_ / "none/a.sock"));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("none/a.sock"), std::string::npos);
  EXPECT_FALSE(connect_to("a.sock", SocketType::stream, milliseconds(1)));
  EXPECT_FALSE(connect_to("/" + std::string(107, 'x'), SocketType::stream, milliseconds(1)));
}

TEST_F(UnixSocket, leaves_no_temporary_name_behind_where_the_owner_cannot_be_set) {
  constexpr uid_t kNobody = 65'534;
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(folder_.path().c_str(), kNobody, kNobody), 0);
  }
  const pid_t child = ::fork();
  if (child == 0) {  // root may set any owner, so somebody else tries
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(1);
    auto options = at(path_);
    options.owner = 0;
    const auto listener = listen_at(options);
    ::_exit(!listener && listener.error().kind == FaultKind::denied ? 0 : 2);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(UnixSocket, tells_who_connected) {
  const auto listener = listen_at(at(path_, SocketType::stream));
  ASSERT_TRUE(listener);
  const auto client = connect_to(path_, SocketType::stream, milliseconds(1'000));
  ASSERT_TRUE(client) << client.error().detail;
  const Fd accepted(::accept(listener->get(), nullptr, nullptr));
  const auto peer = peer_of(accepted.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::getuid());
  EXPECT_EQ(peer->pid, ::getpid());
}

TEST_F(UnixSocket, connecting_gives_up_at_its_deadline_where_the_queue_is_full) {
  auto options = at(path_);
  options.backlog = 0;
  const auto listener = listen_at(options);
  ASSERT_TRUE(listener);
  std::vector<Fd> waiting;
  for (int count = 0; count < 10; ++count) {
    auto client = connect_to(path_, SocketType::seqpacket, milliseconds(1));
    if (!client) {
      EXPECT_EQ(client.error().kind, FaultKind::timeout);
      return;
    }
    waiting.push_back(*std::move(client));
  }
  FAIL() << "the queue never filled";
}

TEST(ProcessExistsTest, ProcessThatHasEndedIsThereUntilItsParentKnows) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_GT(child, 0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(process_exists(child));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(process_exists(child));
}

// As a daemon is that may signal nobody.
TEST(ProcessExistsTest, ProcessOfAnotherUserIsThere) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65'534;
    if (::getuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    const bool refused = ::kill(1, 0) != 0 && errno == EPERM;
    ::_exit(refused && process_exists(1) && process_exists(::getpid()) ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessExistsTest, NothingIsSaidOfWhatIsNoPid) {
  EXPECT_TRUE(process_exists(0));
  EXPECT_TRUE(process_exists(-1));
  EXPECT_TRUE(process_exists(-999'999'999));
  EXPECT_FALSE(process_exists(std::numeric_limits<pid_t>::max()));
}

}  // namespace
}  // namespace latchkey::ipc
