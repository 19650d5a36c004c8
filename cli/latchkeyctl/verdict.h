// SPDX-License-Identifier: Apache-2.0
//
// What the daemon's engine says of one token, and how that is told. No input or output.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/latchkeyctl/render.h"
#include "core/base/time.h"
#include "core/decide.h"

namespace latchkey::cli {

// Who wants to sign in by which PAM service.
struct SignIn {
  std::string user;
  std::string service;
  std::string rhost = {};  // the peer's address, where it is known
  std::chrono::seconds utc_offset =
      {};  // of the host's time zone, at the moment that is asked about
};

struct Verdict {
  Decision decision;
  std::optional<SignIn> sign_in;    // nothing: the token alone was verified
  std::vector<std::string> names;   // once verified: the local names that the token is for
  std::vector<std::string> groups;  // once verified: as the provider wrote them
  WallTime at{};                    // the moment that was asked about
  std::string keys;                 // where the keys came from
  std::vector<std::string> notes;   // what the asker should know besides
};

// 0 accepted, 1 refused, 2 no verdict could be reached.
int exit_status(const Verdict& verdict);

// Stations 3 to 7, and with `sign_in` also 8 to 11, by the core's verify() and judge().
Verdict verify_token(std::string_view token, const Snapshot& snapshot,
                     const std::optional<SignIn>& sign_in, WallTime now);

std::string render_verdict(const Verdict& verdict, Style style);
std::string verdict_json(const Verdict& verdict);  // one object on one line

}  // namespace latchkey::cli
