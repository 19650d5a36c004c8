// SPDX-License-Identifier: Apache-2.0
//
// One good frame of each type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "wire/codec.h"

namespace latchkey::wire::codec_test {

using Frame = std::vector<std::byte>;

inline Frame bytes(std::string_view text) {
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

inline const std::string kLogin = "0123456789abcdef0123456789abcdef";

inline Begin some_begin() {
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

inline Verdict some_verdict() {
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

inline Frame begin_frame(const Begin& begin = some_begin()) {
  return encoded([&](auto out) { return encode_begin(begin, out); });
}
inline Frame ask_frame(const Ask& ask = {.echo = Echo::on, .text = "Token: "}) {
  return encoded([&](auto out) { return encode_ask(ask, out); });
}
inline Frame tell_frame(const Tell& tell = {.kind = TellKind::error, .text = "No"}) {
  return encoded([&](auto out) { return encode_tell(tell, out); });
}
inline Frame no_answer_frame(NoAnswer code = NoAnswer::too_long) {
  return encoded([&](auto out) { return encode_no_answer(code, out); });
}
inline Frame verdict_frame(const Verdict& verdict = some_verdict()) {
  return encoded([&](auto out) { return encode_verdict(verdict, out); });
}
inline Frame answer_frame(std::string_view answer) {
  Frame frame(kHeaderSize);
  EXPECT_TRUE(encode_answer_header(answer.size(), std::span<std::byte, kHeaderSize>(frame)));
  const Frame body = bytes(answer);
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

// The header's body length says what the frame has, so that a change deeper inside is what is
// judged.
inline Frame with_true_length(Frame frame) {
  const std::size_t body = frame.size() - kHeaderSize;
  for (std::size_t i = 0; i < 4; ++i)
    frame[8 + i] = static_cast<std::byte>((body >> (8 * i)) & 0xFFU);
  return frame;
}

}  // namespace latchkey::wire::codec_test
