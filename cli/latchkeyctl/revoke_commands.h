// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl revoke` and `latchkeyctl revocations`: the local store of this host. Each prints and
// gives the exit status (session.h).
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/session.h"
#include "ipc/control.h"

namespace latchkey::cli {

// As typed; empty = not given. One of the first eight.
struct Revocation {
  std::string token_id;
  std::string token_hash;
  std::string token_file;  // whose SHA-256 is taken
  std::string session;
  std::string subject;
  std::string kid;
  std::string thumbprint;
  std::string user;
  std::string issuer;
  std::string before;
  std::string comment;
  std::string end;
};

// What was typed, or what is wrong with it.
tl::expected<ipc::control::RevokeRequest, std::string> request_of(const Revocation& typed);

int revoke_one(const Session& session, const Revocation& typed);
int list_revocations(const Session& session, const std::string& kind);  // empty: all
// Text of revocation_line.h.
int export_revocations(const Session& session, const std::string& kind);
int import_revocations(const Session& session, const std::string& file);
int remove_revocation(const Session& session, std::int64_t id);

}  // namespace latchkey::cli
