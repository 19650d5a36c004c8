// SPDX-License-Identifier: Apache-2.0
//
// A provider's metadata, as far as a verifier of tokens reads it (OpenID Connect Discovery 1.0
// section 3, RFC 8414 section 2), and where it and the keys may be fetched from: the issuer's
// origin and the origins that the configuration names, over https, and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/issuer/https_url.h"
#include "core/issuer/issuer_config.h"

namespace latchkey::issuer {

struct ProviderMetadata {
  std::string issuer;    // equals the configured one, byte for byte
  std::string jwks_uri;  // https, at an allowed origin
};

// Where the discovery document lies: `discovery_url` where it is set, else where the standard that
// `discovery` names puts it (Discovery section 4.1, RFC 8414 section 3.1).
std::string discovery_url(const IssuerConfig& config);

// The issuer's own origin, that of a configured `discovery_url` or `jwks_uri`, and `origins`.
std::vector<Origin> allowed_origins(const IssuerConfig& config);

// The URL (any bytes) is https and at an allowed origin. keys_missing, with what is wrong.
Expected<void> check_url(const IssuerConfig& config, std::string_view url);

// The endpoint of introspection, out of such a document (RFC 8414 section 2), at an allowed origin.
// introspection_unavailable, with what is wrong.
Expected<std::string> parse_introspection_endpoint(std::string_view json,
                                                   const IssuerConfig& config);

// A discovery document: any bytes from the network, up to limits::kDiscoveryBytes. keys_missing,
// with what is wrong: without it there are no keys.
Expected<ProviderMetadata> parse_metadata(std::string_view json, const IssuerConfig& config);

}  // namespace latchkey::issuer
