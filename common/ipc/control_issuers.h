// SPDX-License-Identifier: Apache-2.0
//
// The part of control.h that is about issuers: their keys, what came of asking them about tokens,
// and the methods that show and refresh them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace latchkey::ipc::control {

struct KeyStatus {
  std::string kid;   // empty: the key has none
  std::string type;  // "RSA 2048"
  std::string thumbprint;
  std::vector<std::string> algorithms;
};

struct DroppedKeyStatus {
  std::string kid;
  std::string why;
};

struct IntrospectionStatus {
  std::string mode;                 // opaque_only | required
  std::string state = "not_asked";  // not_asked | answers | fails: what came of the last question
  std::string down = "refuse";      // refuse | signature: what a signed token is worth meanwhile
  std::int64_t active = 0;
  std::int64_t inactive = 0;
  std::int64_t invalid = 0;   // what came was no answer
  std::int64_t failed = 0;    // nothing came
  std::int64_t withheld = 0;  // not asked, because of a limit
  std::int64_t under_way = 0;
  std::optional<WallTime> answered_at;    // last, well
  std::optional<WallTime> failed_at;      // last
  std::optional<std::string> last_error;  // unset after a good answer
};

struct IssuerStatus {
  std::string name;
  std::string issuer;
  std::string provider;  // the preset; empty: none
  std::string place;     // a URL or a path; empty: the configuration
  std::string source;    // fetched | cache | file | configuration | none
  bool stale = false;    // older than max_stale, or none: logins of this issuer are unavailable
  std::string freshness = "none";  // none | fresh | due | stale | too_stale; stale ones still serve
  std::optional<WallTime> serves_until;  // unless they come anew before; unset: for ever, or none
  std::int64_t generation = 0;
  std::vector<KeyStatus> keys;
  std::vector<DroppedKeyStatus> dropped;
  std::optional<WallTime> fetched_at;
  std::optional<WallTime> attempted_at;
  std::optional<WallTime> next_fetch_at;
  std::optional<std::string> last_error;             // of the last attempt; unset after a good one
  std::optional<IntrospectionStatus> introspection;  // unset: it is not asked about tokens
};

struct IssuersRequest {
  std::optional<std::string> issuer;  // short name
};

struct IssuersAnswer {
  std::vector<IssuerStatus> issuers;
};

// Error: NotFound.
struct Issuers {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Issuers";
  using Request = IssuersRequest;
  using Answer = IssuersAnswer;
};

struct RefreshKeysRequest {
  std::optional<std::string> issuer;  // short name
};

struct RefreshedIssuer {
  std::string issuer;   // short name
  std::string outcome;  // changed | unchanged | too_soon | failed
  std::optional<std::string> error;
  std::optional<WallTime> again_at;  // too_soon
};

struct RefreshKeysAnswer {
  std::vector<RefreshedIssuer> issuers;
};

// Answered once every worker has what it says. Error: NotFound.
struct RefreshKeys {
  static constexpr std::string_view kMethod = "io.latchkey.Control.RefreshKeys";
  using Request = RefreshKeysRequest;
  using Answer = RefreshKeysAnswer;
};

struct GetKeysRequest {
  std::string issuer;  // short name
};

struct GetKeysAnswer {
  std::string issuer;  // short name
  std::string source;  // fetched | cache | file | configuration | none
  bool stale = false;
  std::int64_t generation = 0;
  std::optional<WallTime> fetched_at;
  std::optional<std::string> jwks;  // as the provider wrote it; public keys
};

// Error: NotFound.
struct GetKeys {
  static constexpr std::string_view kMethod = "io.latchkey.Control.GetKeys";
  using Request = GetKeysRequest;
  using Answer = GetKeysAnswer;
};

}  // namespace latchkey::ipc::control
