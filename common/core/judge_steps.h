// SPDX-License-Identifier: Apache-2.0
//
// The judge of stations 8 to 11 (judge.cc): its steps are there, its single checks in
// judge_checks.cc, and nobody else includes this.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/decide.h"
#include "core/revocation/current_claims.h"

namespace latchkey {

// Where the claims of a request come from.
enum class Standing : std::uint8_t {
  token,      // shown and verified now
  login,      // of a live login that this call belongs to
  last_seen,  // of the last sign-in of that name
};

struct OwnNames;

// Of a request to be a shared account: who asks.
struct SharedRequest {
  std::string_view account = {};
  std::span<const std::string> names = {};
  std::span<const std::string> bound = {};
};

class Judge {
 public:
  Judge(const LoginRequest& request, const Snapshot& snapshot, WallTime now, Trace trace)
      : request_(request), snapshot_(snapshot), now_(now) {
    decision_.trace = trace;
  }

  Decision with_token(const claims::ValidatedClaims& claims, std::size_t issuer,
                      const Introspected* introspected);
  Decision with_login(const Login& login, std::string_view who);
  Decision with_last_seen(const LastSeen* last_seen, std::string_view who);

 private:
  const config::Config& config() const { return *snapshot_.config; }

  // Records the outcome of a check; the error, where there is one, goes on to the caller.
  template <typename T>
  Expected<T> checked(Check check, Expected<T> result) {
    result ? decision_.trace.pass(check) : decision_.trace.fail(check);
    return result;
  }

  Decision finish(Expected<void> outcome);
  void add_detail(std::string_view more) {
    if (more.empty()) return;
    decision_.detail += (decision_.detail.empty() ? "" : "; ") + std::string(more);
  }
  void remember(const claims::Claims& claims);

  Expected<void> token_steps(const claims::ValidatedClaims& claims, std::size_t issuer);
  Expected<void> check_introspection(const claims::ValidatedClaims& claims,
                                     const config::Issuer& section);
  Expected<void> check_status(const claims::Claims& claims);
  bool by_signature_alone() const {
    return introspected_ != nullptr && introspected_->state() == Introspected::State::unavailable;
  }
  Expected<void> login_steps(const Login& login, std::string_view who);
  Expected<void> last_seen_steps(const LastSeen* last_seen, std::string_view who);
  Expected<void> person_steps(const claims::ValidatedClaims& claims, std::size_t issuer,
                              std::string_view who, Standing standing);

  Expected<void> shared_steps(const revocation::CurrentClaims& claims, std::size_t issuer,
                              std::string_view account);
  Expected<void> shared_untokened(std::string_view account);

  Expected<std::size_t> configured_issuer(const claims::Claims& claims) const;
  Expected<void> check_managed(std::string_view who) const;
  bool is_gate() const {
    return request_.operation == Operation::authenticate ||
           request_.operation == Operation::account;
  }
  Expected<void> check_feeds() const;
  // Whom a token names that is known nowhere, where the configuration makes accounts.
  bool is_newcomer(std::string_view who) const;
  Expected<accounts::LocalIdentity> newcomer(const revocation::CurrentClaims& claims,
                                             std::size_t issuer, std::string_view who);
  // Of an account of the names file.
  Expected<void> check_open(std::string_view who) const;
  // What the file lacks of the person who signs in.
  void note_names(const accounts::LocalIdentity& identity);
  Expected<void> check_system_account(const accounts::LocalIdentity& identity) const;
  Expected<void> check_binding(const claims::Claims& claims, std::string_view who,
                               Standing standing);
  Expected<void> check_own_names(const OwnNames& own, const claims::Claims& claims) const;
  Expected<void> check_revoked(std::string_view user) const;
  Expected<void> check_lifetime(const Login& login, std::size_t issuer) const;
  Expected<void> check_claims_age(const LastSeen* last_seen, const accounts::Subject& bound) const;
  Expected<void> check_access(const revocation::CurrentClaims& claims,
                              const accounts::LocalIdentity& identity, std::size_t issuer,
                              bool live, const SharedRequest& shared = {});

  const LoginRequest& request_;
  const Snapshot& snapshot_;
  WallTime now_;
  Decision decision_;
  const Introspected* introspected_ = nullptr;  // of a token shown now
  std::optional<accounts::NamesUser> made_;     // for a newcomer
  std::string status_note_;
};

}  // namespace latchkey
