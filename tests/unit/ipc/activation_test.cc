// SPDX-License-Identifier: Apache-2.0
#include "ipc/activation.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::ipc {
namespace {

// The protocol wants descriptor 3 and the caller's pid, so each case runs in a
// child.

template <typename Body>
int in_child(const std::vector<int>& descriptors, const char* names, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int target = 3;
    std::vector<int> high;
    for (const int fd : descriptors) high.push_back(::fcntl(fd, F_DUPFD, 100));
    for (const int fd : high) ::dup2(fd, target++);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(descriptors.size()).c_str(), 1);
    if (names != nullptr) ::setenv("LISTEN_FDNAMES", names, 1);
    ::_exit(body());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

ListenOptions at(const std::string& path, SocketType type) {
  return {.path = path, .type = type, .mode = 0600, .owner = {}, .group = {}};
}

class Activation : public testing::Test {
 protected:
  const test::TemporaryFolder folder_;
  Fd seqpacket_ = *listen_at(at(folder_ / "p.sock", SocketType::seqpacket));
  Fd stream_ = *listen_at(at(folder_ / "s.sock", SocketType::stream));
};

TEST_F(Activation, gives_sockets_by_name_and_clears_the_environment) {
  EXPECT_EQ(in_child({seqpacket_.get(), stream_.get()}, "pam:control",
                     [] {
                       auto sockets = take_activated_sockets();
                       if (!sockets || sockets->size() != 2) return 1;
                       const auto control = take_named(*sockets, "control", SocketType::stream);
                       const auto pam = take_named(*sockets, "pam", SocketType::seqpacket);
                       const auto fetch = take_named(*sockets, "fetch", SocketType::seqpacket);
                       if (!control || control->get() != 4 || !pam || pam->get() != 3) return 2;
                       if (!fetch || *fetch) return 3;
                       if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0 ||
                           (::fcntl(3, F_GETFL) & O_NONBLOCK) == 0)
                         return 4;
                       return std::getenv("LISTEN_FDS") == nullptr &&
                                      std::getenv("LISTEN_FDNAMES") == nullptr
                                  ? 0
                                  : 5;
                     }),
            0);
}

TEST_F(Activation, refuses_a_socket_of_the_wrong_type_and_a_name_given_twice) {
  EXPECT_EQ(in_child({stream_.get()}, "pam",
                     [] {
                       auto sockets = take_activated_sockets();
                       return sockets && !take_named(*sockets, "pam", SocketType::seqpacket) ? 0
                                                                                             : 1;
                     }),
            0);
  EXPECT_EQ(in_child({seqpacket_.get(), seqpacket_.get()}, "pam:pam",
                     [] {
                       auto sockets = take_activated_sockets();
                       return sockets && !take_named(*sockets, "pam", SocketType::seqpacket) ? 0
                                                                                             : 1;
                     }),
            0);
}

TEST(ActivationWithout, a_service_manager_gives_nothing) {
  const auto sockets = take_activated_sockets();
  ASSERT_TRUE(sockets);
  EXPECT_TRUE(sockets->empty());
}

}  // namespace
}  // namespace latchkey::ipc
