// SPDX-License-Identifier: Apache-2.0
//
// Claims whose signature and policy were checked. There are two ways to one: `validate()` (from a
// `VerifiedJws`, or from an `ActiveAnswer` about an opaque token), and `recall()`, by which the
// service takes back what `validate()` once gave and our own state store, or our own memory, kept.
//
// The same claims are held in three ways: as texts of their own (ClaimsRecord: what is stored and
// loaded), as views of a token's payload while it is validated (ClaimsDraft), and as views of one
// piece of memory (Claims). What is validated is the third: one allocation a token, few cache lines
// to judge it by, and a copy that costs as little.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/claims/text_list.h"

namespace latchkey::claims {

// The claims that the configuration reads; everything else of the token is forgotten.
template <typename Text, typename Texts>
struct BasicClaims {
  Text issuer;        // `iss`, byte for byte
  Text subject;       // `sub`
  Text token_id;      // the configured token id claim; empty where the token has none
  Text token_digest;  // lower-case hex SHA-256 of the whole token
  Text key_id;   // RFC 7638 thumbprint (base64url) of the key that verified it; empty: an opaque
                 // token, for which the issuer's introspection answers
  Texts users;   // values of the user claim, suffix stripped; not yet checked to be usable names
  Texts groups;  // values of the group claim as the provider wrote them
  Text client;   // first present client claim; may be empty
  Text session;  // `sid`; may be empty
  Text acr;
  Texts amr;
  Text status_uri{};   // of the status list that the token refers to; empty: of none
  Texts conditions{};  // of access rules: "+ID" of those that held, "-ID" of those that did not
  Text person{};       // what a name is bound to, where the configuration wants another than `sub`
  std::optional<WallTime> auth_time;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires_at{};
  std::uint64_t status_index = 0;  // in that list

  // What a name of theirs is bound to, beside the issuer.
  const Text& bound_subject() const { return person.empty() ? subject : person; }

  bool operator==(const BasicClaims&) const = default;
};

using ClaimsRecord = BasicClaims<std::string, std::vector<std::string>>;
using ClaimsDraft = BasicClaims<std::string_view, std::vector<std::string_view>>;
using Claims = BasicClaims<std::string_view, TextList>;

// Claims without their texts, which lie one behind the other elsewhere.
struct PackedClaims {
  std::array<std::uint32_t, 14> sizes{};  // of the texts, in the order of BasicClaims
  std::optional<WallTime> auth_time;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires_at{};
  std::uint64_t status_index = 0;
};

// What the texts of the claims take in one piece of memory.
std::size_t packed_size(const Claims& claims);

// Writes packed_size() bytes.
PackedClaims pack(const Claims& claims, char* to);

// What pack() was given, as views of what it wrote.
Claims unpack(const PackedClaims& packed, const char* from);

class ValidatedClaims {
 public:
  ValidatedClaims(const ValidatedClaims& other);
  ValidatedClaims(ValidatedClaims&&) noexcept = default;
  ValidatedClaims& operator=(const ValidatedClaims&) = delete;
  ValidatedClaims& operator=(ValidatedClaims&&) noexcept = default;
  ~ValidatedClaims() = default;

  const Claims& operator*() const { return claims_; }
  const Claims* operator->() const { return &claims_; }

  // For the state store.
  ClaimsRecord record() const;

  // Takes back claims that `validate()` gave before and our own state store or memory kept; copies
  // them. The caller answers for that.
  static ValidatedClaims recall(const ClaimsRecord& claims);
  static ValidatedClaims recall(const Claims& claims);

  // Nobody can verify an opaque token: its issuer was asked about it.
  bool opaque() const { return claims_.key_id.empty(); }

 private:
  friend class Validator;  // claims/validator.cc: the only maker from a token
  explicit ValidatedClaims(const ClaimsDraft& claims);
  ValidatedClaims(std::unique_ptr<char[]> texts, const Claims& claims)
      : texts_(std::move(texts)), claims_(claims) {}

  std::unique_ptr<char[]> texts_;
  Claims claims_;  // views of texts_
};

}  // namespace latchkey::claims
