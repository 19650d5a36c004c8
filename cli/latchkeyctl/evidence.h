// SPDX-License-Identifier: Apache-2.0
//
// What a token is verified against, gathered once: configuration, keys, and for a sign-in accounts,
// bindings and revocations; from files, or from the running daemon (docs/decisions/
// a-token-is-verified-where-it-is.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/session.h"
#include "core/base/time.h"
#include "core/snapshot.h"

namespace latchkey::cli {

// As typed; empty = not given.
struct EvidenceOrder {
  std::string jwks;    // a key set; then no daemon is asked
  std::string config;  // empty: the daemon's, or with `jwks` the host's
  std::string issuer;  // short name; empty: all, or with `jwks` the only one
  std::string root;    // etc/passwd and etc/group lie below it
  // What is said where no daemon is there.
  const char* without_daemon = "--jwks FILE verifies without the daemon";
  bool keys = true;                   // else nobody is asked for keys, and there are none
  bool sign_in = false;               // accounts, bindings and revocations are wanted
  std::optional<WallTime> other_now;  // keys count as fresh then
};

struct Evidence {
  Snapshot snapshot;
  std::string keys;  // where they came from, for the reader
  std::vector<std::string> notes;
};

// Fails after having said why on standard error.
std::optional<Evidence> gather(const Session& session, const EvidenceOrder& order, WallTime now);

}  // namespace latchkey::cli
