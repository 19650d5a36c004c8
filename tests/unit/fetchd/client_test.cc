// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/client.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/socket.h>

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using ipc::FaultKind;
using ipc::fetch::Status;

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    std::array<int, 2> pair{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()),
              0);
    peer_ = ipc::Fd(pair[0]);
    client_.emplace(ipc::Fd(pair[1]));
  }

  void ask(std::uint64_t id) const {
    ipc::fetch::Request request{id, "corp", "d", ipc::fetch::Document::jwks, {}};
    ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request)));
  }

  static Outcome outcome(std::uint64_t id, std::string body) {
    Outcome outcome;
    outcome.answer.id = id;
    outcome.answer.status = Status::ok;
    outcome.answer.bytes = body.size();
    outcome.body = std::move(body);
    return outcome;
  }

  ipc::Fd peer_;
  std::optional<Client> client_;
  const Client::TimePoint now_ = Client::TimePoint(std::chrono::hours(1));
};

TEST_F(ClientTest, answers_with_the_document_sealed) {
  ask(7);
  const auto request = client_->receive();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->request.id, 7U);
  client_->answer(outcome(7, "KEYS"), now_);
  EXPECT_TRUE(client_->wants_to_write());
  ASSERT_TRUE(client_->flush());
  EXPECT_FALSE(client_->wants_to_write());

  auto received = ipc::fetch::receive_message(peer_.get());
  ASSERT_TRUE(received);
  const auto answer = ipc::fetch::decode_answer(received->message);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->id, 7U);
  const auto body = ipc::fetch::SealedBody::map(std::move(received->fd), answer->bytes);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->view(), "KEYS");
}

TEST_F(ClientTest, a_poll_comes_with_its_text_sealed_and_not_otherwise) {
  const std::string text = "{\"maxEvents\":1}";
  ipc::fetch::Request request{9, "corp-events", "d", ipc::fetch::Document::security_events, {}};
  request.bytes = text.size();
  const auto sealed = ipc::fetch::make_sealed(text).value();
  ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request), sealed.get()));
  const auto asked = client_->receive();
  ASSERT_TRUE(asked) << asked.error().detail;
  EXPECT_EQ(asked->poll, text);
  ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request)));
  EXPECT_EQ(client_->receive().error().kind, FaultKind::malformed);
  const auto open = ipc::fetch::make_token_file(text).value();  // could be changed under us
  ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request), open.get()));
  EXPECT_EQ(client_->receive().error().kind, FaultKind::malformed);
}

TEST_F(ClientTest, is_not_read_while_too_many_requests_are_open) {
  for (std::uint64_t id = 1; id <= Client::kOpenMost; ++id) {
    ASSERT_TRUE(client_->wants_to_read()) << id;
    ask(id);
    ASSERT_TRUE(client_->receive());
  }
  EXPECT_FALSE(client_->wants_to_read());
  client_->answer(outcome(1, "x"), now_);
  EXPECT_FALSE(client_->wants_to_read()) << "an answer that was not sent is still open";
  ASSERT_TRUE(client_->flush());
  EXPECT_TRUE(client_->wants_to_read());
}

TEST_F(ClientTest, that_does_not_read_is_given_up_after_a_while) {
  EXPECT_EQ(client_->give_up_at(), Client::TimePoint::max());
  ask(1);
  ASSERT_TRUE(client_->receive());
  client_->answer(outcome(1, "x"), now_);
  EXPECT_EQ(client_->give_up_at(), now_ + Client::kUnreadMost);
  ASSERT_TRUE(client_->flush());
  EXPECT_EQ(client_->give_up_at(), Client::TimePoint::max());
}

TEST_F(ClientTest, keeps_what_the_peer_has_no_room_for) {
  std::size_t answered = 0;
  while (!client_->wants_to_write() && answered < 10'000) {
    ask(++answered);
    ASSERT_TRUE(client_->receive());
    client_->answer(outcome(answered, "x"), now_);
    ASSERT_TRUE(client_->flush());
  }
  ASSERT_TRUE(client_->wants_to_write()) << "the socket never filled";
  std::size_t seen = 0;
  while (ipc::fetch::receive_message(peer_.get())) ++seen;
  ASSERT_TRUE(client_->flush());
  while (ipc::fetch::receive_message(peer_.get())) ++seen;
  EXPECT_EQ(seen, answered);
}

TEST_F(ClientTest, says_when_there_is_nothing_to_read_and_when_the_peer_is_gone) {
  EXPECT_EQ(client_->receive().error().kind, FaultKind::would_block);
  ask(1);
  ASSERT_TRUE(client_->receive());
  peer_.reset();
  EXPECT_EQ(client_->receive().error().kind, FaultKind::closed);
  client_->answer(outcome(1, "x"), now_);
  EXPECT_EQ(client_->flush().error().kind, FaultKind::closed);
}

TEST_F(ClientTest, takes_a_token_out_of_its_file_and_leaves_nothing_in_it) {
  constexpr std::string_view kToken = "corp_0123456789abcdef";
  const auto file = ipc::fetch::make_token_file(kToken);
  ipc::fetch::Request request{1, "corp", "d", ipc::fetch::Document::introspection, {}, {}, 21};
  ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request), file->get()));
  const auto asked = client_->receive();
  ASSERT_TRUE(asked) << asked.error().detail;
  EXPECT_EQ(asked->token.view(), kToken);
  std::string left(21, 'x');
  EXPECT_EQ(::pread(file->get(), left.data(), left.size(), 0), 21);
  EXPECT_EQ(left, std::string(21, '\0'));
}

TEST_F(ClientTest, refuses_an_introspection_without_its_token_or_with_another_size) {
  const auto ask_with = [&](const ipc::Result<ipc::Fd>& file, std::size_t bytes) {
    ipc::fetch::Request request{1, "corp", "d", ipc::fetch::Document::introspection, {}, {}, bytes};
    EXPECT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request),
                                         file ? file->get() : -1));
    return client_->receive().error().kind;
  };
  EXPECT_EQ(ask_with(ipc::Fd(), 5), FaultKind::malformed) << "no token";
  EXPECT_EQ(ask_with(ipc::fetch::make_token_file("12345"), 6), FaultKind::malformed);
  EXPECT_EQ(ask_with(ipc::fetch::make_token_file("12345"), 4), FaultKind::malformed);
  EXPECT_EQ(ask_with(ipc::Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC)), 5), FaultKind::malformed)
      << "no memfd";
}

TEST_F(ClientTest, refuses_a_request_that_brings_a_descriptor) {
  const auto body = ipc::fetch::make_sealed("x");
  ipc::fetch::Request request{1, "corp", "d", ipc::fetch::Document::jwks, {}};
  ASSERT_TRUE(ipc::fetch::send_message(peer_.get(), ipc::fetch::encode(request), body->get()));
  EXPECT_EQ(client_->receive().error().kind, FaultKind::malformed);
}

}  // namespace
}  // namespace latchkey::fetchd
