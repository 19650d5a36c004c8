// SPDX-License-Identifier: Apache-2.0
//
// The frames table of the conversation between pam_latchkey.so and latchkeyd: numbers, layouts, who
// may send what, when. Prose and the state machine stand in docs/PROTOCOL.md; a change here changes
// it in the same commit. All integers are little endian; every frame is one SOCK_SEQPACKET message.
// Anything that this table does not allow ends the connection and refuses.
#pragma once

#include <cstdint>

#include "wire/limits.h"

namespace latchkey::wire {

inline constexpr std::uint32_t kMagic = 0x314B'434CU;  // "LCK1" as bytes on the wire
inline constexpr std::uint16_t kVersion = 1;

// Header of each frame: magic u32, version u16, type u8, reserved u8 = 0, body length u32.
enum class FrameType : std::uint8_t {
  begin = 1,      // module -> daemon, first frame, once
  answer = 2,     // module -> daemon, only after an Ask
  no_answer = 3,  // module -> daemon, only instead of an Answer
  ask = 16,       // daemon -> module, after Begin or an Answer
  tell = 17,      // daemon -> module, after Begin or an Answer
  verdict = 18,   // daemon -> module, ends the conversation
};

// PAM's five calls. Begin: operation u8, reserved u8[3] = 0, flags u32, pid i32, ppid i32, then
// seven strings, each u16 length + bytes without NUL: service, user, ruser, rhost, tty, session,
// login.
enum class Operation : std::uint8_t {
  authenticate = 1,
  account = 2,
  setcred = 3,
  open_session = 4,
  close_session = 5,
};

// Ask: echo u8, reserved u8[3] = 0, text u16 length + bytes.
enum class Echo : std::uint8_t { off = 0, on = 1 };

// Tell: kind u8, reserved u8[3] = 0, text u16 length + bytes.
enum class TellKind : std::uint8_t { info = 0, error = 1 };

// Answer: the bytes as libpam gave them, without the terminating NUL; the body is the answer.

// NoAnswer: code u8, reserved u8[3] = 0. The daemon answers it with a Verdict.
enum class NoAnswer : std::uint8_t {
  conversation_error = 1,  // conv missing, failed, or gave no text
  too_long = 2,            // the answer was longer than kTokenMost
};

// Verdict: result u8, reserved u8[3] = 0, request id 8 bytes of hex, text u16 length + bytes (for
// the user; may be empty), environment count u8, each u16 length + "NAME=VALUE", groups count u8,
// each gid u32. Variables are named LATCHKEY_…, and come with allow in authenticate alone (in
// open_session one that names the login of the session); groups come with allow in setcred alone
// (docs/decisions/what-a-verdict-may-carry.md).
enum class Result : std::uint8_t {
  allow = 1,
  refused = 2,
  user_unknown = 3,
  unavailable = 4,
  not_managed = 5,
  conversation = 6,  // the conversation failed (after NoAnswer)
};

}  // namespace latchkey::wire
