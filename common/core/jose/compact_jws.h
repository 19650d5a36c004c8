// SPDX-License-Identifier: Apache-2.0
//
// A token that has the form of a compact JWS (RFC 7515 sections 3.1 and 7.1) and asks for nothing
// that this verifier does not do. Nothing of it is verified yet: it may be used to look things up,
// and for nothing else. Tokens with a signature and tokens with an HMAC are two types, read by two
// functions, so that neither can come where the other is verified.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/jose/algorithm.h"
#include "core/jose/json.h"
#include "core/jose/scratch.h"

namespace latchkey::jose {

// What both have. `jku`, `jwk`, `x5u` and `x5c` of the header are never looked at (RFC 8725
// section 3.10).
class CompactForm {
 public:
  std::optional<std::string_view> kid() const { return kid_; }  // at most limits::kKidBytes
  std::optional<std::string_view> typ() const { return typ_; }  // as written
  const JsonValue& header() const { return header_; }

  // The payload's `iss`, for table look-up and nothing else (RFC 8725 section 3.8); nothing where
  // it is absent or no string.
  std::optional<std::string_view> unverified_issuer() const;

 private:
  friend class CompactParser;
  friend class VerifiedJws;
  friend class SignatureVerifier;
  CompactForm(JsonValue header, JsonValue payload) : header_(header), payload_(payload) {}

  JsonValue header_;
  JsonValue payload_;  // always an object; empty where the payload is opaque
  std::string_view signing_input_;
  std::span<const std::uint8_t> signature_;
  std::optional<std::string_view> kid_;
  std::optional<std::string_view> typ_;
};

// With a signature that a public key verifies.
class CompactJws : public CompactForm {
 public:
  Algorithm algorithm() const { return algorithm_; }  // what the header says

 private:
  friend class CompactParser;
  CompactJws(const CompactForm& form, Algorithm algorithm)
      : CompactForm(form), algorithm_(algorithm) {}

  Algorithm algorithm_;
};

// With an HMAC.
class CompactMac : public CompactForm {
 public:
  SymmetricAlgorithm algorithm() const { return algorithm_; }  // what the header says

 private:
  friend class CompactParser;
  CompactMac(const CompactForm& form, SymmetricAlgorithm algorithm)
      : CompactForm(form), algorithm_(algorithm) {}

  SymmetricAlgorithm algorithm_;
};

// What the payload must be. Everything that decides about people reads claims; other payloads are
// for those who only ask whether somebody signed some bytes, and never yield a claim (not even
// `iss`).
enum class Payload : std::uint8_t { claims, opaque };

// Any bytes from anybody. Borrows from the token and the scratch. token_missing (empty),
// token_too_long, token_malformed, token_encrypted, header_unsupported, algorithm_unsupported (any
// HMAC too).
Expected<CompactJws> parse_compact(std::string_view token, Scratch& scratch,
                                   Payload payload = Payload::claims);

// The same for a token whose header names an HMAC; algorithm_unsupported where it names anything
// else. Called only where the configuration has an issuer with a symmetric key of its own.
Expected<CompactMac> parse_compact_mac(std::string_view token, Scratch& scratch,
                                       Payload payload = Payload::claims);

// What an answer would cost at most, by its size and its header alone: the conversation that brings
// it, its digest, and where it may be a token reading and verifying it. For budgets, which are
// charged before the work is done.
std::chrono::nanoseconds quote(std::string_view token, Scratch& scratch);

}  // namespace latchkey::jose
