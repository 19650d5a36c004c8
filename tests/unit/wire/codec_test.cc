// SPDX-License-Identifier: Apache-2.0
//
// The frames table as tests: what is encoded is what is decoded, every limit at -1, 0 and +1, every
// way of cutting and of stretching each frame, each reserved byte and each unknown value.
#include "wire/codec.h"

#include <functional>
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
using codec_test::bytes;
using codec_test::kLogin;
using codec_test::no_answer_frame;
using codec_test::some_verdict;
using codec_test::tell_frame;
using codec_test::verdict_frame;
using codec_test::with_true_length;

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
