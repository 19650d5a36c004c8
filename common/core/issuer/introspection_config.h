// SPDX-License-Identifier: Apache-2.0
//
// What an issuer's section says about asking its introspection endpoint (RFC 7662): whether, for
// which tokens, as which client, and what its answers are worth. Filled by config/ only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::issuer {

enum class IntrospectionMode : std::uint8_t {
  off,
  opaque_only,  // for tokens that nobody but the issuer can read
  required,     // for these, and for signed tokens besides their signature
};

// How the client shows who it is (RFC 6749 section 2.3.1, RFC 7523 section 2.2).
enum class ClientAuthentication : std::uint8_t {
  client_secret_basic,
  client_secret_post,
  private_key_jwt,
};

// What a client's assertion names in `aud`.
enum class AssertionAudience : std::uint8_t { issuer, endpoint };

enum class AnswerForm : std::uint8_t {
  json,  // RFC 7662 section 2.2
  jwt,   // signed, RFC 9701
};

// What a signed token is worth while the endpoint cannot be reached. An opaque one is never taken
// then.
enum class WhenDown : std::uint8_t { refuse, signature };

struct IntrospectionClient {
  std::string client_id;
  ClientAuthentication authentication = ClientAuthentication::client_secret_basic;
  std::string secret_file;    // for the two that have a secret; read by latchkey-fetchd alone
  std::string key_file;       // for private_key_jwt; PEM or JWK
  std::string key_algorithm;  // a JWS name; empty: the first that the key allows
  std::string key_id;         // `kid` of the assertion's header; empty: what the JWK says, if any
  AssertionAudience audience = AssertionAudience::issuer;
};

// Which tokens are this issuer's opaque ones. Both conditions hold where both are set; where
// neither is, there are none.
struct OpaqueTokens {
  std::vector<std::string> prefixes;  // the token begins with one of them
  std::vector<std::string> services;  // it is shown to one of these PAM services

  bool any() const { return !prefixes.empty() || !services.empty(); }
};

struct IntrospectionConfig {
  IntrospectionMode mode = IntrospectionMode::off;
  std::string endpoint;  // empty: what the provider's metadata say
  IntrospectionClient client;
  OpaqueTokens opaque;
  AnswerForm answers = AnswerForm::json;
  WhenDown down = WhenDown::refuse;
  std::chrono::seconds positive_ttl{30};  // an answer that the token is active serves so long
  std::chrono::seconds negative_ttl{5};
  std::size_t rate = 50;  // questions a second; twice as many at once

  bool on() const { return mode != IntrospectionMode::off; }
  bool required() const { return mode == IntrospectionMode::required; }
};

}  // namespace latchkey::issuer
