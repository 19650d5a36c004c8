// SPDX-License-Identifier: Apache-2.0
#include "core/claims/validator.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/claim_reader.h"
#include "core/claims/lifetime.h"
#include "core/claims/requirement.h"
#include "core/claims/status_claim.h"
#include "core/claims/token_type.h"
#include "core/claims/user_name.h"

namespace latchkey::claims {
namespace {

using jose::JsonValue;

tl::unexpected<Error> missing(std::string_view name) {
  return fail(Reason::claim_missing, quoted(name));
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

class Validator {
 public:
  Validator(const jose::VerifiedJws& jws, std::string_view issuer, const ClaimsPolicy& policy,
            WallTime now)
      : jws_(&jws), payload_(jws.claims()), issuer_(issuer), policy_(policy), now_(now) {}
  Validator(const ActiveAnswer& answer, std::string_view issuer, const ClaimsPolicy& policy,
            WallTime now)
      : jws_(nullptr), payload_(answer.claims()), issuer_(issuer), policy_(policy), now_(now) {}

  tl::expected<ValidatedClaims, Refusal> run(std::string_view token_digest) {
    using Check = Expected<void> (Validator::*)();
    constexpr std::pair<Step, Check> kChecks[] = {
        {Step::type, &Validator::check_type},         {Step::audience, &Validator::check_audience},
        {Step::lifetime, &Validator::check_lifetime}, {Step::claims, &Validator::check_issuer},
        {Step::claims, &Validator::check_client},     {Step::claims, &Validator::check_required},
        {Step::claims, &Validator::read_identity},    {Step::claims, &Validator::check_email},
        {Step::claims, &Validator::read_users},       {Step::claims, &Validator::read_person},
        {Step::claims, &Validator::read_session},     {Step::claims, &Validator::read_status},
        {Step::claims, &Validator::read_conditions},
    };
    for (const auto& [step, check] : kChecks) {
      if (auto done = (this->*check)(); !done)
        return tl::unexpected(Refusal{step, std::move(done).error()});
    }
    draft_.token_digest = token_digest;
    if (jws_ != nullptr) draft_.key_id = jws_->key_id();
    return ValidatedClaims(draft_);
  }

  std::optional<Refusal> run_beside() {
    using Check = Expected<void> (Validator::*)();
    constexpr std::pair<Step, Check> kChecks[] = {
        {Step::type, &Validator::check_bearer_beside},
        {Step::audience, &Validator::check_audience_beside},
        {Step::claims, &Validator::check_clients},
        {Step::claims, &Validator::check_required_beside},
        {Step::claims, &Validator::check_email_beside},
    };
    for (const auto& [step, check] : kChecks) {
      if (auto done = (this->*check)(); !done) return Refusal{step, std::move(done).error()};
    }
    return std::nullopt;
  }

 private:
  Expected<void> check_bearer_beside() {
    return claims::check_bearer(payload_, TokenTypeMember::optional);
  }

  Expected<void> check_audience_beside() {
    return payload_.find("aud") ? check_audience() : Expected<void>();
  }

  Expected<void> check_required_beside() {
    for (const RequiredClaim& required : policy_.require) {
      if (!find_claim(payload_, required.name)) continue;
      LATCHKEY_TRY_VOID(claims::check_required(payload_, required, "claim"));
    }
    return {};
  }

  Expected<void> check_email_beside() {
    return find_claim(payload_, policy_.email_verified_claim) ? check_email() : Expected<void>();
  }

  Expected<void> check_type() {
    if (jws_ == nullptr) {
      kind_ = TokenKind::access;
      return claims::check_opaque_type(payload_, policy_);
    }
    LATCHKEY_TRY(kind_, claims::check_type(jws_->typ(), payload_, policy_));
    return {};
  }

  // RFC 7519 section 4.1.3: a string or an array of strings, of which one equals a configured value byte for byte.
  Expected<void> check_audience() {
    const auto aud = payload_.find("aud");
    if (LATCHKEY_FAILS(aud_absent, !aud)) return missing("aud");
    bool found = false;
    const auto look_at = [&](const JsonValue& value) {
      const auto text = value.as_string();
      ++audiences_;
      found = found || (text && contains(policy_.audiences, *text));
      return text.has_value();
    };
    bool strings = true;
    const JsonValue audience = LATCHKEY_CHECKED(aud, payload_);
    if (audience.is_array()) {
      for (const JsonValue value : audience.elements()) strings = look_at(value) && strings;
    } else {
      strings = look_at(audience);
    }
    if (LATCHKEY_FAILS(aud_value_type, !strings) ||
        LATCHKEY_FAILS(aud_too_many, audiences_ > limits::kAudienceValues)) {
      return fail(Reason::claim_invalid, "'aud' is no string, and no array of at most 64 strings");
    }
    if (LATCHKEY_FAILS(aud_other, !found)) return fail(Reason::audience_wrong);
    return {};
  }

  Expected<void> check_lifetime() {
    std::optional<WallTime> expires_at;
    LATCHKEY_TRY(expires_at, read_date(payload_, "exp"));
    if (LATCHKEY_FAILS(exp_absent, !expires_at))
      return missing("exp");  // a token without an end would live for ever
    draft_.expires_at = LATCHKEY_CHECKED(expires_at, now_ + std::chrono::hours(1));
    LATCHKEY_TRY(draft_.not_before, read_date(payload_, "nbf"));
    LATCHKEY_TRY(draft_.issued_at, read_date(payload_, "iat"));
    return claims::check_lifetime(draft_, policy_, now_);
  }

  // The issuer was looked up by this very claim; that it is the policy's own is held here once
  // more.
  Expected<void> check_issuer() {
    const auto iss = payload_.find("iss");
    if (LATCHKEY_FAILS(iss_absent, !iss && jws_ != nullptr)) return missing("iss");
    if (LATCHKEY_FAILS(iss_other, iss && iss->as_string() != issuer_))
      return fail(Reason::claim_wrong, "'iss' is not that of the configured issuer");
    draft_.issuer = issuer_;
    return {};
  }

  // Every client claim that is there must name a configured client.
  Expected<void> check_clients() {
    for (const std::string& name : policy_.client_claims) {
      std::optional<std::string_view> client;
      LATCHKEY_TRY(client, read_string(payload_, name));
      if (!client) continue;
      if (LATCHKEY_FAILS(client_other,
                         !policy_.clients.empty() && !contains(policy_.clients, *client))) {
        return fail(Reason::client_wrong, quoted(name) + " is " + quoted(*client));
      }
      if (draft_.client.empty()) draft_.client = *client;
    }
    return {};
  }

  // And one must be there.
  Expected<void> check_client() {
    LATCHKEY_TRY_VOID(check_clients());
    if (LATCHKEY_FAILS(client_absent, !policy_.clients.empty() && draft_.client.empty())) {
      return fail(Reason::client_wrong, "the token names no client");
    }
    return check_authorized_party();
  }

  // OpenID Connect Core section 3.1.3.7 step 3, and steps 4 and 5 before errata set 2: an ID token
  // for several audiences says which of them asked for it, and that one must be ours. So must a
  // token that does not show its kind, where it may be an ID token.
  Expected<void> check_authorized_party() {
    const bool may_be_id = kind_ ? *kind_ == TokenKind::id
                                 : std::find(policy_.kinds.begin(), policy_.kinds.end(),
                                             TokenKind::id) != policy_.kinds.end();
    if (audiences_ < 2 || !may_be_id) return {};
    const auto azp = payload_.find("azp");
    const auto party = azp ? azp->as_string() : std::nullopt;
    const auto& ours = policy_.clients.empty() ? policy_.audiences : policy_.clients;
    if (LATCHKEY_FAILS(azp_other, !party || !contains(ours, *party))) {
      return fail(Reason::client_wrong,
                  "an ID token for several audiences whose 'azp' is absent or not ours");
    }
    return {};
  }

  Expected<void> check_required() {
    for (const RequiredClaim& required : policy_.require)
      LATCHKEY_TRY_VOID(claims::check_required(payload_, required, "claim"));
    const JsonValue* header = jws_ != nullptr ? &jws_->header() : nullptr;
    for (const RequiredClaim& required : policy_.require_header) {
      if (LATCHKEY_FAILS(header_required_absent, header == nullptr))
        return fail(Reason::claim_missing, "header member " + quoted(required.name));
      LATCHKEY_TRY_VOID(
          claims::check_required(LATCHKEY_CHECKED(header, payload_), required, "header member"));
    }
    return {};
  }

  Expected<void> read_identity() {
    std::optional<std::string_view> subject;
    LATCHKEY_TRY(subject, read_string(payload_, "sub"));
    if (LATCHKEY_FAILS(sub_absent, !subject)) return missing("sub");
    draft_.subject = LATCHKEY_CHECKED(subject, "somebody");
    if (LATCHKEY_FAILS(sub_empty, draft_.subject.empty()))
      return fail(Reason::claim_invalid, "'sub' is empty");
    std::optional<std::string_view> token_id;
    LATCHKEY_TRY(token_id, read_string(payload_, policy_.token_id_claim));
    draft_.token_id = token_id.value_or("");
    return read_groups();
  }

  Expected<void> read_groups() {
    const std::string& claim = policy_.group_claim;
    if (claim.empty()) return {};
    const auto read = policy_.group_form == GroupForm::words ? read_words : read_list;
    std::optional<std::vector<std::string_view>> groups;
    LATCHKEY_TRY(groups, read(payload_, claim, limits::kGroupValues));
    // OpenID Connect Core section 5.6.2: the claim, or what holds it, is elsewhere. Taken for no
    // groups, it would keep out just those who have most of them, and undo rules that deny a group.
    const auto elsewhere = payload_.find("_claim_names");
    const std::string outer = claim.substr(0, claim.find('.'));
    if (LATCHKEY_FAILS(groups_overage,
                       elsewhere && (elsewhere->find(claim) || elsewhere->find(outer))))
      return fail(Reason::groups_elsewhere, "claim " + quoted(claim));
    const auto too_many = payload_.find("hasgroups");
    if (LATCHKEY_FAILS(groups_hasgroups,
                       !groups && claim == "groups" && too_many && too_many->as_boolean() == true))
      return fail(Reason::groups_elsewhere, "claim \"groups\"");
    if (!groups) return {};
    draft_.groups = *std::move(groups);
    if (!policy_.groups_known.empty()) draft_.conditions.push_back(policy_.groups_known);
    return {};
  }

  Expected<void> read_users() {
    LATCHKEY_TRY(users_, read_user_names(payload_, policy_));
    draft_.users.assign(users_.begin(), users_.end());
    return {};
  }

  // What a name is bound to, in place of the subject: values that stay the same where `sub` does
  // not. Each behind its name, so that nobody makes two values of one, and in the order of the
  // names, so that theirs in the configuration says nothing.
  Expected<void> read_person() {
    const std::set<std::string> names(policy_.bind_claims.begin(), policy_.bind_claims.end());
    for (const std::string& name : names) {
      std::optional<std::string_view> value;
      LATCHKEY_TRY(value, read_string(payload_, name));
      if (LATCHKEY_FAILS(bind_claim_absent, !value || value->empty())) return missing(name);
      person_ += (person_.empty() ? "" : ",") + name + '=' + escaped(LATCHKEY_CHECKED(value, ""));
    }
    draft_.person = person_;
    return {};
  }

  static std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
      if (c == ',' || c == '=' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  // OpenID Connect Core section 5.1: only `email_verified` says that the provider checked it, be it
  // for a name, for groups or for what is required. That even a checked address may change hands
  // (section 5.7) is what the binding of a name to its first `iss` and `sub` answers.
  Expected<void> check_email() {
    const std::string& name = policy_.email_verified_claim;
    if (!policy_.uses_email() || name == "none") return {};
    const auto verified = find_claim(payload_, name);
    if (LATCHKEY_FAILS(email_unverified, !verified || verified->as_boolean() != true))
      return fail(Reason::email_unverified, "claim " + quoted(name) + " is not true");
    return {};
  }

  // Of an opaque token the issuer itself has just said that it counts.
  Expected<void> read_status() {
    if (jws_ == nullptr) return {};
    LATCHKEY_TRY(const std::optional<StatusReference> reference,
                 claims::read_status(payload_, policy_.status));
    if (!reference) return {};
    draft_.status_uri = reference->uri;
    draft_.status_index = reference->index;
    return {};
  }

  // Never a failure.
  Expected<void> read_conditions() {
    for (const Condition& condition : policy_.conditions) {
      if (const auto known = holds(payload_, condition.claim))
        draft_.conditions.push_back(*known ? condition.holds : condition.fails);
    }
    return {};
  }

  // What access rules and revocation look at (OpenID Connect Core section 2; `sid`: Back-Channel
  // Logout 1.0 section 2.1).
  Expected<void> read_session() {
    std::optional<std::string_view> session;
    LATCHKEY_TRY(session, read_string(payload_, "sid"));
    draft_.session = session.value_or("");
    std::optional<std::string_view> acr;
    LATCHKEY_TRY(acr, read_string(payload_, "acr"));
    draft_.acr = acr.value_or("");
    std::optional<std::vector<std::string_view>> amr;
    LATCHKEY_TRY(amr, read_list(payload_, "amr", limits::kAmrValues));
    if (amr) draft_.amr = *std::move(amr);
    LATCHKEY_TRY(draft_.auth_time, read_date(payload_, "auth_time"));
    return {};
  }

  const jose::VerifiedJws* jws_;  // null: an opaque token
  const JsonValue& payload_;
  std::string_view issuer_;
  const ClaimsPolicy& policy_;
  WallTime now_;
  ClaimsDraft draft_;
  std::vector<std::string> users_;  // what the draft's views are of
  std::string person_;              // likewise
  std::optional<TokenKind> kind_;
  std::size_t audiences_ = 0;
};

tl::expected<ValidatedClaims, Refusal> validate(const jose::VerifiedJws& jws,
                                                std::string_view issuer, const ClaimsPolicy& policy,
                                                std::string_view token_digest, WallTime now) {
  return Validator(jws, issuer, policy, now).run(token_digest);
}

tl::expected<ValidatedClaims, Refusal> validate(const ActiveAnswer& answer, std::string_view issuer,
                                                const ClaimsPolicy& policy,
                                                std::string_view token_digest, WallTime now) {
  return Validator(answer, issuer, policy, now).run(token_digest);
}

std::optional<Refusal> refuse_beside(const ActiveAnswer& answer, const ClaimsPolicy& policy,
                                     WallTime now) {
  return Validator(answer, "", policy, now).run_beside();
}

}  // namespace latchkey::claims
