// SPDX-License-Identifier: Apache-2.0
//
// The messages between latchkeyd, latchkey-endd and latchkey-endd-signal
// (io.latchkey.End.varlink), bound to Varlink by control_calls.h like the control messages, and
// read as strictly.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/control.h"

namespace latchkey::ipc::control {

inline constexpr std::size_t kLooksMost = 1'000;
inline constexpr std::int64_t kGraceMostSeconds = 300;

struct EndRequest {
  std::string login;  // 32 lower-case hex digits
  std::int64_t grace_s = 0;
  std::string cause;  // revoked | expired | administrator
  std::string scope;  // session | user
};

struct EndAnswer {
  std::string outcome;  // ending | gone | unknown | refused
  std::string why;
  std::int64_t ends_in_s = 0;  // what is left of the grace time that it was given
};

struct End {
  static constexpr std::string_view kMethod = "io.latchkey.End.End";
  using Request = EndRequest;
  using Answer = EndAnswer;
};

struct LookRequest {
  std::vector<std::string> logins;  // kLooksMost at most
};

struct LookAnswer {
  std::vector<std::string> live;
  std::vector<std::string> gone;
  std::vector<std::string> refused;  // there is a note, and a check fails: whether it lives is open
  std::string why;                   // the first of them was refused; empty where none was
};

struct Look {
  static constexpr std::string_view kMethod = "io.latchkey.End.Look";
  using Request = LookRequest;
  using Answer = LookAnswer;
};

struct SignalRequest {
  std::string login;
  std::int64_t grace_s = 0;  // for so long they are only watched
  std::string scope;         // session | user
};

struct SignalAnswer {
  std::string outcome;  // as of EndAnswer
  std::string why;
  std::int64_t processes = 0;  // of the session, at the last look at it
};

struct Signal {
  static constexpr std::string_view kMethod = "io.latchkey.End.Signal";
  using Request = SignalRequest;
  using Answer = SignalAnswer;
};

std::string to_json(const EndRequest& value);
std::string to_json(const EndAnswer& value);
std::string to_json(const LookRequest& value);
std::string to_json(const LookAnswer& value);
std::string to_json(const SignalRequest& value);
std::string to_json(const SignalAnswer& value);

}  // namespace latchkey::ipc::control
