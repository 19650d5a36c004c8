// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of issuers' answers, and what makes room where there is none left.
#include "daemon/latchkeyd/service/introspection_memory.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;

class IntrospectionMemoryTest : public ::testing::Test {
 protected:
  static Question question(const std::string& token) { return {"corp", "d", token, false}; }

  IntrospectionMemory::Answer read(const std::string& token, const std::string& json) const {
    auto config = testing::issuer_config("corp");
    config.introspection.mode = issuer::IntrospectionMode::required;
    jose::Scratch scratch;
    return read_introspection({json}, question(token), config, {}, clock.wall(), scratch).value();
  }
  void put_active(IntrospectionMemory& memory, const std::string& token,
                  const std::string& subject = "x", std::chrono::seconds life = 1h) const {
    memory.put(read(token, R"({"active":true,"sub":")" + subject + "\"}"), clock.steady(),
               clock.steady() + life);
  }
  void put_inactive(IntrospectionMemory& memory, const std::string& token) const {
    memory.put(read(token, R"({"active":false})"), clock.steady(), clock.steady() + 1h);
  }
  bool knows(IntrospectionMemory& memory, const std::string& token) const {
    return memory.find(question(token), 0, clock.wall(), clock.steady()) != nullptr;
  }

  testing::FakeClock clock;
};

TEST_F(IntrospectionMemoryTest, IsBoundedInNumber) {
  IntrospectionMemory memory({.answers = 2, .bytes = 1'000'000});
  for (const char* token : {"1", "2", "3"}) put_active(memory, token);
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_FALSE(knows(memory, "1")) << "the first makes room";
  EXPECT_TRUE(knows(memory, "3"));
}

TEST_F(IntrospectionMemoryTest, IsBoundedInBytes) {
  IntrospectionMemory memory({.answers = 1'000, .bytes = 4'000});
  for (int i = 0; i < 100; ++i) put_active(memory, std::to_string(i), std::string(1'000, 'x'));
  EXPECT_LE(memory.size(), 3U);
  EXPECT_TRUE(knows(memory, "99"));
  put_active(memory, "big", std::string(2'000, 'x'));
  put_active(memory, "big");
  EXPECT_TRUE(knows(memory, "big"));
}

TEST_F(IntrospectionMemoryTest, GuessesNeverPushOutWhatLetsSomebodyIn) {
  IntrospectionMemory memory({.answers = 3, .bytes = 1'000'000});
  put_active(memory, "good");
  for (int i = 0; i < 100; ++i) put_inactive(memory, "guess " + std::to_string(i));
  EXPECT_TRUE(knows(memory, "good"));
  EXPECT_TRUE(knows(memory, "guess 99"));
  EXPECT_FALSE(knows(memory, "guess 97")) << "guesses make room for guesses";
  put_active(memory, "good 2");
  put_active(memory, "good 3");
  put_inactive(memory, "guess 100");
  EXPECT_FALSE(knows(memory, "guess 100")) << "there is no room for it";
  for (const char* token : {"good", "good 2", "good 3"}) EXPECT_TRUE(knows(memory, token)) << token;
}

TEST_F(IntrospectionMemoryTest, WhatServesNoMoreMakesRoomForAnything) {
  IntrospectionMemory memory({.answers = 1, .bytes = 1'000'000});
  put_active(memory, "good", "x", 10s);
  clock.advance(10s - 1ms);
  put_inactive(memory, "guess");
  EXPECT_FALSE(knows(memory, "guess"));
  clock.advance(1ms);
  put_inactive(memory, "guess");
  EXPECT_TRUE(knows(memory, "guess"));
  EXPECT_EQ(memory.size(), 1U);
}

TEST_F(IntrospectionMemoryTest, WhatServesNoMoreIsNotHeldUntilThereIsNoRoom) {
  IntrospectionMemory memory;
  for (int i = 0; i < 100; ++i) put_active(memory, std::to_string(i), "x", 10s);
  for (int i = 0; i < 100; ++i) put_inactive(memory, "guess " + std::to_string(i));
  EXPECT_EQ(memory.size(), 200U);
  clock.advance(10s);
  put_active(memory, "new");
  EXPECT_EQ(memory.size(), 101U);
  clock.advance(1h);
  put_active(memory, "newer");
  EXPECT_EQ(memory.size(), 1U);
}

TEST_F(IntrospectionMemoryTest, AnAnswerThatTurnsInactiveTakesThePlaceOfTheOther) {
  IntrospectionMemory memory({.answers = 2, .bytes = 1'000'000});
  put_active(memory, "token");
  put_inactive(memory, "token");
  EXPECT_EQ(memory.size(), 1U);
  const auto known = memory.find(question("token"), 0, clock.wall(), clock.steady());
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->state(), Introspected::State::inactive);
  memory.clear();
  EXPECT_EQ(memory.size(), 0U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
