// SPDX-License-Identifier: Apache-2.0
//
// Bytes <-> frames (protocol.h), for both ends of the conversation. Every function is total: any
// bytes give either a value whose every field keeps the table, or a Fault that names what is wrong.
// No heap, no exceptions, libc only: the same source runs inside sshd and inside latchkeyd. Decoded
// views point into the frame that was handed in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/limits.h"
#include "wire/protocol.h"

namespace latchkey::wire {

using Bytes = std::span<const std::byte>;

// What is wrong with a frame, or with a value that should become one.
enum class Fault : std::uint8_t {
  none,
  cut,        // ends before a field does
  magic,      // not one of our frames
  version,    // another version of the protocol
  type,       // a type that the table does not know, or not the one that was asked for
  reserved,   // a reserved byte is not zero
  length,     // the header's body length is not the message's
  too_long,   // a field or the frame is longer than its limit
  value,      // a number that the table does not know
  text,       // NUL in a string, or a request id, login id or NAME=VALUE that is none
  trailing,   // bytes after the last field
  misplaced,  // environment or groups beside another result than allow
  no_room,    // the caller's buffer is too small (encoding only)
};
std::string_view name(Fault fault) noexcept;  // "reserved byte not zero": for logs

// A decoded value or the Fault; `value` is meaningful only where there is none.
template <typename T>
struct Decoded {
  T value{};
  Fault fault = Fault::none;

  explicit operator bool() const noexcept { return fault == Fault::none; }
  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
};

struct Begin {
  Operation operation = Operation::authenticate;
  std::uint32_t flags = 0;  // as PAM gave them
  std::int32_t pid = 0;
  std::int32_t ppid = 0;
  std::string_view service;
  std::string_view user;
  std::string_view ruser;
  std::string_view rhost;
  std::string_view tty;
  std::string_view session;
  std::string_view login;  // empty or 32 lower-case hex digits
};

struct Ask {
  Echo echo = Echo::off;
  std::string_view text;
};

struct Tell {
  TellKind kind = TellKind::info;
  std::string_view text;
};

struct Verdict {
  Result result = Result::unavailable;
  std::string_view request_id;  // 8 lower-case hex digits
  std::string_view text;        // for the user; may be empty
  std::array<std::string_view, kEnvironmentMost>
      environment{};  // LATCHKEY_…=value; only with allow
  std::size_t environment_count = 0;
  std::array<std::uint32_t, kGroupsMost> groups{};  // never 2^32-1; only with allow
  std::size_t groups_count = 0;
};

// 32 lower-case hex digits, or nothing: what Begin's login may be.
[[nodiscard]] bool is_login_id(std::string_view text) noexcept;

// The largest frame of each type, header included: sizes for buffers that always suffice.
inline constexpr std::size_t kBeginFrameMost = kHeaderSize + kBeginMost;
inline constexpr std::size_t kAnswerFrameMost = kHeaderSize + kTokenMost;
inline constexpr std::size_t kNoAnswerFrameSize = kHeaderSize + 4;
inline constexpr std::size_t kAskFrameMost = kHeaderSize + 4 + 2 + kTextMost;
inline constexpr std::size_t kTellFrameMost = kAskFrameMost;
inline constexpr std::size_t kVerdictFrameMost =
    kHeaderSize + 4 + kRequestIdSize + 2 + kTextMost + 1 +
    kEnvironmentMost * (2 + kEnvironmentBytesMost) + 1 + kGroupsMost * 4;
static_assert(kAskFrameMost <= kToModuleMost && kVerdictFrameMost <= kToModuleMost);

// The sizes of a frame and why there is none. `size` is 0 on a fault, and then nothing that was
// written may be sent.
struct Encoded {
  std::size_t size = 0;
  Fault fault = Fault::none;

  explicit operator bool() const noexcept { return fault == Fault::none; }
};

// Each writes one whole frame to the start of `out`. What decode_* would refuse is not encoded.
[[nodiscard]] Encoded encode_begin(const Begin& begin, std::span<std::byte> out) noexcept;
[[nodiscard]] Encoded encode_ask(const Ask& ask, std::span<std::byte> out) noexcept;
[[nodiscard]] Encoded encode_tell(const Tell& tell, std::span<std::byte> out) noexcept;
[[nodiscard]] Encoded encode_no_answer(NoAnswer code, std::span<std::byte> out) noexcept;
[[nodiscard]] Encoded encode_verdict(const Verdict& verdict, std::span<std::byte> out) noexcept;

// An Answer is sent as two pieces, so that the secret is never copied: this header, then the
// answer's own bytes.
[[nodiscard]] Encoded encode_answer_header(std::size_t answer_size,
                                           std::span<std::byte, kHeaderSize> out) noexcept;

// The type of a message of `frame_size` bytes that starts with `start` (at least the header, if the
// message has one). Checks the whole header, the body length against frame_size, and that length
// against the type's limit.
[[nodiscard]] Decoded<FrameType> decode_header(Bytes start, std::size_t frame_size) noexcept;
[[nodiscard]] inline Decoded<FrameType> decode_header(Bytes frame) noexcept {
  return decode_header(frame, frame.size());
}

// Each takes one whole message, header included, and nothing but its own type.
[[nodiscard]] Decoded<Begin> decode_begin(Bytes frame) noexcept;
[[nodiscard]] Decoded<Bytes> decode_answer(Bytes frame) noexcept;  // no NUL inside; may be empty
[[nodiscard]] Decoded<NoAnswer> decode_no_answer(Bytes frame) noexcept;
[[nodiscard]] Decoded<Ask> decode_ask(Bytes frame) noexcept;
[[nodiscard]] Decoded<Tell> decode_tell(Bytes frame) noexcept;
[[nodiscard]] Decoded<Verdict> decode_verdict(Bytes frame) noexcept;

}  // namespace latchkey::wire
