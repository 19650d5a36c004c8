// SPDX-License-Identifier: Apache-2.0
//
// What has been revoked, as one immutable set that every decision looks into. Tokens, of which
// there may be very many, are kept as keyed 64-bit hashes in a flat table; subjects and users, of
// which there are few, in small maps. A lookup allocates nothing and takes no lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/reason.h"
#include "core/base/time.h"
#include "core/claims/validated_claims.h"

namespace latchkey::revocation {

enum class Kind : std::uint8_t { token, subject, user };

std::string_view kind_name(Kind kind);  // "token", "subject", "user"
std::optional<Kind> find_kind(std::string_view name);

struct Revocation {
  std::int64_t id = 0;  // of the state store; 0 = not stored yet
  Kind kind = Kind::token;
  std::string issuer;  // `iss` value; token and subject
  std::string value;   // token id, subject, or local user name
  WallTime before{};   // subject: tokens issued before this moment (one without `iat` is older than
                       // any moment)
  WallTime created_at{};
  std::string comment;  // free text of the administrator; may be empty
};

// The keyed hashes of revoked tokens: open addressing over a table that is 85 % full; 0 marks a
// free place.
class HashTable {
 public:
  explicit HashTable(std::size_t most);
  void insert(std::uint64_t hash);
  bool contains(std::uint64_t hash) const;
  std::size_t size() const { return size_; }

 private:
  std::size_t place(std::uint64_t hash) const;

  std::vector<std::uint64_t> slots_;
  std::size_t size_ = 0;
};

class RevocationSet {
 public:
  // `key` is a secret of this process, so that nobody can aim for a collision; 16 bytes. An entry
  // without a value names nothing and is passed over.
  static RevocationSet build(std::span<const Revocation> revocations,
                             std::span<const std::uint8_t, 16> key);

  // revoked_token or revoked_subject, where one of them holds.
  std::optional<Reason> find(const claims::Claims& claims) const;
  bool user_revoked(std::string_view user) const;
  std::size_t size() const { return tokens_.size() + subject_count_ + users_.size(); }

 private:
  template <typename Value>
  using Map = std::map<std::string, Value, std::less<>>;

  RevocationSet(std::size_t tokens, std::span<const std::uint8_t, 16> key);
  void add(const Revocation& revocation);
  std::uint64_t token_hash(std::string_view issuer, std::string_view token_id) const;
  bool subject_revoked(const claims::Claims& claims) const;

  std::array<std::uint8_t, 16> key_{};
  HashTable tokens_;
  Map<Map<WallTime>> subjects_;  // issuer -> subject -> the latest `before`
  std::size_t subject_count_ = 0;
  std::set<std::string, std::less<>> users_;
};

}  // namespace latchkey::revocation
