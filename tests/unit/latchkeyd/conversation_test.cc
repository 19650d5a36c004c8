// SPDX-License-Identifier: Apache-2.0
//
// What breaks a conversation, and when one ends.
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

// A conversation leaves its decision and its count behind; the rest of its end is the worker's.
void wait_for_end(const Host& host) {
  while (host.counters.conversations != 0) std::this_thread::yield();
}

std::string begin_frame(const wire::Begin& begin = Host::alice()) {
  std::array<std::byte, wire::kBeginFrameMost> frame;
  const wire::Encoded encoded = wire::encode_begin(begin, frame);
  return {reinterpret_cast<const char*>(frame.data()), encoded.size};
}

std::string answer_frame(std::string_view text) {
  std::array<std::byte, wire::kHeaderSize> header;
  static_cast<void>(wire::encode_answer_header(text.size(), header));
  return std::string(reinterpret_cast<const char*>(header.data()), header.size()).append(text);
}

std::string with(std::string frame, std::size_t at, char byte) {
  frame[at] = byte;
  return frame;
}

TEST(BrokenFrames, EndTheConversationWithoutAVerdict) {
  const std::string begin = begin_frame();
  struct Case {
    std::string_view name;
    std::string frame;
  };
  const Case cases[] = {
      {"one byte", "x"},
      {"a header alone", begin.substr(0, wire::kHeaderSize)},
      {"another magic", with(begin, 0, 'X')},
      {"another version", with(begin, 4, 9)},
      {"an unknown type", with(begin, 6, 99)},
      {"a reserved byte that is not zero", with(begin, 7, 1)},
      {"a body length that is too small", with(begin, 8, 1)},
      {"an unknown operation", with(begin, wire::kHeaderSize, 9)},
      {"cut by one byte", begin.substr(0, begin.size() - 1)},
      {"a byte too many", begin + '\0'},
      {"an Answer that nobody asked for", answer_frame("x")},
      {"a frame of the other side", with(begin, 6, 16)},
      {"longer than any frame", std::string(wire::kAnswerFrameMost + 1, 'x')},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    Client client = host.connect();
    client.send(test.frame);
    EXPECT_TRUE(client.ended());
    wait_for_end(host);
    EXPECT_EQ(host.last_reason(), Reason::request_invalid);
    Client next{ipc::Fd()};
    EXPECT_EQ(host.sign_in(next, host.token()).result, wire::Result::allow) << "others go on";
  }
}

TEST(BrokenFrames, InPlaceOfAnAnswerEndTheConversation) {
  struct Case {
    std::string_view name;
    std::string frame;
  };
  const Case cases[] = {
      {"a second Begin", begin_frame()},
      {"an Answer with NUL", answer_frame(std::string_view("a\0b", 3))},
      {"an Answer with a wrong length", with(answer_frame("abc"), 8, 2)},
      {"an Answer one byte too long", answer_frame(std::string(wire::kTokenMost + 1, 'x'))},
      {"a NoAnswer with an unknown code",
       with(std::string("LCK1\1\0\3\0\4\0\0\0\1\0\0\0", 16), 12, 77)},
      {"half a header", "LCK1"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    Client client = host.connect();
    client.begin(Host::alice());
    client.ask();
    client.send(test.frame);
    EXPECT_TRUE(client.ended());
    wait_for_end(host);
    EXPECT_EQ(host.last_reason(), Reason::request_invalid);
    EXPECT_TRUE(host.store.logins().empty());
  }
}

TEST(Conversation, AnApplicationThatCannotAskGetsAVerdict) {
  struct Case {
    std::string_view name;
    wire::NoAnswer code;
    wire::Result result;
    Reason reason;
  };
  const Case cases[] = {
      {"conversation error", wire::NoAnswer::conversation_error, wire::Result::conversation,
       Reason::conversation_failed},
      {"too long an answer", wire::NoAnswer::too_long, wire::Result::refused,
       Reason::token_too_long},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    Client client = host.connect();
    client.begin(Host::alice());
    client.ask();
    client.no_answer(test.code);
    EXPECT_EQ(client.verdict().result, test.result);
    EXPECT_EQ(host.last_reason(), test.reason);
  }
}

TEST(Conversation, APeerThatGoesAwayLeavesNothingBehind) {
  Host host;
  { Client client = host.connect(); }
  {
    Client client = host.connect();
    client.begin(Host::alice());
  }
  {
    Client client = host.connect();
    client.begin(Host::alice());
    client.ask();
  }
  host.on_worker([] {});
  wait_for_end(host);
  for (const LoggedDecision& logged : host.decisions.last(10)) {
    EXPECT_EQ(logged.decision.reason, Reason::conversation_failed);
  }
  EXPECT_EQ(host.decisions.last(10).size(), 2U) << "who said nothing asked for nothing";
}

TEST(Conversation, APeerThatSaysNothingIsDropped) {
  Host host({.first_frame = 10ms});
  Client client = host.connect();
  EXPECT_TRUE(client.ended());
  wait_for_end(host);
  EXPECT_TRUE(host.decisions.last(1).empty());
}

TEST(Conversation, APersonThatDoesNotAnswerInTimeIsNoVerdict) {
  Host host({.conversation = 30ms});
  Client client = host.connect();
  client.begin(Host::alice());
  client.ask();
  EXPECT_TRUE(client.ended());
  wait_for_end(host);
  EXPECT_EQ(host.last_reason(), Reason::conversation_timeout);
}

TEST(Conversation, TheDeadlineIsOneForAllPrompts) {
  Host host({.conversation = 60ms});
  Client client = host.connect();
  client.begin(Host::alice());
  client.ask();
  client.answer("lk1.1.3.0123456789abcdef.a");
  EXPECT_EQ(client.ask(), "Token [latchkey/1 2/3 1000]: ");
  EXPECT_TRUE(client.ended());
  wait_for_end(host);
  EXPECT_EQ(host.last_reason(), Reason::conversation_timeout);
}

TEST(Conversation, OfManySilentPeersTheOldestGoFirst) {
  Host host({.first_frame = 1h});
  std::vector<Client> silent;
  for (std::size_t i = 0; i < kStrangersMost + 2; ++i) silent.push_back(host.connect());
  EXPECT_TRUE(silent[0].ended());
  EXPECT_TRUE(silent[1].ended());
  Client client{ipc::Fd()};
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::allow);
  silent.back().begin(Host::alice());
  EXPECT_EQ(silent.back().ask(), "Token [latchkey/1 1/? 1000]: ");
}

TEST(Conversation, AWorkerIsIdleWhenItsConversationsHaveEnded) {
  Host host;
  std::atomic<bool> idle = false;
  Client waiting = host.connect();
  waiting.begin(Host::alice());
  waiting.ask();
  host.on_worker([&] { host.worker.drain([&] { idle = true; }); });
  EXPECT_TRUE(waiting.ended());
  wait_for_end(host);
  host.on_worker([] {});
  EXPECT_TRUE(idle);
  idle = false;
  host.on_worker([&] { host.worker.drain([&] { idle = true; }); });
  EXPECT_TRUE(idle) << "and at once where there are none";
}

}  // namespace
}  // namespace latchkey::latchkeyd
