// SPDX-License-Identifier: Apache-2.0
//
// What an issuer said of one token when it was asked (RFC 7662, RFC 9701), as a value that the
// decision is made with. It is bound to the issuer, its section of the configuration and the token
// that it is about, so that an answer about one is never taken for another's. Asking is the
// service's; nothing here touches the world.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/claims/introspection_answer.h"
#include "core/claims/validated_claims.h"
#include "core/claims/validator.h"
#include "core/issuer/issuer_config.h"
#include "core/jose/scratch.h"
#include "core/snapshot.h"

namespace latchkey {

// Whom was asked about which token.
struct Question {
  std::string issuer;         // short name
  std::string config_digest;  // of the issuer's section
  std::string token_digest;   // lower-case hex SHA-256 of the whole token
  bool opaque = false;        // nothing vouches for the token but the answer

  bool operator==(const Question&) const = default;
};

class Introspected {
 public:
  enum class State : std::uint8_t {
    active,
    inactive,
    refused,      // active, and its claims are not accepted: see `refusal`
    unavailable,  // nobody answered
  };

  // What the service may say by itself: that there was nobody to answer.
  static std::shared_ptr<const Introspected> unavailable(Question question);

  const Question& question() const { return question_; }
  State state() const { return state_; }
  // Of the key set that a signed answer was verified with; 0 for others.
  std::uint64_t generation() const { return generation_; }
  // Of an active opaque token; else null.
  const std::shared_ptr<const claims::ValidatedClaims>& claims() const { return claims_; }
  const std::optional<claims::Refusal>& refusal() const { return refusal_; }
  // Of an active signed token: what the answer says besides.
  const claims::AnsweredToken& token() const { return token_; }
  // The end of the token, where the answer or its claims name one.
  std::optional<WallTime> expires_at() const;

 private:
  friend class AnswerReader;  // core/introspection.cc: the only maker from an answer
  Introspected(Question question, State state) : question_(std::move(question)), state_(state) {}

  Question question_;
  State state_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const claims::ValidatedClaims> claims_;
  std::optional<claims::Refusal> refusal_;
  claims::AnsweredToken token_;
};

struct AnswerBody {
  std::string_view bytes;  // any bytes from the network, up to limits::kIntrospectionBytes
  issuer::AnswerForm form = issuer::AnswerForm::json;  // as its media type says
};

// `config` is the section that `question` was asked under, `keys` that issuer's. An answer in
// another form than the configured one, that is no JSON, whose signature does not verify, or that
// is not meant for us is none: introspection_answer_invalid. keys_missing and keys_stale come as
// introspection_unavailable: there is an answer, and nobody can tell whose it is.
Expected<std::shared_ptr<const Introspected>> read_introspection(
    const AnswerBody& body, Question question, const issuer::IssuerConfig& config,
    const IssuerKeys& keys, WallTime now, jose::Scratch& scratch);

// Whether what is known of the token may be judged: nothing where nobody has to be asked. `answer`
// may be null. token_inactive, introspection_unavailable, introspection_answer_invalid (it is about
// another subject, user or token); those of check_lifetime(); the reason of what is refused.
Expected<void> check_introspection(const claims::ValidatedClaims& claims,
                                   const issuer::IssuerConfig& config, const Introspected* answer,
                                   WallTime now);

}  // namespace latchkey
