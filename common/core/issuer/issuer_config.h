// SPDX-License-Identifier: Apache-2.0
//
// One issuer's section of the configuration. Filled by config/ only; latchkeyd and fetchd read the
// same file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/claims/claims_policy.h"
#include "core/issuer/introspection_config.h"
#include "core/jose/algorithm.h"

namespace latchkey::issuer {

// A JWK set that stands in the configuration itself, as JSON.
struct InlineKeys {
  std::string document;  // empty: there is none
};

struct IssuerConfig {
  std::string name;    // short, unique: logs, commands, file names ([a-z0-9-], at most 32)
  std::string issuer;  // the `iss` value; https URL; compared byte for byte
  std::vector<std::string>
      origins;            // https origins besides the issuer's own that keys may be fetched from
  std::string provider;   // the preset that filled what the section leaves open; empty: none
  std::string discovery;  // "oidc", "oauth" or empty (oidc): where the metadata lie by default
  std::string discovery_url;       // default: by `discovery` and the issuer
  std::string jwks_uri;            // where set: discovery is skipped
  std::string jwks_file;           // where set: keys come from this file and nothing is fetched
  InlineKeys keys;                 // where there are some: nothing is fetched
  std::string symmetric_key_file;  // where set: tokens are HMACs with the key in it, and nothing
                                   // else is taken
  std::optional<jose::SymmetricAlgorithm> symmetric_algorithm;  // set where the file is
  std::string ca_file;                                          // empty: the system's CAs
  std::vector<std::string>
      tls_pins;       // "sha256//…": the provider's key must be one of them; empty: any
  std::string proxy;  // "http://host:port", without credentials; empty: none
  std::vector<jose::Algorithm>
      algorithms;  // allowed ones; empty only where there is a symmetric key
  claims::ClaimsPolicy claims;
  std::chrono::seconds refresh_interval{
      300};  // lifetime of a key set where the provider does not say
  std::optional<std::chrono::seconds>
      max_refresh_interval;                     // of what the provider says; default: max_stale / 2
  std::chrono::seconds min_fetch_interval{60};  // between two fetches because of an unknown kid
  std::chrono::seconds max_stale{86'400};       // last good keys serve at most so long
  std::chrono::seconds fetch_timeout{10};
  IntrospectionConfig introspection;
  std::string digest;  // lower-case hex SHA-256 over the canonical dump of this section

  bool symmetric() const { return !symmetric_key_file.empty(); }
  bool inline_keys() const { return !keys.document.empty(); }
  // The keys lie on this host: they are not fetched and do not go stale.
  bool local_keys() const { return symmetric() || inline_keys() || !jwks_file.empty(); }
};

}  // namespace latchkey::issuer
