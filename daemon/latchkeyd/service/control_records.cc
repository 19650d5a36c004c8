// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/control_records.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/jwk_set.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;
namespace {

WallTime wall_of(SteadyTime moment, Now now) {
  return now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(moment - now.steady);
}

std::string place_of(const issuer::IssuerConfig& config) {
  if (config.symmetric()) return config.symmetric_key_file;
  if (!config.jwks_file.empty()) return config.jwks_file;
  if (config.inline_keys()) return {};
  return config.jwks_uri.empty() ? config.discovery_url : config.jwks_uri;
}

// "RSA 2048", "EC P-256", "OKP Ed25519"
std::string type_of(const jose::Jwk& key) {
  const std::string type(jose::key_type_name(key.type()));
  switch (key.type()) {
    case jose::KeyType::rsa:
      return fmt::format("{} {}", type, key.bits());
    case jose::KeyType::ec:
      return fmt::format("{} P-{}", type, key.bits());
    case jose::KeyType::okp:
      break;
  }
  return type + " Ed25519";
}

}  // namespace

control::DecisionRecord decision_record(const LoggedDecision& logged) {
  const LoginRequest& request = logged.request;
  const Decision& decision = logged.decision;
  const ReasonRow& reason = row(decision.reason);
  control::DecisionRecord record;
  record.id = logged.id;
  record.time = logged.time;
  record.operation = name(request.operation);
  record.service = request.service;
  record.user = request.user;
  record.ruser = request.ruser;
  record.rhost = request.rhost;
  record.tty = request.tty;
  record.pid = request.pid;
  record.reason = reason.code;
  record.kind = name(reason.kind);
  record.administrator = reason.administrator;
  record.detail = decision.detail;
  record.rule = decision.rule;
  if (!decision.rule_place.empty()) record.rule_place = decision.rule_place;
  record.issuer = decision.issuer;
  record.subject = decision.subject;
  record.key_id = decision.key_id;
  record.clause = reason.clause;
  for (std::size_t i = 0; i < kChecks; ++i) {
    const auto check = static_cast<Check>(i);
    record.checks.push_back({std::string(name(check)), std::string(description(check)),
                             std::string(name(decision.trace[check]))});
  }
  return record;
}

control::DecisionSummary decision_summary(const LoggedDecision& logged) {
  const LoginRequest& request = logged.request;
  const ReasonRow& reason = row(logged.decision.reason);
  return {logged.id,
          logged.time,
          std::string(name(request.operation)),
          request.service,
          request.user,
          request.ruser,
          request.rhost,
          std::string(reason.code),
          std::string(name(reason.kind))};
}

control::RevocationRecord revocation_record(const revocation::Revocation& revocation) {
  control::RevocationRecord record;
  record.id = revocation.id;
  record.kind = revocation::kind_name(revocation.kind);
  record.issuer = revocation.issuer;
  record.value = revocation.value;
  if (revocation.kind == revocation::Kind::subject) record.before = revocation.before;
  record.created_at = revocation.created_at;
  record.comment = revocation.comment;
  record.end = revocation.end;
  return record;
}

std::optional<control::IntrospectionStatus> introspection_status(const issuer::IssuerConfig& config,
                                                                 const IntrospectionState* state) {
  if (!config.introspection.on() || state == nullptr) return std::nullopt;
  control::IntrospectionStatus status;
  status.mode = config.introspection.required() ? "required" : "opaque_only";
  if (state->last_error) {
    status.state = "fails";
  } else if (state->answered_at) {
    status.state = "answers";
  }
  if (config.introspection.down == issuer::WhenDown::signature) status.down = "signature";
  status.active = state->active;
  status.inactive = state->inactive;
  status.invalid = state->invalid;
  status.failed = state->failed;
  status.withheld = state->withheld;
  status.under_way = static_cast<std::int64_t>(state->under_way);
  status.answered_at = state->answered_at;
  status.failed_at = state->failed_at;
  status.last_error = state->last_error;
  return status;
}

control::IssuerStatus issuer_status(const issuer::IssuerConfig& config, const KeyState& state,
                                    Now now) {
  control::IssuerStatus status;
  status.name = config.name;
  status.issuer = config.issuer;
  status.provider = config.provider;
  status.place = place_of(config);
  status.source = name(state.origin);
  const auto fetched_at = state.keys.any() ? std::optional(state.keys.fetched_at) : std::nullopt;
  const auto freshness = latchkeyd::freshness(config, state, now.wall);
  status.stale = !issuer::serves(freshness);
  status.freshness = issuer::name(freshness);
  if (fetched_at && !config.local_keys()) status.serves_until = *fetched_at + config.max_stale;
  if (fetched_at && state.bad_since)
    status.serves_until = wall_of(*state.bad_since + config.max_stale, now);
  status.generation = static_cast<std::int64_t>(state.keys.generation);
  status.fetched_at = fetched_at;
  status.attempted_at = state.attempted_at;
  // Keys in the configuration are looked at with it.
  if (!config.inline_keys()) status.next_fetch_at = wall_of(state.next_fetch, now);
  status.last_error = state.last_error;
  if (state.keys.symmetric) {
    // Without a thumbprint: that of a secret is something to try guesses against (RFC 7638 section
    // 7).
    status.keys.push_back({state.keys.symmetric->kid().value_or(""),
                           "oct",
                           std::string(state.keys.symmetric->id()),
                           {std::string(jose::algorithm_name(state.keys.symmetric->algorithm()))}});
  }
  if (!state.keys.keys) return status;
  for (const jose::Jwk& key : state.keys.keys->keys()) {
    control::KeyStatus shown{key.kid().value_or(""), type_of(key), key.thumbprint(), {}};
    for (std::size_t i = 0; i < jose::kAlgorithms; ++i) {
      const auto algorithm = static_cast<jose::Algorithm>(i);
      if (key.allows(algorithm)) shown.algorithms.emplace_back(jose::algorithm_name(algorithm));
    }
    status.keys.push_back(std::move(shown));
  }
  for (const jose::DroppedKey& key : state.barred)
    status.dropped.push_back({printable(key.kid), key.why});
  for (const jose::DroppedKey& key : state.keys.keys->dropped()) {
    status.dropped.push_back({printable(key.kid), key.why});
  }
  return status;
}

// The local store is always of now.
control::RevocationSourceStatus revocation_source_status(const RevocationSourceState& source,
                                                         Now now) {
  using revocation::FeedState;
  const auto count = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  const auto seconds = [](std::chrono::milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
  };
  const FeedState state =
      source.kind == "local" ? FeedState::fresh : revocation::feed_state(source.feed, now.wall);
  control::RevocationSourceStatus status;
  status.name = source.feed.policy.name;
  status.kind = source.kind;
  status.state = revocation::feed_state_name(state);
  if (state == FeedState::stale) status.refuses = source.feed.policy.stale_refuses;
  if (state == FeedState::absent) status.refuses = source.feed.policy.absent_refuses;
  if (!source.uri.empty()) status.uri = source.uri;
  if (!source.issuer.empty()) status.issuer = source.issuer;
  if (source.bits != 0) status.bits = count(source.bits);
  if (source.version) status.version = count(static_cast<std::size_t>(*source.version));
  status.base_entries = count(source.base_entries);
  status.delta_entries = count(source.delta_entries);
  status.bytes = count(source.bytes);
  if (const auto& known = source.feed.known) {
    status.issued_at = known->issued_at;
    status.age_s = seconds(now.wall - known->as_of);
    status.max_age_s = known->max_age.count();
  }
  status.attempted_at = source.attempted_at;
  if (source.next_fetch) status.next_fetch_at = wall_of(*source.next_fetch, now);
  status.last_error = source.last_error;
  return status;
}

control::RefreshedIssuer refreshed_issuer(std::string issuer, const Refreshed& refreshed, Now now) {
  control::RefreshedIssuer record{std::move(issuer), std::string(name(refreshed.outcome)), {}, {}};
  if (refreshed.outcome == Refreshed::Outcome::failed) record.error = refreshed.error;
  if (refreshed.outcome == Refreshed::Outcome::too_soon)
    record.again_at = wall_of(refreshed.again_at, now);
  return record;
}

namespace {

std::string state_name(SessionKeeper::State state) {
  switch (state) {
    case SessionKeeper::State::open:
      return "open";
    case SessionKeeper::State::ending:
      return "ending";
    case SessionKeeper::State::not_ended:
      return "not_ended";
    case SessionKeeper::State::refused:
      return "refused";
    case SessionKeeper::State::no_note:
      break;
  }
  return "no_note";
}

}  // namespace

control::SessionRecord session_record(const SessionKeeper::Session& session) {
  const Login& login = *session.login;
  const LoginPlace place = login.place.value_or(LoginPlace{});
  return {.id = login.id,
          .state = state_name(session.state),
          .user = login.user,
          .service = login.service,
          .rule = login.rule,
          .issuer = login.claims.issuer,
          .subject = login.claims.subject,
          .token_id = login.claims.token_id,
          .provider_session = login.claims.session,
          .key_id = login.claims.key_id,
          .expires_at = login.claims.expires_at,
          .rhost = login.rhost,
          .tty = place.tty,
          .pid = place.pid,
          .logind_session = place.session,
          .opened_at = place.opened_at};
}

}  // namespace latchkey::latchkeyd
