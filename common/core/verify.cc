// SPDX-License-Identifier: Apache-2.0
//
// Stations 3 to 7 in a straight column: each check passes or ends it, and is written into the trace
// either way.
#include <algorithm>
#include <new>
#include <span>
#include <utility>

#include "core/base/mutation.h"
#include "core/claims/lifetime.h"
#include "core/claims/validator.h"
#include "core/decide.h"
#include "core/issuer/freshness.h"
#include "core/jose/compact_jws.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"

namespace latchkey {
namespace {

using issuer::IssuerConfig;

// The checks that verify() answers for, in their order.
constexpr Check kVerified[] = {Check::form,     Check::header,   Check::issuer,    Check::algorithm,
                               Check::keys,     Check::key,      Check::signature, Check::type,
                               Check::audience, Check::lifetime, Check::claims};

// The same for an opaque token.
constexpr Check kOpaque[] = {Check::issuer,   Check::type,   Check::audience,
                             Check::lifetime, Check::claims, Check::introspection};

// Which check a token fell through that has not even the form of what is verified here.
Check failed_form(Reason reason) {
  switch (reason) {
    case Reason::header_unsupported:
      return Check::header;
    case Reason::algorithm_unsupported:
      return Check::algorithm;
    default:
      return Check::form;
  }
}

Check check_of(claims::Step step) {
  switch (step) {
    case claims::Step::type:
      return Check::type;
    case claims::Step::audience:
      return Check::audience;
    case claims::Step::lifetime:
      return Check::lifetime;
    case claims::Step::claims:
      return Check::claims;
  }
  return Check::claims;
}

// Those of the claims policy that come before the one that failed.
void pass_before(Check failed, Trace& trace) {
  for (const Check check : {Check::type, Check::audience, Check::lifetime}) {
    if (check < failed) trace.pass(check);
  }
}

// Are there keys (`any`), and are they young enough that verdicts are made with them?
Expected<void> check_keys(const IssuerConfig& config, bool any, WallTime fetched_at, WallTime now) {
  if (LATCHKEY_FAILS(keys_missing, !any))
    return fail(Reason::keys_missing, "issuer " + config.name);
  if (LATCHKEY_FAILS(keys_stale,
                     !issuer::serves(issuer::freshness(config, fetched_at, std::nullopt, now)))) {
    return fail(Reason::keys_stale, "issuer " + config.name);
  }
  return {};
}

bool newer_keys_could_help(Reason reason) {
  return reason == Reason::keys_missing || reason == Reason::keys_stale ||
         reason == Reason::key_unknown;
}

// Whether another set still has the key. A symmetric key that was read anew may be another one: its
// tokens are verified anew.
bool still_trusted(const IssuerKeys& keys, const Verified& verified) {
  if (LATCHKEY_FAILS(recheck_symmetric, !verified.algorithm)) return false;
  const auto& all = keys.keys->keys();
  return std::any_of(all.begin(), all.end(), [&](const jose::Jwk& key) {
    return key.thumbprint() == verified.claims->key_id &&
           !LATCHKEY_FAILS(recheck_key_unfit, !key.allows(*verified.algorithm));
  });
}

class Verification {
 public:
  Verification(std::string_view token, const jose::TokenDigest* digest, const Snapshot& snapshot,
               WallTime now, jose::Scratch& scratch, Trace& trace)
      : token_(token),
        digest_(digest),
        snapshot_(snapshot),
        now_(now),
        scratch_(scratch),
        trace_(trace) {}

  tl::expected<Verified, VerifyFailure> run() {
    const auto jws = jose::parse_compact(token_, scratch_);
    if (!jws) {
      const bool perhaps_mac =
          jws.error().reason == Reason::algorithm_unsupported && has_symmetric_issuer();
      return perhaps_mac ? run_mac(jws.error()) : refuse_form(jws.error());
    }
    pass(Check::form, Check::header);

    if (auto found = find_issuer(*jws); !found)
      return refuse(Check::issuer, perhaps_graph(*jws, std::move(found).error()));
    pass(Check::issuer);
    const IssuerConfig& config = snapshot_.config->issuers[issuer_].config;
    if (auto allowed = check_algorithm(config, jws->algorithm()); !allowed) {
      return refuse(Check::algorithm, std::move(allowed).error());
    }
    pass(Check::algorithm);

    const IssuerKeys& keys = snapshot_.keys[issuer_];
    const bool any = keys.keys != nullptr;
    if (auto usable = check_keys(config, any, keys.fetched_at, now_); !usable)
      return refuse(Check::keys, std::move(usable).error());
    pass(Check::keys);
    const auto key = jose::select_key(*jws, *keys.keys);
    if (!key) return refuse(Check::key, key.error());
    pass(Check::key);
    const auto verified = jose::verify_signature(*jws, **key, scratch_);
    if (!verified) return refuse(Check::signature, perhaps_graph(*jws, verified.error()));
    pass(Check::signature);
    return accept(config, keys, *verified);
  }

  tl::unexpected<VerifyFailure> out_of_memory() {
    return refuse(Check::form, Error{Reason::internal_error, "memory ran out"});
  }

 private:
  bool has_symmetric_issuer() const {
    const auto& issuers = snapshot_.config->issuers;
    return std::any_of(issuers.begin(), issuers.end(),
                       [](const config::Issuer& issuer) { return issuer.config.symmetric(); });
  }

  // A token with an HMAC. Unless it names an issuer that has a symmetric key of its own, it is
  // refused as it is where no such issuer is configured (RFC 8725 section 3.1).
  tl::expected<Verified, VerifyFailure> run_mac(const Error& unsupported) {
    const auto mac = jose::parse_compact_mac(token_, scratch_);
    if (!mac) return refuse_form(mac.error());
    if (LATCHKEY_FAILS(mac_issuer_unknown, !find_issuer(*mac)) ||
        LATCHKEY_FAILS(mac_issuer_other, !snapshot_.config->issuers[issuer_].config.symmetric()))
      return refuse_form(unsupported);
    pass(Check::form, Check::header, Check::issuer);
    const IssuerConfig& config = snapshot_.config->issuers[issuer_].config;
    if (LATCHKEY_FAILS(mac_algorithm_other, mac->algorithm() != config.symmetric_algorithm)) {
      return refuse(Check::algorithm, not_allowed(config, algorithm_name(mac->algorithm())));
    }
    pass(Check::algorithm);

    const IssuerKeys& keys = snapshot_.keys[issuer_];
    const bool any = keys.symmetric != nullptr;
    if (auto usable = check_keys(config, any, keys.fetched_at, now_); !usable)
      return refuse(Check::keys, std::move(usable).error());
    pass(Check::keys);
    if (auto fits = keys.symmetric->fits(mac->algorithm(), mac->kid()); !fits)
      return refuse(Check::key, std::move(fits).error());
    pass(Check::key);
    const auto verified = jose::verify_mac(*mac, *keys.symmetric, scratch_);
    if (!verified) return refuse(Check::signature, verified.error());
    pass(Check::signature);
    return accept(config, keys, *verified);
  }

  tl::expected<Verified, VerifyFailure> accept(const IssuerConfig& config, const IssuerKeys& keys,
                                               const jose::VerifiedJws& jws) {
    const auto digest =
        digest_ != nullptr ? std::optional(*digest_) : jose::digest_token(token_, scratch_);
    if (!digest)
      return refuse(Check::signature,
                    Error{Reason::internal_error, "OpenSSL could not make a digest"});
    auto claims = claims::validate(jws, config.issuer, config.claims, digest->hex(), now_);
    if (!claims) {
      const Check failed = check_of(claims.error().step);
      pass_before(failed, trace_);
      auto failure = refuse(failed, std::move(claims.error().error));
      name(failure.value().decision, config, jws);
      return failure;
    }
    pass(Check::type, Check::audience, Check::lifetime, Check::claims);
    return Verified{.claims = *std::move(claims),
                    .issuer = issuer_,
                    .generation = keys.generation,
                    .algorithm = jws.algorithm(),
                    .config_digest = config.digest};
  }

  // Entra signs a token for Microsoft Graph with another `nonce` in its header than the one it
  // hands out, and as another issuer than its discovery names. The mark is the bearer's own word;
  // it chooses between two ways of saying no.
  static Error perhaps_graph(const jose::CompactJws& jws, Error error) {
    const bool verdict =
        error.reason == Reason::issuer_unknown || error.reason == Reason::signature_invalid;
    if (verdict && jws.header().find("nonce"))
      return Error{Reason::token_for_microsoft_graph, std::move(error.detail)};
    return error;
  }

  // RFC 8725 section 3.8: the unverified `iss` picks the table row, nothing else. It is not quoted: nobody answers for it.
  Expected<void> find_issuer(const jose::CompactForm& form) {
    const auto iss = form.unverified_issuer();
    if (LATCHKEY_FAILS(issuer_absent, !iss))
      return fail(Reason::claim_missing, "'iss' is absent or no string");
    const std::ptrdiff_t index =
        snapshot_.config->find_issuer(LATCHKEY_CHECKED(iss, std::string_view()));
    if (LATCHKEY_FAILS(issuer_unknown, index < 0)) return fail(Reason::issuer_unknown);
    issuer_ = static_cast<std::size_t>(index);
    if (LATCHKEY_FAILS(issuer_without_keys, issuer_ >= snapshot_.keys.size()))
      return fail(Reason::internal_error, "the snapshot has no row for the issuer");
    return {};
  }

  static Expected<void> check_algorithm(const IssuerConfig& config, jose::Algorithm algorithm) {
    if (LATCHKEY_FAILS(algorithm_not_allowed,
                       std::find(config.algorithms.begin(), config.algorithms.end(), algorithm) ==
                           config.algorithms.end()))
      return tl::unexpected(not_allowed(config, algorithm_name(algorithm)));
    return {};
  }

  static Error not_allowed(const IssuerConfig& config, std::string_view algorithm) {
    return Error{Reason::algorithm_not_allowed,
                 "issuer " + config.name + ": " + std::string(algorithm)};
  }

  // From here on the issuer's key answers for what is named.
  static void name(Decision& decision, const IssuerConfig& config, const jose::VerifiedJws& jws) {
    decision.issuer = config.issuer;
    decision.key_id = jws.key_id();
    const auto sub = jws.claims().find("sub");
    const auto subject = sub ? sub->as_string() : std::nullopt;
    if (subject && subject->size() <= limits::kClaimStringBytes) decision.subject = *subject;
  }

  template <typename... Checks>
  void pass(Checks... checks) {
    (trace_.pass(checks), ...);
  }

  tl::unexpected<VerifyFailure> refuse_form(const Error& error) {
    const Check failed = failed_form(error.reason);
    if (failed != Check::form) pass(Check::form);
    if (failed == Check::algorithm) pass(Check::header);
    return refuse(failed, error);
  }

  tl::unexpected<VerifyFailure> refuse(Check check, Error error) {
    trace_.fail(check);
    VerifyFailure failure;
    if (newer_keys_could_help(error.reason)) failure.need_keys = issuer_;
    failure.decision.reason = error.reason;
    failure.decision.detail = std::move(error.detail);
    failure.decision.trace = trace_;
    return tl::unexpected(std::move(failure));
  }

  std::string_view token_;
  const jose::TokenDigest* digest_;
  const Snapshot& snapshot_;
  WallTime now_;
  jose::Scratch& scratch_;
  Trace& trace_;
  std::size_t issuer_ = 0;
};

// The signature is wiped whichever way it ends.
tl::expected<Verified, VerifyFailure> run(Verification verification, jose::Scratch& scratch) {
  try {
    auto result = verification.run();
    scratch.forget_signature();
    return result;
  } catch (const std::bad_alloc&) {
    scratch.forget_signature();
    return verification.out_of_memory();
  }
}

}  // namespace

tl::expected<Verified, VerifyFailure> verify(std::string_view token, const Snapshot& snapshot,
                                             WallTime now, jose::Scratch& scratch, Trace& trace) {
  return run(Verification(token, nullptr, snapshot, now, scratch, trace), scratch);
}

tl::expected<Verified, VerifyFailure> verify(std::string_view token,
                                             const jose::TokenDigest& digest,
                                             const Snapshot& snapshot, WallTime now,
                                             jose::Scratch& scratch, Trace& trace) {
  return run(Verification(token, &digest, snapshot, now, scratch, trace), scratch);
}

tl::expected<Verified, VerifyFailure> accept_opaque(const Introspected& answer, std::size_t issuer,
                                                    const Snapshot& snapshot, WallTime now,
                                                    Trace& trace) {
  const auto refuse = [&](Check check, Error error) {
    trace.fail(check);
    VerifyFailure failure;
    failure.decision.reason = error.reason;
    failure.decision.detail = std::move(error.detail);
    failure.decision.trace = trace;
    return tl::unexpected(std::move(failure));
  };
  if (issuer >= snapshot.config->issuers.size() || issuer >= snapshot.keys.size())
    return refuse(Check::issuer, {Reason::internal_error, "the snapshot has no such issuer"});
  const IssuerConfig& config = snapshot.config->issuers[issuer].config;
  const Question& about = answer.question();
  if (LATCHKEY_FAILS(opaque_section_other, !about.opaque || about.issuer != config.name ||
                                               about.config_digest != config.digest)) {
    return refuse(Check::issuer,
                  {Reason::introspection_unavailable, "the configuration has changed"});
  }
  trace.pass(Check::issuer);
  if (answer.state() == Introspected::State::refused) {
    trace.pass(Check::introspection);
    const claims::Refusal& refusal = *answer.refusal();
    pass_before(check_of(refusal.step), trace);
    return refuse(check_of(refusal.step), refusal.error);
  }
  if (answer.claims() == nullptr) {
    const bool inactive = answer.state() == Introspected::State::inactive;
    return refuse(Check::introspection,
                  {inactive ? Reason::token_inactive : Reason::introspection_unavailable,
                   "issuer " + config.name});
  }
  trace.pass(Check::introspection);
  pass_before(Check::lifetime, trace);
  // The answer may have been kept for a while.
  if (auto valid = claims::check_lifetime(**answer.claims(), config.claims, now); !valid)
    return refuse(Check::lifetime, std::move(valid).error());
  trace.pass(Check::lifetime);
  trace.pass(Check::claims);
  return Verified{.claims = *answer.claims(),
                  .issuer = issuer,
                  .generation = snapshot.keys[issuer].generation,
                  .config_digest = config.digest};
}

tl::expected<void, Error> recheck(const Verified& verified, const Snapshot& snapshot, WallTime now,
                                  Trace& trace) {
  const auto refuse = [&](Check check, Error error) {
    trace.fail(check);
    return tl::unexpected(std::move(error));
  };
  const claims::Claims& record = *verified.claims;
  if (LATCHKEY_FAILS(recheck_issuer_gone, verified.issuer >= snapshot.config->issuers.size() ||
                                              verified.issuer >= snapshot.keys.size())) {
    return refuse(Check::issuer, Error{Reason::issuer_unknown, "the configuration has changed"});
  }
  const IssuerConfig& config = snapshot.config->issuers[verified.issuer].config;
  if (LATCHKEY_FAILS(recheck_issuer_other, config.issuer != record.issuer) ||
      LATCHKEY_FAILS(recheck_configuration, config.digest != verified.config_digest)) {
    return refuse(Check::issuer, Error{Reason::issuer_unknown, "the configuration has changed"});
  }
  const bool opaque = verified.claims.opaque();  // no key of ours vouches for it
  const IssuerKeys& keys = snapshot.keys[verified.issuer];
  const bool any = verified.algorithm ? keys.keys != nullptr : keys.symmetric != nullptr;
  if (auto usable = check_keys(config, any, keys.fetched_at, now);
      !opaque && LATCHKEY_FAILS(recheck_keys, !usable))
    return refuse(Check::keys, std::move(usable).error());
  if (!opaque && LATCHKEY_FAILS(recheck_key_withdrawn, keys.generation != verified.generation &&
                                                           !still_trusted(keys, verified))) {
    return refuse(Check::key, Error{Reason::key_unknown, "the issuer has withdrawn the key"});
  }
  if (auto valid = claims::check_lifetime(record, config.claims, now);
      LATCHKEY_FAILS(recheck_lifetime, !valid)) {
    return refuse(Check::lifetime, std::move(valid).error());
  }
  for (const Check check : opaque ? std::span<const Check>(kOpaque) : kVerified) trace.pass(check);
  return {};
}

}  // namespace latchkey
