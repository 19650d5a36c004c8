// SPDX-License-Identifier: Apache-2.0
//
// The frames table as tests: what is encoded is what is decoded, every limit at -1, 0 and +1, every
// way of cutting and of stretching each frame, each reserved byte and each unknown value.
#include "wire/codec.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace latchkey::wire {
namespace {

using Frame = std::vector<std::byte>;

Frame bytes(std::string_view text) {
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

template <typename Encode>
Frame encoded(Encode encode) {
  Frame frame(kAnswerFrameMost);
  const Encoded done = encode(std::span<std::byte>(frame));
  EXPECT_TRUE(done) << name(done.fault);
  frame.resize(done.size);
  return frame;
}

const std::string kLogin = "0123456789abcdef0123456789abcdef";

Begin some_begin() {
  Begin begin;
  begin.operation = Operation::setcred;
  begin.flags = 0x8002;
  begin.pid = 4711;
  begin.ppid = -1;
  begin.service = "sshd";
  begin.user = "alice";
  begin.rhost = "192.0.2.7";
  begin.tty = "ssh";
  begin.session = "c2";
  begin.login = kLogin;
  return begin;
}

Verdict some_verdict() {
  Verdict verdict;
  verdict.result = Result::allow;
  verdict.request_id = "00c0ffee";
  verdict.text = "Welcome";
  verdict.environment[0] = "LATCHKEY_LOGIN=0123";
  verdict.environment[1] = "LATCHKEY_ISSUER=";
  verdict.environment_count = 2;
  verdict.groups[0] = 0;
  verdict.groups[1] = 4'000'000'000U;
  verdict.groups_count = 2;
  return verdict;
}

Frame begin_frame(const Begin& begin = some_begin()) {
  return encoded([&](auto out) { return encode_begin(begin, out); });
}
Frame ask_frame(const Ask& ask = {.echo = Echo::on, .text = "Token: "}) {
  return encoded([&](auto out) { return encode_ask(ask, out); });
}
Frame tell_frame(const Tell& tell = {.kind = TellKind::error, .text = "No"}) {
  return encoded([&](auto out) { return encode_tell(tell, out); });
}
Frame no_answer_frame(NoAnswer code = NoAnswer::too_long) {
  return encoded([&](auto out) { return encode_no_answer(code, out); });
}
Frame verdict_frame(const Verdict& verdict = some_verdict()) {
  return encoded([&](auto out) { return encode_verdict(verdict, out); });
}
Frame answer_frame(std::string_view answer) {
  Frame frame(kHeaderSize);
  EXPECT_TRUE(encode_answer_header(answer.size(), std::span<std::byte, kHeaderSize>(frame)));
  const Frame body = bytes(answer);
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

// Every type with a frame of its own, and the decoder that takes it.
struct Kind {
  std::string name;
  FrameType type;
  Frame frame;
  std::function<Fault(Bytes)> decode;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"Begin", FrameType::begin, begin_frame(), [](Bytes f) { return decode_begin(f).fault; }},
      {"Answer", FrameType::answer, answer_frame("eyJ"),
       [](Bytes f) { return decode_answer(f).fault; }},
      {"NoAnswer", FrameType::no_answer, no_answer_frame(),
       [](Bytes f) { return decode_no_answer(f).fault; }},
      {"Ask", FrameType::ask, ask_frame(), [](Bytes f) { return decode_ask(f).fault; }},
      {"Tell", FrameType::tell, tell_frame(), [](Bytes f) { return decode_tell(f).fault; }},
      {"Verdict", FrameType::verdict, verdict_frame(),
       [](Bytes f) { return decode_verdict(f).fault; }},
  };
  return all;
}

// The header's body length says what the frame has, so that a change deeper inside is what is
// judged.
Frame with_true_length(Frame frame) {
  const std::size_t body = frame.size() - kHeaderSize;
  for (std::size_t i = 0; i < 4; ++i)
    frame[8 + i] = static_cast<std::byte>((body >> (8 * i)) & 0xFFU);
  return frame;
}

TEST(Codec, BeginComesOutAsItWentIn) {
  const Frame frame = begin_frame();
  const Decoded<Begin> begin = decode_begin(frame);
  ASSERT_TRUE(begin) << name(begin.fault);
  EXPECT_EQ(begin->operation, Operation::setcred);
  EXPECT_EQ(begin->flags, 0x8002U);
  EXPECT_EQ(begin->pid, 4711);
  EXPECT_EQ(begin->ppid, -1);
  EXPECT_EQ(begin->service, "sshd");
  EXPECT_EQ(begin->user, "alice");
  EXPECT_EQ(begin->ruser, "");
  EXPECT_EQ(begin->rhost, "192.0.2.7");
  EXPECT_EQ(begin->tty, "ssh");
  EXPECT_EQ(begin->session, "c2");
  EXPECT_EQ(begin->login, kLogin);
}

TEST(Codec, VerdictComesOutAsItWentIn) {
  const Frame frame = verdict_frame();
  const Decoded<Verdict> verdict = decode_verdict(frame);
  ASSERT_TRUE(verdict) << name(verdict.fault);
  EXPECT_EQ(verdict->result, Result::allow);
  EXPECT_EQ(verdict->request_id, "00c0ffee");
  EXPECT_EQ(verdict->text, "Welcome");
  ASSERT_EQ(verdict->environment_count, 2U);
  EXPECT_EQ(verdict->environment[0], "LATCHKEY_LOGIN=0123");
  EXPECT_EQ(verdict->environment[1], "LATCHKEY_ISSUER=");
  ASSERT_EQ(verdict->groups_count, 2U);
  EXPECT_EQ(verdict->groups[0], 0U);
  EXPECT_EQ(verdict->groups[1], 4'000'000'000U);
}

TEST(Codec, SmallFramesComeOutAsTheyWentIn) {
  const Frame ask = ask_frame();
  EXPECT_EQ(decode_ask(ask)->echo, Echo::on);
  EXPECT_EQ(decode_ask(ask)->text, "Token: ");
  const Frame tell = tell_frame();
  EXPECT_EQ(decode_tell(tell)->kind, TellKind::error);
  EXPECT_EQ(decode_tell(tell)->text, "No");
  EXPECT_EQ(*decode_no_answer(no_answer_frame(NoAnswer::conversation_error)),
            NoAnswer::conversation_error);
  const Frame empty = answer_frame("");
  ASSERT_TRUE(decode_answer(empty));
  EXPECT_TRUE(decode_answer(empty)->empty());
  const Frame answer = answer_frame("eyJ");
  EXPECT_EQ(Frame(decode_answer(answer)->begin(), decode_answer(answer)->end()), bytes("eyJ"));
}

// The layout is a promise to the other end, which may be older or newer than we are.
TEST(Codec, BytesOnTheWireAreThoseOfTheTable) {
  EXPECT_EQ(no_answer_frame(NoAnswer::too_long),
            bytes(std::string_view("LCK1\1\0\3\0\4\0\0\0\2\0\0\0", 16)));
  EXPECT_EQ(ask_frame({.echo = Echo::on, .text = "Hi"}),
            bytes(std::string_view("LCK1\1\0\x10\0\x08\0\0\0\1\0\0\0\2\0Hi", 20)));
  Verdict verdict;
  verdict.result = Result::refused;
  verdict.request_id = "deadbeef";
  EXPECT_EQ(verdict_frame(verdict),
            bytes(std::string_view("LCK1\1\0\x12\0\x10\0\0\0\2\0\0\0deadbeef\0\0\0\0", 28)));
}

TEST(Codec, EveryCutOfEveryFrameIsRefused) {
  for (const Kind& kind : kinds()) {
    for (std::size_t size = 0; size < kind.frame.size(); ++size) {
      const Frame cut(kind.frame.begin(), kind.frame.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_NE(kind.decode(cut), Fault::none) << kind.name << " cut to " << size;
      // An Answer is its body: with the length put right, a cut one is a shorter answer.
      if (size < kHeaderSize || kind.type == FrameType::answer) continue;
      EXPECT_EQ(kind.decode(with_true_length(cut)), Fault::cut) << kind.name << " cut to " << size;
    }
  }
}

TEST(Codec, TrailingBytesAreRefused) {
  for (const Kind& kind : kinds()) {
    Frame longer = kind.frame;
    longer.push_back(std::byte{0});
    EXPECT_EQ(kind.decode(longer), Fault::length) << kind.name;
    if (kind.type == FrameType::answer) continue;
    const Fault fault = kind.decode(with_true_length(longer));
    EXPECT_EQ(fault, kind.type == FrameType::no_answer ? Fault::too_long : Fault::trailing)
        << kind.name;
  }
}

TEST(Codec, EveryHeaderByteCounts) {
  const Fault by_offset[kHeaderSize] = {Fault::magic,    Fault::magic,    Fault::magic,
                                        Fault::magic,    Fault::version,  Fault::version,
                                        Fault::type,     Fault::reserved, Fault::length,
                                        Fault::too_long, Fault::too_long, Fault::too_long};
  for (std::size_t offset = 0; offset < kHeaderSize; ++offset) {
    Frame frame = no_answer_frame();
    frame[offset] ^= offset == 8 ? std::byte{0x01} : std::byte{0x80};
    // 4 ^ 1 is over NoAnswer's limit of 4 already.
    const Fault want = offset == 8 ? Fault::too_long : by_offset[offset];
    EXPECT_EQ(decode_no_answer(frame).fault, want) << "offset " << offset;
  }
}

TEST(Codec, AShorterBodyThanTheHeaderSaysIsRefused) {
  Frame frame = ask_frame();
  frame[8] = static_cast<std::byte>(std::to_integer<unsigned>(frame[8]) + 1);
  EXPECT_EQ(decode_ask(frame).fault, Fault::length);
  frame = ask_frame();
  frame[8] = static_cast<std::byte>(std::to_integer<unsigned>(frame[8]) - 1);
  EXPECT_EQ(decode_ask(frame).fault, Fault::length);
}

TEST(Codec, AFrameOfAnotherTypeIsRefused) {
  for (const Kind& wanted : kinds()) {
    for (const Kind& given : kinds()) {
      if (wanted.type == given.type) continue;
      EXPECT_EQ(wanted.decode(given.frame), Fault::type) << given.name << " as " << wanted.name;
    }
  }
}

TEST(Codec, TheHeaderAloneTellsTheType) {
  for (const Kind& kind : kinds()) {
    const Decoded<FrameType> whole = decode_header(kind.frame);
    ASSERT_TRUE(whole) << kind.name;
    EXPECT_EQ(*whole, kind.type);
    const Bytes start(kind.frame.data(), kHeaderSize);
    EXPECT_EQ(*decode_header(start, kind.frame.size()), kind.type);
    EXPECT_EQ(decode_header(start, kind.frame.size() + 1).fault, Fault::length);
    EXPECT_EQ(decode_header(Bytes(kind.frame.data(), kHeaderSize - 1), kind.frame.size()).fault,
              Fault::cut);
  }
}

TEST(Codec, UnknownTypesAreRefused) {
  for (unsigned type = 0; type < 256; ++type) {
    Frame frame = ask_frame();
    frame[6] = static_cast<std::byte>(type);
    bool known = false;
    for (const Kind& kind : kinds()) known = known || static_cast<unsigned>(kind.type) == type;
    // A known type may still find the body too long for it.
    const Fault fault = decode_header(frame).fault;
    EXPECT_EQ(fault == Fault::type, !known) << type;
  }
}

TEST(Codec, UnknownValuesAreRefused) {
  struct Case {
    std::string name;
    FrameType type;
    unsigned least;
    unsigned most;
  };
  const std::vector<Case> cases = {{"operation", FrameType::begin, 1, 5},
                                   {"echo", FrameType::ask, 0, 1},
                                   {"kind", FrameType::tell, 0, 1},
                                   {"code", FrameType::no_answer, 1, 2},
                                   {"result", FrameType::verdict, 1, 6}};
  for (const Case& c : cases) {
    for (const Kind& kind : kinds()) {
      if (kind.type != c.type) continue;
      for (unsigned value = 0; value < 256; ++value) {
        // Only an allow may carry groups, so the verdict is a plain one.
        Frame frame = kind.frame;
        if (kind.type == FrameType::verdict) {
          Verdict plain;
          plain.request_id = "00c0ffee";
          frame = verdict_frame(plain);
        }
        frame[kHeaderSize] = static_cast<std::byte>(value);
        const bool known = value >= c.least && value <= c.most;
        EXPECT_EQ(kind.decode(frame), known ? Fault::none : Fault::value) << c.name << " " << value;
      }
    }
  }
}

TEST(Codec, ReservedBytesMustBeZero) {
  for (const Kind& kind : kinds()) {
    if (kind.type == FrameType::answer) continue;
    for (std::size_t i = 1; i <= 3; ++i) {
      for (const unsigned value : {1U, 0x80U, 0xFFU}) {
        Frame frame = kind.frame;
        frame[kHeaderSize + i] = static_cast<std::byte>(value);
        EXPECT_EQ(kind.decode(frame), Fault::reserved) << kind.name << " byte " << i;
      }
    }
  }
}

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

TEST(Codec, ABufferThatIsTooSmallGivesNoRoomAndIsNeverLeft) {
  const Frame whole = verdict_frame();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Frame out(whole.size() + 1, std::byte{0xA5});
    const Encoded done = encode_verdict(some_verdict(), std::span<std::byte>(out.data(), size));
    EXPECT_EQ(done.fault, size < whole.size() ? Fault::no_room : Fault::none) << size;
    EXPECT_EQ(done.size, size < whole.size() ? 0 : whole.size());
    for (std::size_t i = size; i < out.size(); ++i)
      ASSERT_EQ(out[i], std::byte{0xA5}) << "wrote behind " << size;
  }
}

TEST(Codec, EveryByteChangedGivesAValueOrAFault) {
  for (const Kind& kind : kinds()) {
    for (std::size_t at = 0; at < kind.frame.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Frame frame = kind.frame;
        frame[at] = static_cast<std::byte>(value);
        EXPECT_FALSE(name(kind.decode(frame)).empty());
      }
    }
  }
}

TEST(Codec, EveryFaultHasAName) {
  for (int fault = 0; fault <= static_cast<int>(Fault::no_room); ++fault) {
    EXPECT_NE(name(static_cast<Fault>(fault)), "unknown fault") << fault;
  }
  EXPECT_EQ(name(static_cast<Fault>(99)), "unknown fault");
}

}  // namespace
}  // namespace latchkey::wire
