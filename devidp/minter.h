// SPDX-License-Identifier: Apache-2.0
//
// Tokens to order: good ones, and those with one fault each that a host must refuse.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/jose/algorithm.h"
#include "devidp/files.h"
#include "devidp/key_store.h"

namespace latchkey::devidp {

// What is wrong with the token on purpose.
enum class Fault {
  none,
  bad_signature,          // one bit of the signature is turned
  alg_none,               // "none", and no signature (RFC 8725 section 2.1)
  foreign_key,            // signed by a key that nobody knows, under a kid that is known
  hs256_with_public_key,  // HMAC keyed with the public key's PEM (RFC 8725 section 2.1)
};

struct ClaimOverride {
  std::string name;
  std::string json;  // empty: the claim is left out
};

struct MintOrder {
  std::string issuer;
  std::string user;     // preferred_username
  std::string subject;  // empty: derived from the user
  std::vector<std::string> groups;
  std::vector<std::string> audiences;  // one: a string; several: an array
  std::string client = "latchkey-devidp";
  std::chrono::seconds lifetime{3'600};
  std::chrono::seconds issued_ago{0};
  bool expired = false;               // exp an hour ago
  bool not_yet = false;               // nbf in an hour
  std::vector<ClaimOverride> claims;  // after all others
  jose::Algorithm algorithm = jose::Algorithm::es256;
  std::string key;                 // sign with this one, withdrawn or not; empty: the current one
  std::optional<std::string> kid;  // header, instead of the key's; empty: no kid
  std::string typ = "at+jwt";      // empty: no typ
  std::size_t size = 0;            // bytes of the whole token; 0: as it comes
  Fault fault = Fault::none;
};

// The compact token (RFC 7515 section 3.1). `size` is met exactly, or it is an error.
Result<std::string> mint(const MintOrder& order, const KeyStore& keys,
                         std::chrono::system_clock::time_point now);

}  // namespace latchkey::devidp
