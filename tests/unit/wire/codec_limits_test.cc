// SPDX-License-Identifier: Apache-2.0
//
// The limits of the frames table at -1, 0 and +1, and the values that it does not have.
#include "wire/codec.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/wire/codec_frames.h"

namespace latchkey::wire {
namespace {

using Frame = std::vector<std::byte>;
using codec_test::answer_frame;
using codec_test::ask_frame;
using codec_test::begin_frame;
using codec_test::kLogin;
using codec_test::some_begin;
using codec_test::some_verdict;
using codec_test::tell_frame;
using codec_test::verdict_frame;
using codec_test::with_true_length;

TEST(Codec, StringsOfBeginAreBounded) {
  struct Case {
    std::string name;
    std::string_view Begin::*field;
    std::size_t most;
  };
  const std::vector<Case> cases = {{"service", &Begin::service, kServiceMost},
                                   {"user", &Begin::user, kUserMost},
                                   {"ruser", &Begin::ruser, kUserMost},
                                   {"rhost", &Begin::rhost, kRhostMost},
                                   {"tty", &Begin::tty, kTtyMost},
                                   {"session", &Begin::session, kSessionMost}};
  for (const Case& c : cases) {
    for (const std::size_t size : {c.most - 1, c.most, c.most + 1}) {
      const std::string text(size, 'x');
      Begin begin = some_begin();
      begin.*(c.field) = text;
      Frame out(kBeginFrameMost);
      EXPECT_EQ(encode_begin(begin, out).fault, size > c.most ? Fault::too_long : Fault::none)
          << c.name << size;
    }
    const std::string text(c.most, 'x');
    Begin begin;
    begin.*(c.field) = text;
    Frame frame = begin_frame(begin);
    EXPECT_TRUE(decode_begin(frame)) << c.name;
    // One byte more, as only a foreign encoder would send it: the field's length is the only
    // nonzero u16 of the strings.
    for (std::size_t at = kHeaderSize + 16; at + 1 < frame.size(); at += 2) {
      if (frame[at] == std::byte{0} && frame[at + 1] == std::byte{0}) continue;
      const std::size_t longer = c.most + 1;
      frame[at] = static_cast<std::byte>(longer & 0xFFU);
      frame[at + 1] = static_cast<std::byte>(longer >> 8U);
      frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at) + 2, std::byte{'x'});
      break;
    }
    EXPECT_EQ(decode_begin(with_true_length(frame)).fault, Fault::too_long) << c.name;
  }
}

TEST(Codec, TheLargestBeginFits) {
  const std::string service(kServiceMost, 's'), user(kUserMost, 'u'), rhost(kRhostMost, 'h'),
      tty(kTtyMost, 't'), session(kSessionMost, 'x');
  Begin begin;
  begin.service = service;
  begin.user = begin.ruser = user;
  begin.rhost = rhost;
  begin.tty = tty;
  begin.session = session;
  begin.login = kLogin;
  Frame out(kBeginFrameMost);
  const Encoded done = encode_begin(begin, out);
  ASSERT_TRUE(done) << name(done.fault);
  EXPECT_TRUE(decode_begin(Bytes(out.data(), done.size)));
}

TEST(Codec, LoginIsEmptyOr32LowerCaseHexDigits) {
  struct Case {
    std::string name;
    std::string login;
    Fault want;
  };
  const std::vector<Case> cases = {{"empty", "", Fault::none},
                                   {"32 digits", kLogin, Fault::none},
                                   {"31 digits", kLogin.substr(1), Fault::text},
                                   {"33 digits", kLogin + "0", Fault::too_long},
                                   {"upper case", "0123456789ABCDEF0123456789abcdef", Fault::text},
                                   {"no hex", "g123456789abcdef0123456789abcdef", Fault::text}};
  for (const Case& c : cases) {
    Begin begin;
    begin.login = c.login;
    Frame out(kBeginFrameMost);
    EXPECT_EQ(encode_begin(begin, out).fault, c.want) << c.name;
  }
  Frame frame = begin_frame();  // the login is the frame's end
  frame.back() = std::byte{'G'};
  EXPECT_EQ(decode_begin(frame).fault, Fault::text);
}

TEST(Codec, NulInAStringIsRefusedAtBothEnds) {
  const std::string_view nul("a\0b", 3);
  Frame out(kAnswerFrameMost);
  Begin begin = some_begin();
  begin.user = nul;
  EXPECT_EQ(encode_begin(begin, out).fault, Fault::text);
  EXPECT_EQ(encode_ask({.echo = Echo::off, .text = nul}, out).fault, Fault::text);
  EXPECT_EQ(encode_tell({.kind = TellKind::info, .text = nul}, out).fault, Fault::text);
  Verdict verdict = some_verdict();
  verdict.text = nul;
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::text);
  verdict = some_verdict();
  verdict.environment[0] = std::string_view("LATCHKEY_A=\0", 12);
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::text);

  Frame frame = begin_frame();
  frame[kHeaderSize + 16 + 2] = std::byte{0};  // first letter of the service
  EXPECT_EQ(decode_begin(frame).fault, Fault::text);
  frame = ask_frame();
  frame.back() = std::byte{0};
  EXPECT_EQ(decode_ask(frame).fault, Fault::text);
  frame = tell_frame();
  frame.back() = std::byte{0};
  EXPECT_EQ(decode_tell(frame).fault, Fault::text);
  EXPECT_EQ(decode_answer(answer_frame(nul)).fault, Fault::text);
}

TEST(Codec, TextsAreBounded) {
  for (const std::size_t size : {kTextMost - 1, kTextMost, kTextMost + 1}) {
    const std::string text(size, 'x');
    const Fault want = size > kTextMost ? Fault::too_long : Fault::none;
    Frame out(2 * kToModuleMost);
    EXPECT_EQ(encode_ask({.echo = Echo::off, .text = text}, out).fault, want) << size;
    EXPECT_EQ(encode_tell({.kind = TellKind::info, .text = text}, out).fault, want) << size;
    Verdict verdict = some_verdict();
    verdict.text = text;
    EXPECT_EQ(encode_verdict(verdict, out).fault, want) << size;
  }
}

TEST(Codec, AnAnswerHoldsATokenOfTheLargestSizeAndNotAByteMore) {
  for (const std::size_t size : {kTokenMost - 1, kTokenMost}) {
    EXPECT_TRUE(decode_answer(answer_frame(std::string(size, 'e')))) << size;
  }
  std::array<std::byte, kHeaderSize> header;
  EXPECT_EQ(encode_answer_header(kTokenMost + 1, header).fault, Fault::too_long);
  Frame longer = answer_frame(std::string(kTokenMost, 'e'));
  longer.push_back(std::byte{'e'});
  EXPECT_EQ(decode_answer(with_true_length(longer)).fault, Fault::too_long);
}

TEST(Codec, TheLargestVerdictFitsAndNothingMore) {
  Verdict verdict = some_verdict();
  const std::string text(kTextMost, 't');
  const std::string variable = "LATCHKEY_A=" + std::string(kEnvironmentBytesMost - 11, 'v');
  verdict.text = text;
  verdict.environment.fill(variable);
  verdict.environment_count = kEnvironmentMost;
  verdict.groups.fill(27);
  verdict.groups_count = kGroupsMost;
  const Frame frame = verdict_frame(verdict);
  EXPECT_EQ(frame.size(), kVerdictFrameMost);
  EXPECT_TRUE(decode_verdict(frame));

  Frame out(kToModuleMost);
  verdict.environment_count = kEnvironmentMost + 1;
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::too_long);
  verdict.environment_count = 0;
  verdict.groups_count = kGroupsMost + 1;
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::too_long);
  verdict.groups_count = 0;
  verdict.environment_count = 1;
  const std::string longer = variable + "v";
  verdict.environment[0] = longer;
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::too_long);
}

TEST(Codec, CountsOverTheTableAreRefused) {
  Verdict plain;
  plain.result = Result::allow;
  plain.request_id = "00c0ffee";
  Frame frame = verdict_frame(plain);  // ends in: environment count, groups count
  frame[frame.size() - 1] = std::byte{kGroupsMost + 1};
  EXPECT_EQ(decode_verdict(frame).fault, Fault::too_long);
  frame = verdict_frame(plain);
  frame[frame.size() - 2] = std::byte{kEnvironmentMost + 1};
  EXPECT_EQ(decode_verdict(frame).fault, Fault::too_long);
  frame = verdict_frame(plain);
  frame[frame.size() - 2] = std::byte{1};  // one variable is promised, none is there
  EXPECT_EQ(decode_verdict(frame).fault, Fault::cut);
}

TEST(Codec, OnlyAnAllowCarriesEnvironmentOrGroups) {
  for (const Result result : {Result::refused, Result::user_unknown, Result::unavailable,
                              Result::not_managed, Result::conversation}) {
    Verdict verdict = some_verdict();
    verdict.result = result;
    Frame out(kToModuleMost);
    EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::misplaced);
    Frame frame = verdict_frame();
    frame[kHeaderSize] = static_cast<std::byte>(result);
    EXPECT_EQ(decode_verdict(frame).fault, Fault::misplaced);
  }
}

TEST(Codec, EnvironmentIsOfOurNamesOnly) {
  struct Case {
    std::string name;
    std::string variable;
    bool want;
  };
  const std::vector<Case> cases = {{"a name and a value", "LATCHKEY_LOGIN=00ff", true},
                                   {"an empty value", "LATCHKEY_LOGIN=", true},
                                   {"a value with an equals sign", "LATCHKEY_A=b=c", true},
                                   {"two words", "LATCHKEY_LOGIN_ID=1", true},
                                   {"no value", "LATCHKEY_LOGIN", false},
                                   {"an empty name", "LATCHKEY_=1", false},
                                   {"a foreign name", "LD_PRELOAD=/tmp/x.so", false},
                                   {"lower case", "latchkey_login=1", false},
                                   {"a blank in the name", "LATCHKEY_LO GIN=1", false},
                                   {"nothing", "", false},
                                   {"a foreign name behind a blank", " LATCHKEY_LOGIN=1", false}};
  for (const Case& c : cases) {
    Verdict verdict = some_verdict();
    verdict.environment[0] = c.variable;
    Frame out(kToModuleMost);
    EXPECT_EQ(encode_verdict(verdict, out).fault, c.want ? Fault::none : Fault::text) << c.name;
  }
  Frame frame = verdict_frame();
  const std::string all(reinterpret_cast<const char*>(frame.data()), frame.size());
  frame[all.find("LATCHKEY_LOGIN")] = std::byte{'l'};
  EXPECT_EQ(decode_verdict(frame).fault, Fault::text);
}

TEST(Codec, TheGroupThatMeansNoneIsRefused) {
  Verdict verdict = some_verdict();
  verdict.groups[1] = 0xFFFF'FFFEU;
  const Frame below = verdict_frame(verdict);
  EXPECT_TRUE(decode_verdict(below));
  verdict.groups[1] = 0xFFFF'FFFFU;
  Frame out(kToModuleMost);
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::value);
  Frame frame = below;
  frame[frame.size() - 4] = std::byte{0xFF};
  EXPECT_EQ(decode_verdict(frame).fault, Fault::value);
}

TEST(Codec, RequestIdIsEightLowerCaseHexDigits) {
  for (const char* id : {"", "00c0ffe", "00c0ffee0", "00C0FFEE", "00c0ffeg"}) {
    Verdict verdict = some_verdict();
    verdict.request_id = id;
    Frame out(kToModuleMost);
    EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::text) << id;
  }
  Frame frame = verdict_frame();
  frame[kHeaderSize + 4] = std::byte{'G'};
  EXPECT_EQ(decode_verdict(frame).fault, Fault::text);
}

TEST(Codec, UnknownValuesAreNotEncoded) {
  Frame out(kToModuleMost);
  Begin begin = some_begin();
  begin.operation = static_cast<Operation>(6);
  EXPECT_EQ(encode_begin(begin, out).fault, Fault::value);
  EXPECT_EQ(encode_ask({.echo = static_cast<Echo>(2), .text = ""}, out).fault, Fault::value);
  EXPECT_EQ(encode_tell({.kind = static_cast<TellKind>(2), .text = ""}, out).fault, Fault::value);
  EXPECT_EQ(encode_no_answer(static_cast<NoAnswer>(0), out).fault, Fault::value);
  Verdict verdict = some_verdict();
  verdict.result = static_cast<Result>(7);
  EXPECT_EQ(encode_verdict(verdict, out).fault, Fault::value);
}

}  // namespace
}  // namespace latchkey::wire
