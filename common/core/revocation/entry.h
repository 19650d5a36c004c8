// SPDX-License-Identifier: Apache-2.0
//
// One thing that was revoked, as every source of revocations says it: its kind and the 16 bytes
// that stand for its name (docs/REVOCATION-LIST.md section 1). Whoever writes a name and whoever
// looks for it go through Names, so that there is one spelling.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/jose/sha256.h"

namespace latchkey::revocation {

enum class EntryKind : std::uint8_t { token, token_hash, session, subject, key, user };

inline constexpr std::size_t kEntryKinds = 6;

std::string_view entry_kind_name(EntryKind kind);  // "token_hash"
std::optional<EntryKind> find_entry_kind(std::string_view name);

// Of which there may be very many; the others are few.
constexpr bool is_many(EntryKind kind) {
  return kind == EntryKind::token || kind == EntryKind::token_hash || kind == EntryKind::session;
}

using NameDigest = std::array<std::uint8_t, 16>;

struct Entry {
  EntryKind kind = EntryKind::token;
  NameDigest digest{};
  WallTime before{};                           // subject: tokens issued before this moment
  std::optional<WallTime> end = std::nullopt;  // leave to forget it from then on

  bool operator==(const Entry&) const = default;
};

// Digests names. May be used by several threads at a time, without a lock.
class Names {
 public:
  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names();

  // Of a token by its id, a session, a subject (of an issuer) or a user (of none: the issuer is
  // passed over). Nothing for an empty value, for a kind that is named otherwise, and where OpenSSL
  // could not do it (memory).
  std::optional<NameDigest> digest(EntryKind kind, std::string_view issuer,
                                   std::string_view value) const;

 private:
  struct Issuer {
    std::string name;
    NameDigest digest;
  };

  std::optional<NameDigest> digest_issuer(std::string_view issuer) const;

  jose::Sha256 sha256_;
  // Those that came first: a host has few, and each digest saved is a third of a look-up.
  mutable std::array<std::atomic<const Issuer*>, limits::kIssuers> issuers_{};
};

// Of a token by its SHA-256 (64 lower-case digits, as claims hold it); nothing for another text.
std::optional<NameDigest> digest_of_token_hash(std::string_view hex);

// Of a key by its RFC 7638 thumbprint (43 characters of base64url); nothing for another text.
std::optional<NameDigest> digest_of_key(std::string_view thumbprint);

}  // namespace latchkey::revocation
