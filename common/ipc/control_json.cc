// SPDX-License-Identifier: Apache-2.0
//
// The members of every control message, once, and what is made of the list: `to_json` and
// `from_json`. The order is that of io.latchkey.Control.varlink; a test compares the two.
#include "ipc/control.h"

#include "ipc/json_message.h"

namespace latchkey::ipc::control {
namespace {

constexpr auto kRevocationKinds =
    json::one_of("token", "token_hash", "session", "subject", "key", "user");
constexpr auto kKeySources = json::one_of("fetched", "cache", "file", "configuration", "none");
constexpr auto kFreshness = json::one_of("none", "fresh", "due", "stale", "too_stale");
constexpr auto kIntrospectionModes = json::one_of("opaque_only", "required");
constexpr auto kIntrospectionStates = json::one_of("not_asked", "answers", "fails");
constexpr auto kSourceStates = json::one_of("fresh", "stale", "absent");
constexpr auto kWhenDown = json::one_of("refuse", "signature");
constexpr json::Between kPage{1, static_cast<std::int64_t>(kPageMost)};

}  // namespace

template <typename Walk>
void fields(Walk&, Empty&) {}

template <typename Walk>
void fields(Walk& walk, KeyStatus& value) {
  walk("kid", value.kid);
  walk("type", value.type);
  walk("thumbprint", value.thumbprint);
  walk("algorithms", value.algorithms);
}

template <typename Walk>
void fields(Walk& walk, DroppedKeyStatus& value) {
  walk("kid", value.kid);
  walk("why", value.why);
}

template <typename Walk>
void fields(Walk& walk, IntrospectionStatus& value) {
  walk("mode", value.mode, kIntrospectionModes);
  walk("state", value.state, kIntrospectionStates);
  walk("down", value.down, kWhenDown);
  walk("active", value.active);
  walk("inactive", value.inactive);
  walk("invalid", value.invalid);
  walk("failed", value.failed);
  walk("withheld", value.withheld);
  walk("under_way", value.under_way);
  walk("answered_at", value.answered_at);
  walk("failed_at", value.failed_at);
  walk("last_error", value.last_error);
}

template <typename Walk>
void fields(Walk& walk, IssuerStatus& value) {
  walk("name", value.name);
  walk("issuer", value.issuer);
  walk("provider", value.provider);
  walk("place", value.place);
  walk("source", value.source, kKeySources);
  walk("stale", value.stale);
  walk("freshness", value.freshness, kFreshness);
  walk("serves_until", value.serves_until);
  walk("generation", value.generation);
  walk("keys", value.keys);
  walk("dropped", value.dropped);
  walk("fetched_at", value.fetched_at);
  walk("attempted_at", value.attempted_at);
  walk("next_fetch_at", value.next_fetch_at);
  walk("last_error", value.last_error);
  walk("introspection", value.introspection);
}

template <typename Walk>
void fields(Walk& walk, RevocationSourceStatus& value) {
  walk("name", value.name);
  walk("kind", value.kind);
  walk("state", value.state, kSourceStates);
  walk("refuses", value.refuses);
  walk("version", value.version);
  walk("base_entries", value.base_entries);
  walk("delta_entries", value.delta_entries);
  walk("bytes", value.bytes);
  walk("issued_at", value.issued_at);
  walk("age_s", value.age_s);
  walk("max_age_s", value.max_age_s);
  walk("attempted_at", value.attempted_at);
  walk("next_fetch_at", value.next_fetch_at);
  walk("last_error", value.last_error);
  walk("uri", value.uri);
  walk("issuer", value.issuer);
  walk("bits", value.bits);
}

template <typename Walk>
void fields(Walk& walk, DecisionCounters& value) {
  walk("allowed", value.allowed);
  walk("refused", value.refused);
  walk("unavailable", value.unavailable);
  walk("user_unknown", value.user_unknown);
  walk("not_managed", value.not_managed);
}

template <typename Walk>
void fields(Walk& walk, NamesStatus& value) {
  walk("path", value.path);
  walk("makes", value.makes);
  walk("error", value.error);
  walk("accounts", value.accounts);
  walk("closed", value.closed);
  walk("lacking", value.lacking);
  walk("unknown_source", value.unknown_source);
  walk("refused_groups", value.refused_groups);
}

template <typename Walk>
void fields(Walk& walk, StatusAnswer& value) {
  walk("version", value.version);
  walk("pid", value.pid);
  walk("started_at", value.started_at);
  walk("config_digest", value.config_digest);
  walk("config_loaded_at", value.config_loaded_at);
  walk("config_error", value.config_error);
  walk("snapshot", value.snapshot);
  walk("workers", value.workers);
  walk("conversations", value.conversations);
  walk("logins", value.logins);
  walk("bindings", value.bindings);
  walk("revocations", value.revocations);
  walk("remembered_tokens", value.remembered_tokens);
  walk("decisions", value.decisions);
  walk("state_error", value.state_error);
  walk("fetch_error", value.fetch_error);
  walk("sessions_error", value.sessions_error);
  walk("issuers", value.issuers);
  walk("revocation_sources", value.revocation_sources);
  walk("names", value.names);
}

template <typename Walk>
void fields(Walk& walk, IssuersRequest& value) {
  walk("issuer", value.issuer);
}

template <typename Walk>
void fields(Walk& walk, IssuersAnswer& value) {
  walk("issuers", value.issuers);
}

template <typename Walk>
void fields(Walk& walk, RefreshKeysRequest& value) {
  walk("issuer", value.issuer);
}

template <typename Walk>
void fields(Walk& walk, RefreshedIssuer& value) {
  walk("issuer", value.issuer);
  walk("outcome", value.outcome, json::one_of("changed", "unchanged", "too_soon", "failed"));
  walk("error", value.error);
  walk("again_at", value.again_at);
}

template <typename Walk>
void fields(Walk& walk, RefreshKeysAnswer& value) {
  walk("issuers", value.issuers);
}

template <typename Walk>
void fields(Walk& walk, GetConfigAnswer& value) {
  walk("yaml", value.yaml);
  walk("digest", value.digest);
}

template <typename Walk>
void fields(Walk& walk, GetKeysRequest& value) {
  walk("issuer", value.issuer);
}

template <typename Walk>
void fields(Walk& walk, GetKeysAnswer& value) {
  walk("issuer", value.issuer);
  walk("source", value.source, kKeySources);
  walk("stale", value.stale);
  walk("generation", value.generation);
  walk("fetched_at", value.fetched_at);
  walk("jwks", value.jwks);
}

template <typename Walk>
void fields(Walk& walk, ReloadAnswer& value) {
  walk("changed", value.changed);
}

template <typename Walk>
void fields(Walk& walk, CheckRecord& value) {
  walk("check", value.check);
  walk("description", value.description);
  walk("outcome", value.outcome, json::one_of("passed", "failed", "not_reached"));
}

template <typename Walk>
void fields(Walk& walk, DecisionRecord& value) {
  walk("id", value.id);
  walk("time", value.time);
  walk("operation", value.operation);
  walk("service", value.service);
  walk("user", value.user);
  walk("ruser", value.ruser);
  walk("rhost", value.rhost);
  walk("tty", value.tty);
  walk("pid", value.pid);
  walk("reason", value.reason);
  walk("class", value.kind);
  walk("administrator", value.administrator);
  walk("detail", value.detail);
  walk("rule", value.rule);
  walk("rule_place", value.rule_place);
  walk("issuer", value.issuer);
  walk("subject", value.subject);
  walk("key_id", value.key_id);
  walk("clause", value.clause);
  walk("checks", value.checks);
}

template <typename Walk>
void fields(Walk& walk, DecisionSummary& value) {
  walk("id", value.id);
  walk("time", value.time);
  walk("operation", value.operation);
  walk("service", value.service);
  walk("user", value.user);
  walk("ruser", value.ruser);
  walk("rhost", value.rhost);
  walk("reason", value.reason);
  walk("class", value.kind);
}

template <typename Walk>
void fields(Walk& walk, RevocationRecord& value) {
  walk("id", value.id);
  walk("kind", value.kind, kRevocationKinds);
  walk("issuer", value.issuer);
  walk("value", value.value);
  walk("before", value.before);
  walk("created_at", value.created_at);
  walk("comment", value.comment);
  walk("end", value.end);
}

template <typename Walk>
void fields(Walk& walk, BindingRecord& value) {
  walk("user", value.user);
  walk("issuer", value.issuer);
  walk("subject", value.subject);
}

template <typename Walk>
void fields(Walk& walk, ConfigErrorRecord& value) {
  walk("file", value.file);
  walk("line", value.line);
  walk("column", value.column);
  walk("message", value.message);
}

template <typename Walk>
void fields(Walk& walk, ExplainRequest& value) {
  walk("id", value.id);
}

template <typename Walk>
void fields(Walk& walk, ExplainAnswer& value) {
  walk("decision", value.decision);
}

template <typename Walk>
void fields(Walk& walk, DecisionsRequest& value) {
  walk("limit", value.limit, kPage);
  walk("user", value.user);
}

template <typename Walk>
void fields(Walk& walk, DecisionsAnswer& value) {
  walk("decisions", value.decisions);
}

template <typename Walk>
void fields(Walk& walk, RevokeRequest& value) {
  walk("kind", value.kind, kRevocationKinds);
  walk("issuer", value.issuer);
  walk("value", value.value);
  walk("before", value.before);
  walk("comment", value.comment);
  walk("end", value.end);
}

template <typename Walk>
void fields(Walk& walk, RevokeAnswer& value) {
  walk("id", value.id);
}

template <typename Walk>
void fields(Walk& walk, RevokeManyRequest& value) {
  walk("revocations", value.revocations);
}

template <typename Walk>
void fields(Walk& walk, RevokeManyAnswer& value) {
  walk("ids", value.ids);
}

template <typename Walk>
void fields(Walk& walk, RevocationsRequest& value) {
  walk("kind", value.kind, kRevocationKinds);
  walk("after", value.after);
  walk("limit", value.limit, kPage);
}

template <typename Walk>
void fields(Walk& walk, RevocationsAnswer& value) {
  walk("revocations", value.revocations);
  walk("more", value.more);
}

template <typename Walk>
void fields(Walk& walk, RemoveRevocationRequest& value) {
  walk("id", value.id);
}

template <typename Walk>
void fields(Walk& walk, BindingsRequest& value) {
  walk("after", value.after);
  walk("limit", value.limit, kPage);
}

template <typename Walk>
void fields(Walk& walk, BindingsAnswer& value) {
  walk("bindings", value.bindings);
  walk("more", value.more);
}

template <typename Walk>
void fields(Walk& walk, RemoveBindingRequest& value) {
  walk("user", value.user);
}

template <typename Walk>
void fields(Walk& walk, RefusedError& value) {
  walk("reason", value.reason);
}

template <typename Walk>
void fields(Walk& walk, InvalidParameterError& value) {
  walk("parameter", value.parameter);
}

template <typename Walk>
void fields(Walk& walk, ConfigInvalidError& value) {
  walk("errors", value.errors);
}

// Requests are read to the letter (Varlink answers an unknown parameter with InvalidParameter);
// answers may have grown a member in a newer daemon.
LATCHKEY_MESSAGE(Empty, refused)
LATCHKEY_MESSAGE(StatusAnswer, ignored)
LATCHKEY_MESSAGE(IssuersRequest, refused)
LATCHKEY_MESSAGE(IssuersAnswer, ignored)
LATCHKEY_MESSAGE(RefreshKeysRequest, refused)
LATCHKEY_MESSAGE(RefreshKeysAnswer, ignored)
LATCHKEY_MESSAGE(GetConfigAnswer, ignored)
LATCHKEY_MESSAGE(GetKeysRequest, refused)
LATCHKEY_MESSAGE(GetKeysAnswer, ignored)
LATCHKEY_MESSAGE(ReloadAnswer, ignored)
LATCHKEY_MESSAGE(ExplainRequest, refused)
LATCHKEY_MESSAGE(ExplainAnswer, ignored)
LATCHKEY_MESSAGE(DecisionsRequest, refused)
LATCHKEY_MESSAGE(DecisionsAnswer, ignored)
LATCHKEY_MESSAGE(RevokeRequest, refused)
LATCHKEY_MESSAGE(RevokeAnswer, ignored)
LATCHKEY_MESSAGE(RevokeManyRequest, refused)
LATCHKEY_MESSAGE(RevokeManyAnswer, ignored)
LATCHKEY_MESSAGE(RevocationsRequest, refused)
LATCHKEY_MESSAGE(RevocationsAnswer, ignored)
LATCHKEY_MESSAGE(RemoveRevocationRequest, refused)
LATCHKEY_MESSAGE(BindingsRequest, refused)
LATCHKEY_MESSAGE(BindingsAnswer, ignored)
LATCHKEY_MESSAGE(RemoveBindingRequest, refused)
LATCHKEY_MESSAGE(RefusedError, ignored)
LATCHKEY_MESSAGE(InvalidParameterError, ignored)
LATCHKEY_MESSAGE(ConfigInvalidError, ignored)

}  // namespace latchkey::ipc::control
