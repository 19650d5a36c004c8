// SPDX-License-Identifier: Apache-2.0
//
// The limits table of the core: what input of which size is looked at. Sizes are bytes unless the
// name says otherwise. The conversation's own limits stand in wire/limits.h.
#pragma once

#include <chrono>
#include <cstddef>

namespace latchkey::limits {

inline constexpr std::size_t kTokenBytes = 65'536;
inline constexpr std::size_t kHeaderBytes = 4'096;  // decoded JOSE header
inline constexpr std::size_t kKidBytes = 256;
inline constexpr std::size_t kJsonDepth = 16;
inline constexpr std::size_t kJsonMembers = 1'024;       // of one object
inline constexpr std::size_t kNameBytes = 32;            // a local user or group name
inline constexpr std::size_t kClaimStringBytes = 2'048;  // iss, sub, jti, acr, a group value …
inline constexpr std::size_t kGroupValues = 1'024;       // of a token
inline constexpr std::size_t kAudienceValues = 64;       // of a token
inline constexpr std::size_t kRuleClaims = 64;           // that access rules ask of one issuer's
inline constexpr std::size_t kAmrValues = 32;            // of a token
// Ten times what the largest providers serve. To read a text takes up to seven times its size where
// it is all brackets and commas, and no provider may make latchkeyd grow by more than 2 MB.
inline constexpr std::size_t kJwkSetBytes = 262'144;
inline constexpr std::size_t kJwkSetKeys = 512;
inline constexpr std::size_t kSymmetricKeyFileBytes = 8'192;
inline constexpr std::size_t kDiscoveryBytes = 262'144;
inline constexpr std::size_t kIntrospectionBytes = 65'536;  // an answer
inline constexpr std::size_t kOpaqueTokenLeast = 16;
inline constexpr std::size_t kIssuers = 64;
inline constexpr std::size_t kRevocationStreams = 4;   // a thread of latchkey-fetchd each
inline constexpr std::size_t kStatusListSources = 64;  // sections, not lists
inline constexpr std::size_t kRevocationEvents = 8;
inline constexpr std::size_t kRevocationLists = 8;      // each may be of millions of entries
inline constexpr std::size_t kConfigBytes = 1'048'576;  // of one file

inline constexpr std::chrono::seconds kLeewayDefault{60};
inline constexpr std::chrono::seconds kLeewayMost{300};

static_assert(kHeaderBytes < kTokenBytes && kKidBytes < kHeaderBytes);
static_assert(kNameBytes < kClaimStringBytes && kClaimStringBytes < kTokenBytes);
static_assert(kDiscoveryBytes <= kJwkSetBytes && kIntrospectionBytes <= kTokenBytes);

}  // namespace latchkey::limits
