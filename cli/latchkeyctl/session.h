// SPDX-License-Identifier: Apache-2.0
//
// One call of latchkeyctl to the daemon: connects, calls, prints the answer or what went wrong, and
// gives the exit status of the manual page.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/latchkeyctl/render.h"
#include "ipc/control_calls.h"

namespace latchkey::cli {

// sysexits(3) where one fits.
inline constexpr int kOk = 0;
inline constexpr int kNegative =
    1;  // the daemon answered: no such thing, refused, or invalid configuration
inline constexpr int kUsage = 64;
inline constexpr int kUnavailable = 69;   // the daemon did not answer
inline constexpr int kNoPermission = 77;  // the control socket is not for us

struct Session {
  std::string socket = "/run/latchkey/control.sock";
  bool json = false;
  std::chrono::milliseconds timeout{30'000};
};

// Why a file that somebody named is not there: "--jwks: No such file or directory". The name is not
// repeated: it may be a token or a key that was typed in its place.
std::optional<std::string> missing_file(std::string_view option, const std::string& path);

// Prints the text to standard output; kOk, or 74 where it could not be written.
int print(const std::string& text);

// `what` of the next where an issuer was named, which is in the configuration or is not.
inline constexpr std::string_view kIssuerOfThatName = "issuer of that name";

// Says on standard error what went wrong, or with `--json` on standard output as one line:
// {"error": a word, "message": the sentence, "errors": those of a configuration}. `what` was asked
// for: "decision 5f3c19a2", for the answer that there is none.
int report(const Session& session, const ipc::control::CallError& error, const std::string& what);
int report(const Session& session, const ipc::Fault& fault);

// The same for a configuration that is no good: its errors, and a sentence about it.
int report(const Session& session, std::span<const ipc::control::ConfigErrorRecord> errors,
           const std::string& sentence);

// Calls once; `render` makes the text for people, `--json` prints the answer as it came.
template <typename Method, typename Render>
int call_and_print(const Session& session, const typename Method::Request& request, Render render,
                   const std::string& what = "entry") {
  auto client = ipc::varlink::VarlinkClient::connect(session.socket);
  if (!client) return report(session, client.error());
  const auto answer = ipc::control::call<Method>(*client, request, session.timeout);
  if (!answer) return report(session, answer.error(), what);
  return print(session.json ? ascii_json(ipc::control::to_json(*answer)) + "\n" : render(*answer));
}

}  // namespace latchkey::cli
