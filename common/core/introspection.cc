// SPDX-License-Identifier: Apache-2.0
#include "core/introspection.h"

#include <algorithm>
#include <utility>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/claims/claim_reader.h"
#include "core/claims/lifetime.h"
#include "core/issuer/freshness.h"
#include "core/jose/compact_jws.h"
#include "core/jose/media_type.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"

namespace latchkey {
namespace {

using issuer::AnswerForm;
using issuer::IssuerConfig;
using issuer::WhenDown;

// How old a signed answer may be: it was asked for just now, and another one's must not be shown.
constexpr std::chrono::seconds kAnswerAge{60};

tl::unexpected<Error> invalid(std::string why) {
  return fail(Reason::introspection_answer_invalid, std::move(why));
}

// `aud` of a signed answer names the resource server that asked (RFC 9701 section 5): by the name
// of its client, or by one that the tokens for it have.
bool is_for_us(const jose::JsonValue& claims, const IssuerConfig& config) {
  const auto is_ours = [&](const jose::JsonValue& value) {
    const auto name = value.as_string();
    const auto& audiences = config.claims.audiences;
    return name && (*name == config.introspection.client.client_id ||
                    std::find(audiences.begin(), audiences.end(), *name) != audiences.end());
  };
  const auto aud = claims.find("aud");
  if (!aud) return false;
  if (!aud->is_array()) return is_ours(*aud);
  for (const jose::JsonValue value : aud->elements()) {
    if (is_ours(value)) return true;
  }
  return false;
}

}  // namespace

class AnswerReader {
 public:
  AnswerReader(Question question, const IssuerConfig& config, const IssuerKeys& keys, WallTime now,
               jose::Scratch& scratch)
      : question_(std::move(question)),
        config_(config),
        keys_(keys),
        now_(now),
        scratch_(scratch) {}

  Expected<std::shared_ptr<const Introspected>> run(const AnswerBody& body) {
    if (body.bytes.size() > limits::kIntrospectionBytes) return invalid("the answer is too long");
    const AnswerForm wanted = config_.introspection.answers;
    if (LATCHKEY_FAILS(answer_form, body.form != wanted)) {
      return invalid(wanted == AnswerForm::jwt
                         ? "the answer is not signed, and 'introspection_answers' wants a JWT"
                         : "the answer is a JWT, and 'introspection_answers' wants JSON");
    }
    return body.form == AnswerForm::jwt ? read_signed(body.bytes) : read_json(body.bytes);
  }

 private:
  using Result = Expected<std::shared_ptr<const Introspected>>;

  Result read_json(std::string_view bytes) {
    jose::JsonReader& reader = scratch_.payload_reader();
    const auto json = reader.read(bytes);
    if (LATCHKEY_FAILS(answer_json, !json))
      return invalid("the answer: " + std::string(jose::describe(json.error())));
    return read_object(*json);
  }

  // RFC 9701 section 5: signed by the issuer, typed, for us, and new.
  Result read_signed(std::string_view bytes) {
    const auto fresh = issuer::freshness(config_, keys_.fetched_at, std::nullopt, now_);
    if (LATCHKEY_FAILS(answer_jwt_keys, keys_.keys == nullptr || !issuer::serves(fresh))) {
      return fail(Reason::introspection_unavailable,
                  "the answer is signed, and there are no keys to verify it with");
    }
    const auto jws = jose::parse_compact(bytes, scratch_);
    if (!jws) return invalid(of_jwt(jws.error()));
    if (LATCHKEY_FAILS(answer_jwt_algorithm,
                       std::find(config_.algorithms.begin(), config_.algorithms.end(),
                                 jws->algorithm()) == config_.algorithms.end())) {
      return invalid("the answer's algorithm is not in 'algorithms'");
    }
    const auto key = jose::select_key(*jws, *keys_.keys);
    if (!key) return invalid(of_jwt(key.error()));
    const auto verified = jose::verify_signature(*jws, **key, scratch_);
    if (!verified) return invalid(of_jwt(verified.error()));
    LATCHKEY_TRY_VOID(check_envelope(*verified));
    const auto claims = verified->claims().find("token_introspection");
    if (LATCHKEY_FAILS(answer_jwt_claims, !claims))
      return invalid("the signed answer has no 'token_introspection'");
    generation_ = keys_.generation;
    return read_object(*claims);
  }

  static std::string of_jwt(const Error& error) {
    return "the signed answer: " + std::string(code(error.reason)) +
           (error.detail.empty() ? "" : ": " + error.detail);
  }

  Expected<void> check_envelope(const jose::VerifiedJws& jws) const {
    const jose::JsonValue& claims = jws.claims();
    // RFC 9701 section 8.1: so that no token passes for an answer; no answer passes for a token,
    // because that type never signs in.
    const auto typ = jws.typ();
    if (LATCHKEY_FAILS(answer_jwt_type,
                       !typ || !jose::is_media_type(*typ, "token-introspection+jwt"))) {
      return invalid("the signed answer's 'typ' is not token-introspection+jwt");
    }
    const auto iss = claims.find("iss");
    if (LATCHKEY_FAILS(answer_jwt_issuer, !iss || iss->as_string() != config_.issuer))
      return invalid("the signed answer's 'iss' is not the configured issuer");
    if (LATCHKEY_FAILS(answer_jwt_audience, !is_for_us(claims, config_)))
      return invalid("the signed answer's 'aud' is neither our client nor one of 'audiences'");
    return check_time(claims);
  }

  Expected<void> check_time(const jose::JsonValue& claims) const {
    const auto leeway = config_.claims.leeway;
    const auto issued_at = claims::read_date(claims, "iat");
    if (LATCHKEY_FAILS(answer_jwt_iat_absent, !issued_at || !*issued_at))
      return invalid("the signed answer's 'iat' is absent or no date");
    if (LATCHKEY_FAILS(answer_jwt_iat_ahead, now_ < **issued_at - leeway))
      return invalid("the signed answer's 'iat' lies in the future");
    if (LATCHKEY_FAILS(answer_jwt_iat_old, now_ >= **issued_at + kAnswerAge + leeway))
      return invalid("the signed answer was not made now, by its 'iat'");
    const auto not_before = claims::read_date(claims, "nbf");
    if (LATCHKEY_FAILS(answer_jwt_nbf_ahead,
                       !not_before || (*not_before && now_ < **not_before - leeway)))
      return invalid("the signed answer's 'nbf' lies in the future, or is no date");
    const auto expires_at = claims::read_date(claims, "exp");
    if (LATCHKEY_FAILS(answer_jwt_expired,
                       !expires_at || (*expires_at && now_ >= **expires_at + leeway)))
      return invalid("the signed answer has expired, or its 'exp' is no date");
    return {};
  }

  Result read_object(jose::JsonValue value) {
    std::optional<claims::ActiveAnswer> active;
    LATCHKEY_TRY(active, claims::read_answer(value));
    if (!active) return done(make(Introspected::State::inactive));
    if (!question_.opaque) return read_beside(*active);
    auto claims =
        claims::validate(*active, config_.issuer, config_.claims, question_.token_digest, now_);
    if (!claims) return done(make_refused(std::move(claims).error()));
    Introspected answer = make(Introspected::State::active);
    answer.claims_ = std::make_shared<const claims::ValidatedClaims>(*std::move(claims));
    return done(std::move(answer));
  }

  // The token itself has passed, and decides who it is; its issuer can only refuse.
  Result read_beside(const claims::ActiveAnswer& active) {
    Introspected answer = make(Introspected::State::active);
    LATCHKEY_TRY(answer.token_, claims::read_answered_token(active, config_.claims));
    auto refusal = claims::refuse_beside(active, config_.claims, now_);
    if (LATCHKEY_FAILS(answered_claims, refusal.has_value()))
      return done(make_refused(*std::move(refusal)));
    return done(std::move(answer));
  }

  Introspected make_refused(claims::Refusal refusal) {
    Introspected answer = make(Introspected::State::refused);
    answer.refusal_ = std::move(refusal);
    return answer;
  }
  Introspected make(Introspected::State state) {
    Introspected answer(question_, state);
    answer.generation_ = generation_;
    return answer;
  }
  static Result done(Introspected answer) {
    return std::make_shared<const Introspected>(std::move(answer));
  }

  Question question_;
  const IssuerConfig& config_;
  const IssuerKeys& keys_;
  WallTime now_;
  jose::Scratch& scratch_;
  std::uint64_t generation_ = 0;
};

std::shared_ptr<const Introspected> Introspected::unavailable(Question question) {
  return std::make_shared<const Introspected>(
      Introspected(std::move(question), State::unavailable));
}

std::optional<WallTime> Introspected::expires_at() const {
  return claims_ ? std::optional((*claims_)->expires_at) : token_.expires_at;
}

Expected<std::shared_ptr<const Introspected>> read_introspection(
    const AnswerBody& body, Question question, const IssuerConfig& config, const IssuerKeys& keys,
    WallTime now, jose::Scratch& scratch) {
  return AnswerReader(std::move(question), config, keys, now, scratch).run(body);
}

namespace {

// The dates that it does not say are the token's own.
Expected<void> check_dates(const claims::Claims& record, const IssuerConfig& config,
                           const claims::AnsweredToken& answered, WallTime now) {
  if (!answered.issued_at && !answered.not_before && !answered.expires_at) return {};
  const claims::Lifetime dates{
      answered.issued_at ? answered.issued_at : record.issued_at,
      answered.not_before ? answered.not_before : record.not_before,
      answered.expires_at.value_or(record.expires_at),
  };
  auto lifetime = claims::check_lifetime(dates, config.claims, now);
  if (LATCHKEY_FAILS(answered_lifetime, !lifetime))
    return fail(lifetime.error().reason, "by the answer: " + lifetime.error().detail);
  return {};
}

// An answer about a signed token that names another one is no answer about this (RFC 7662 section
// 4): what is absent says nothing.
Expected<void> check_same_token(const claims::Claims& record, const IssuerConfig& config,
                                const claims::AnsweredToken& answered, WallTime now) {
  if (LATCHKEY_FAILS(answered_issuer_other, answered.issuer && *answered.issuer != record.issuer))
    return invalid("the answer's 'iss' is not the token's");
  if (LATCHKEY_FAILS(answered_subject_other,
                     answered.subject && *answered.subject != record.subject))
    return invalid("the answer's 'sub' is not the token's");
  const bool named = config.claims.token_id_claim == "jti" && !record.token_id.empty();
  if (LATCHKEY_FAILS(answered_token_id_other,
                     named && answered.token_id && *answered.token_id != record.token_id))
    return invalid("the answer's 'jti' is not the token's");
  if (LATCHKEY_FAILS(answered_expired,
                     answered.expires_at && now >= *answered.expires_at + config.claims.leeway))
    return fail(Reason::token_inactive, "by the answer's 'exp'");
  const bool other_user =
      std::any_of(answered.users.begin(), answered.users.end(), [&](const std::string& user) {
        return std::find(record.users.begin(), record.users.end(), user) == record.users.end();
      });
  if (LATCHKEY_FAILS(answered_user_other, other_user))
    return invalid("the answer's user claim is not the token's");
  return check_dates(record, config, answered, now);
}

}  // namespace

Expected<void> check_introspection(const claims::ValidatedClaims& claims,
                                   const IssuerConfig& config, const Introspected* answer,
                                   WallTime now) {
  using State = Introspected::State;
  const issuer::IntrospectionConfig& introspection = config.introspection;
  if (LATCHKEY_FAILS(introspection_off, claims.opaque() && !introspection.on())) {
    return fail(Reason::introspection_unavailable,
                "issuer " + config.name + ": 'introspection' is off");
  }
  if (!claims.opaque() && !introspection.required()) return {};
  if (LATCHKEY_FAILS(introspection_absent, answer == nullptr))
    return fail(Reason::introspection_unavailable, "issuer " + config.name + " was not asked");
  if (answer == nullptr) return {};  // with the check above switched off
  const Question about{config.name, config.digest, std::string(claims->token_digest),
                       claims.opaque()};
  if (LATCHKEY_FAILS(introspection_other, answer->question() != about))
    return fail(Reason::introspection_unavailable, "the answer is about another token or issuer");
  switch (answer->state()) {
    case State::active:
      return check_same_token(*claims, config, answer->token(), now);
    case State::inactive:
      if (LATCHKEY_FAILS(introspection_inactive, true))
        return fail(Reason::token_inactive, "issuer " + config.name);
      return {};
    case State::refused:
      if (const auto& refusal = answer->refusal()) return tl::unexpected(refusal->error);
      return fail(Reason::introspection_unavailable, "issuer " + config.name);
    case State::unavailable:
      break;
  }
  if (LATCHKEY_FAILS(introspection_down,
                     claims.opaque() || introspection.down != WhenDown::signature))
    return fail(Reason::introspection_unavailable, "issuer " + config.name);
  return {};
}

}  // namespace latchkey
