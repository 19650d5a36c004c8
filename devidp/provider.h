// SPDX-License-Identifier: Apache-2.0
//
// Where things of a provider lie, in its folder and under its URL.
#pragma once

#include <string>

namespace latchkey::devidp {

inline constexpr const char* kDiscoveryPath = "/.well-known/openid-configuration";
inline constexpr const char* kJwksPath = "/jwks";

inline std::string issuer_file(const std::string& folder) { return folder + "/issuer"; }
inline std::string jwks_file(const std::string& folder) { return folder + "/jwks.json"; }

}  // namespace latchkey::devidp
