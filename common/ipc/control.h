// SPDX-License-Identifier: Apache-2.0
//
// The control messages between latchkeyctl and latchkeyd as types (io.latchkey.Control.varlink):
// both programs use these and nothing else, so they cannot disagree about a member. Each method is
// a struct with its name, its Request and its Answer; `control_calls.h` binds them to a Varlink
// service and a Varlink client.
//
// Reading is strict: a missing member, a wrong type or a value out of bounds is `malformed`, and so
// is an unknown member of a request; an answer may have grown one in a newer daemon. A nullable
// member (`?T` in the interface) may be left out or null, and is left out when written. Times are
// RFC 3339 in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "ipc/control_accounts.h"
#include "ipc/control_issuers.h"
#include "ipc/control_revocations.h"
#include "ipc/fault.h"

namespace latchkey::ipc::control {

inline constexpr std::string_view kInterface = "io.latchkey.Control";
inline constexpr std::size_t kPageMost =
    1'000;  // entries of one answer of Decisions and Revocations

// The text of io.latchkey.Control.varlink.
std::string_view interface_description();

struct Empty {};

struct DecisionCounters {
  std::int64_t allowed = 0;
  std::int64_t refused = 0;
  std::int64_t unavailable = 0;
  std::int64_t user_unknown = 0;
  std::int64_t not_managed = 0;
};

struct StatusAnswer {
  std::string version;
  std::int64_t pid = 0;
  WallTime started_at{};
  std::string config_digest;
  WallTime config_loaded_at{};
  std::optional<std::string> config_error;  // first error of the last reload, where it failed
  std::int64_t snapshot = 0;
  std::int64_t workers = 0;
  std::int64_t conversations = 0;  // open now
  std::int64_t logins = 0;         // open now
  std::int64_t bindings = 0;
  std::int64_t revocations = 0;
  std::int64_t remembered_tokens = 0;
  DecisionCounters decisions;              // since the start
  std::optional<std::string> state_error;  // the state store's last error, while it stands
  std::optional<std::string> fetch_error;  // why latchkey-fetchd cannot be reached, while it cannot
  std::optional<std::string> sessions_error;  // why sessions are not ended, while they are not
  std::vector<IssuerStatus> issuers;
  std::vector<RevocationSourceStatus> revocation_sources;  // the local store first
  NamesStatus names;
};

struct Status {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Status";
  using Request = Empty;
  using Answer = StatusAnswer;
};

struct GetConfigAnswer {
  std::string yaml;  // the effective configuration
  std::string digest;
};

struct GetConfig {
  static constexpr std::string_view kMethod = "io.latchkey.Control.GetConfig";
  using Request = Empty;
  using Answer = GetConfigAnswer;
};

struct ReloadAnswer {
  bool changed = false;
};

// Error: ConfigInvalid.
struct Reload {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Reload";
  using Request = Empty;
  using Answer = ReloadAnswer;
};

struct CheckRecord {
  std::string check;
  std::string description;
  std::string outcome;  // passed | failed | not_reached
};

struct DecisionRecord {
  std::string id;  // the request id that the user saw
  WallTime time{};
  std::string operation;
  std::string service;
  std::string user;
  std::string ruser;
  std::string rhost;
  std::string tty;
  std::int64_t pid = 0;
  std::string reason;
  std::string
      kind;  // "class" on the wire: allowed | refused | user_unknown | unavailable | not_managed
  std::string administrator;
  std::string detail;
  std::string rule;
  std::optional<std::string> rule_place;  // file:line of the rule
  std::string issuer;
  std::string subject;
  std::string key_id;
  std::string clause;
  std::vector<CheckRecord> checks;
};

struct ExplainRequest {
  std::string id;
};

struct ExplainAnswer {
  DecisionRecord decision;
};

// Error: NotFound.
struct Explain {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Explain";
  using Request = ExplainRequest;
  using Answer = ExplainAnswer;
};

struct DecisionSummary {
  std::string id;
  WallTime time{};
  std::string operation;
  std::string service;
  std::string user;
  std::string ruser;
  std::string rhost;
  std::string reason;
  std::string kind;  // "class" on the wire
};

struct DecisionsRequest {
  std::optional<std::int64_t> limit;  // 1 to kPageMost; default 20
  std::optional<std::string> user;    // PAM_USER or PAM_RUSER
};

struct DecisionsAnswer {
  std::vector<DecisionSummary> decisions;  // newest first
};

struct Decisions {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Decisions";
  using Request = DecisionsRequest;
  using Answer = DecisionsAnswer;
};

struct RevokeRequest {
  std::string kind;  // token | token_hash | session | subject | key | user
  // `iss` value or short name; token, session and subject. Of a key: `value` is its kid there.
  std::optional<std::string> issuer;
  std::string value;
  std::optional<WallTime> before;  // subject only; default: now and the leeway
  std::optional<std::string> comment;
  std::optional<WallTime> end;  // forgotten from then on; never later than a token could live
};

struct RevokeAnswer {
  std::int64_t id = 0;
};

// Answered once every worker has it. Errors: Refused, InvalidParameter.
struct Revoke {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Revoke";
  using Request = RevokeRequest;
  using Answer = RevokeAnswer;
};

struct RevokeManyRequest {
  std::vector<RevokeRequest> revocations;  // 1 to kPageMost
};

struct RevokeManyAnswer {
  std::vector<std::int64_t> ids;  // one for each
};

// All of them or none, in one transaction; answered once every worker has them. Errors: Refused,
// InvalidParameter ("revocations[17].value").
struct RevokeMany {
  static constexpr std::string_view kMethod = "io.latchkey.Control.RevokeMany";
  using Request = RevokeManyRequest;
  using Answer = RevokeManyAnswer;
};

struct RevocationRecord {
  std::int64_t id = 0;
  std::string kind;
  std::string issuer;
  std::string value;
  std::optional<WallTime> before;
  WallTime created_at{};
  std::string comment;
  std::optional<WallTime> end;
};

struct RevocationsRequest {
  std::optional<std::string> kind;
  std::optional<std::int64_t> after;  // only ids above it: the next page
  std::optional<std::int64_t> limit;  // 1 to kPageMost; default kPageMost
};

struct RevocationsAnswer {
  std::vector<RevocationRecord> revocations;  // by rising id
  bool more = false;                          // there are some after the last one given
};

struct Revocations {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Revocations";
  using Request = RevocationsRequest;
  using Answer = RevocationsAnswer;
};

struct RemoveRevocationRequest {
  std::int64_t id = 0;
};

// Answered once every worker has it. Errors: NotFound, Refused.
struct RemoveRevocation {
  static constexpr std::string_view kMethod = "io.latchkey.Control.RemoveRevocation";
  using Request = RemoveRevocationRequest;
  using Answer = Empty;
};

struct BindingRecord {
  std::string user;
  std::string issuer;
  std::string subject;
};

struct BindingsRequest {
  std::optional<std::string> after;   // only names above it: the next page
  std::optional<std::int64_t> limit;  // 1 to kPageMost; default kPageMost
};

struct BindingsAnswer {
  std::vector<BindingRecord> bindings;  // by rising name
  bool more = false;
};

struct Bindings {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Bindings";
  using Request = BindingsRequest;
  using Answer = BindingsAnswer;
};

struct RemoveBindingRequest {
  std::string user;
};

// Answered once every worker has it. Errors: NotFound, Refused.
struct RemoveBinding {
  static constexpr std::string_view kMethod = "io.latchkey.Control.RemoveBinding";
  using Request = RemoveBindingRequest;
  using Answer = Empty;
};

// A login that has opened a session, by what it signed in with.
struct SessionRecord {
  std::string id;     // of the login
  std::string state;  // open | ending | not_ended | no_note | refused
  std::string user;
  std::string service;
  std::string rule;
  std::string issuer;
  std::string subject;
  std::string token_id;
  std::string provider_session;  // `sid`
  std::string key_id;            // RFC 7638 thumbprint
  WallTime expires_at{};         // of the token
  std::string rhost;
  std::string tty;
  std::int64_t pid = 0;  // of the host process
  std::string logind_session;
  WallTime opened_at{};
};

struct SessionsRequest {
  std::optional<std::string> after;   // only ids above it: the next page
  std::optional<std::int64_t> limit;  // 1 to kPageMost; default kPageMost
};

struct SessionsAnswer {
  std::vector<SessionRecord> sessions;  // by rising id
  bool more = false;
};

struct Sessions {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Sessions";
  using Request = SessionsRequest;
  using Answer = SessionsAnswer;
};

struct EndSessionRequest {
  std::string id;
};

struct EndSessionAnswer {
  std::string outcome;  // ending | gone
};

// Answered once latchkey-endd has it. Errors: NotFound, Refused.
struct EndSession {
  static constexpr std::string_view kMethod = "io.latchkey.Control.EndSession";
  using Request = EndSessionRequest;
  using Answer = EndSessionAnswer;
};

struct ConfigErrorRecord {
  std::string file;
  std::int64_t line = 0;
  std::int64_t column = 0;
  std::string message;
};

struct RefusedError {
  std::string reason;
};

struct InvalidParameterError {
  std::string parameter;
};

struct ConfigInvalidError {
  std::vector<ConfigErrorRecord> errors;
};

// The errors that a method may answer with instead, as one value (control_calls.h turns it into a
// reply and back).
struct MethodError {
  enum class Kind : std::uint8_t { config_invalid, not_found, refused, invalid_parameter, other };
  Kind kind = Kind::refused;
  std::string text;  // refused: why; invalid_parameter: the member's name; other: the error's name
  std::vector<ConfigErrorRecord> errors;  // config_invalid
};

// The JSON text of an object, for and from Varlink's `parameters`.
std::string to_json(const Empty& value);
std::string to_json(const StatusAnswer& value);
std::string to_json(const IssuersRequest& value);
std::string to_json(const IssuersAnswer& value);
std::string to_json(const RefreshKeysRequest& value);
std::string to_json(const RefreshKeysAnswer& value);
std::string to_json(const GetConfigAnswer& value);
std::string to_json(const GetKeysRequest& value);
std::string to_json(const GetKeysAnswer& value);
std::string to_json(const ReloadAnswer& value);
std::string to_json(const ExplainRequest& value);
std::string to_json(const ExplainAnswer& value);
std::string to_json(const DecisionsRequest& value);
std::string to_json(const DecisionsAnswer& value);
std::string to_json(const RevokeRequest& value);
std::string to_json(const RevokeAnswer& value);
std::string to_json(const RevokeManyRequest& value);
std::string to_json(const RevokeManyAnswer& value);
std::string to_json(const RevocationsRequest& value);
std::string to_json(const RevocationsAnswer& value);
std::string to_json(const RemoveRevocationRequest& value);
std::string to_json(const BindingsRequest& value);
std::string to_json(const BindingsAnswer& value);
std::string to_json(const RemoveBindingRequest& value);
std::string to_json(const SessionsRequest& value);
std::string to_json(const SessionsAnswer& value);
std::string to_json(const EndSessionRequest& value);
std::string to_json(const EndSessionAnswer& value);
std::string to_json(const RefusedError& value);
std::string to_json(const InvalidParameterError& value);
std::string to_json(const ConfigInvalidError& value);

// Specialised for each type above that has a `to_json`. A fault is `malformed` and its detail is
// the name of the member that is wrong.
template <typename T>
Result<T> from_json(std::string_view text);

}  // namespace latchkey::ipc::control
