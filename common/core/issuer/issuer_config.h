// SPDX-License-Identifier: Apache-2.0
//
// One issuer's section of the configuration. Filled by config/ only; latchkeyd and fetchd read the same file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/claims/claims_policy.h"
#include "core/issuer/introspection_config.h"
#include "core/jose/algorithm.h"

namespace latchkey::issuer {

struct IssuerConfig {
  std::string name;                        // short, unique: logs, commands, file names ([a-z0-9-], at most 32)
  std::string issuer;                      // the `iss` value; https URL; compared byte for byte
  std::vector<std::string> origins;        // https origins besides the issuer's own that keys may be fetched from
  std::string discovery_url;               // default: issuer + "/.well-known/openid-configuration"
  std::string jwks_uri;                    // where set: discovery is skipped
  std::string jwks_file;                   // where set: keys come from this file and nothing is fetched
  std::string symmetric_key_file;  // where set: tokens are HMACs with the key in it, and nothing
                                   // else is taken
  std::optional<jose::SymmetricAlgorithm> symmetric_algorithm;  // set where the file is
  std::string ca_file;                     // empty: the system's CAs
  std::vector<jose::Algorithm>
      algorithms;  // allowed ones; empty only where there is a symmetric key
  claims::ClaimsPolicy claims;
  std::chrono::seconds refresh_interval{300};      // lifetime of a key set where the provider does not say
  std::chrono::seconds min_fetch_interval{60};     // between two fetches because of an unknown kid
  std::chrono::seconds max_stale{86'400};          // last good keys serve at most so long
  std::chrono::seconds fetch_timeout{10};
  IntrospectionConfig introspection;
  std::string digest;                      // lower-case hex SHA-256 over the canonical dump of this section

  bool symmetric() const { return !symmetric_key_file.empty(); }
  // The keys come from a file: they are not fetched and do not go stale.
  bool local_keys() const { return symmetric() || !jwks_file.empty(); }
};

}  // namespace latchkey::issuer
