// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ipc/fetch_protocol.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::ipc::fetch {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

class FdPassing : public testing::Test {
 protected:
  FdPassing() {
    std::array<int, 2> pair{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()),
              0);
    near_ = Fd(pair[0]);
    far_ = Fd(pair[1]);
  }

  // Sends `fds` the way a peer with other manners might.
  void send_raw(std::string text, const std::vector<int>& fds) const {
    iovec data{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 64)> control{};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    if (!fds.empty()) {
      header.msg_control = control.data();
      header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* part = CMSG_FIRSTHDR(&header);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
    }
    ASSERT_EQ(::sendmsg(far_.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  Fd near_;
  Fd far_;
};

TEST_F(FdPassing, carries_a_message_with_a_document) {
  const auto body = make_sealed("{\"keys\":[]}");
  ASSERT_TRUE(body);
  ASSERT_TRUE(send_message(far_.get(), "hello", body->get()));
  auto received = receive_message(near_.get());
  ASSERT_TRUE(received) << received.error().detail;
  EXPECT_EQ(received->message, "hello");
  ASSERT_TRUE(received->fd);
  EXPECT_NE(::fcntl(received->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  const auto mapped = SealedBody::map(std::move(received->fd), 11);
  ASSERT_TRUE(mapped) << mapped.error().detail;
  EXPECT_EQ(mapped->view(), "{\"keys\":[]}");
}

TEST_F(FdPassing, carries_a_message_alone) {
  ASSERT_TRUE(send_message(far_.get(), std::string(kMessageMost, 'x')));
  const auto received = receive_message(near_.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message.size(), kMessageMost);
  EXPECT_FALSE(received->fd);
}

TEST_F(FdPassing, refuses_more_than_one_descriptor_and_keeps_none) {
  for (const std::size_t count : {2UL, 4UL, 5UL, 40UL}) {
    const std::size_t before = open_descriptors();
    send_raw("x", std::vector<int>(count, near_.get()));
    const auto received = receive_message(near_.get());
    ASSERT_FALSE(received) << count;
    EXPECT_EQ(received.error().kind, FaultKind::malformed) << count;
    EXPECT_EQ(open_descriptors(), before) << count;
  }
}

TEST_F(FdPassing, refuses_a_message_above_the_limit_and_keeps_no_descriptor) {
  const std::size_t before = open_descriptors();
  send_raw(std::string(kMessageMost + 1, 'x'), {near_.get()});
  const auto received = receive_message(near_.get());
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().kind, FaultKind::too_large);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(send_message(far_.get(), std::string(kMessageMost + 1, 'x')));
}

TEST_F(FdPassing, loses_no_answer_of_a_peer_that_left_a_question_unread) {
  const auto body = make_sealed("{}");
  ASSERT_TRUE(body);
  ASSERT_TRUE(send_message(near_.get(), "a question"));
  ASSERT_TRUE(send_message(far_.get(), "an answer", body->get()));
  far_.reset();
  const auto received = receive_message(near_.get());
  ASSERT_TRUE(received) << received.error().detail;
  EXPECT_EQ(received->message, "an answer");
  EXPECT_TRUE(received->fd);
  EXPECT_EQ(receive_message(near_.get()).error().kind, FaultKind::closed);
}

TEST_F(FdPassing, says_when_there_is_nothing_yet_and_when_the_peer_is_gone) {
  EXPECT_EQ(receive_message(near_.get()).error().kind, FaultKind::would_block);
  far_.reset();
  EXPECT_EQ(receive_message(near_.get()).error().kind, FaultKind::closed);
  EXPECT_EQ(send_message(near_.get(), "x").error().kind, FaultKind::closed);
}

TEST_F(FdPassing, says_when_the_peer_does_not_read) {
  Result<void> sent;
  for (int count = 0; count < 10'000 && sent; ++count)
    sent = send_message(near_.get(), std::string(kMessageMost, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, FaultKind::would_block);
}

// --- Sealed documents.

Fd memfd(std::string_view content, int seals) {
  Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

struct SealCase {
  const char* name;
  int seals;
  bool good;
};

TEST(SealedBody, needs_all_four_seals) {
  const SealCase cases[] = {
      {"all four", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL, true},
      {"none", 0, false},
      {"no shrink", F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL, false},
      {"no grow", F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL, false},
      {"no write", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, false},
      {"no seal", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, false},
      {"future writes only", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
       false},
  };
  for (const SealCase& item : cases) {
    const auto mapped = SealedBody::map(memfd("body", item.seals), 4);
    EXPECT_EQ(mapped.has_value(), item.good) << item.name;
  }
}

TEST(SealedBody, refuses_another_size_than_announced) {
  for (const std::size_t announced : {0UL, 3UL, 5UL}) {
    EXPECT_FALSE(SealedBody::map(*make_sealed("body"), announced)) << announced;
  }
}

TEST(SealedBody, refuses_what_is_no_memfd) {
  const test::TemporaryFolder folder;
  Fd file(::open((folder / "f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(::write(file.get(), "body", 4), 4);
  EXPECT_FALSE(SealedBody::map(std::move(file), 4));
  EXPECT_FALSE(SealedBody::map(Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC)), 0));
  EXPECT_FALSE(SealedBody::map(Fd(), 0));
}

TEST(SealedBody, holds_an_empty_document_and_one_of_the_limit_but_no_more) {
  EXPECT_EQ(SealedBody::map(*make_sealed(""), 0)->view(), "");
  const std::string most(kBodyMost, 'x');
  EXPECT_EQ(SealedBody::map(*make_sealed(most), most.size())->view(), most);
  const auto more = SealedBody::map(*make_sealed(most + 'x'), most.size() + 1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, FaultKind::too_large);
}

TEST(SealedBody, cannot_be_changed_by_whoever_made_it) {
  const auto fd = make_sealed("body");
  ASSERT_TRUE(fd);
  EXPECT_EQ(::pwrite(fd->get(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(fd->get(), 0), -1);
  EXPECT_EQ(::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
}

}  // namespace
}  // namespace latchkey::ipc::fetch
