// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revocation_set.h"

#include <algorithm>

#include "core/base/mutation.h"
#include "core/revocation/siphash.h"

namespace latchkey::revocation {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"token", "subject", "user"};

// 0 marks a free place, so no name may hash to it.
std::uint64_t never_zero(std::uint64_t hash) { return hash == 0 ? 1 : hash; }

}  // namespace

std::string_view kind_name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> find_kind(std::string_view name) {
  const auto* it = std::find(kKinds.begin(), kKinds.end(), name);
  if (it == kKinds.end()) return std::nullopt;
  return static_cast<Kind>(it - kKinds.begin());
}

HashTable::HashTable(std::size_t most) : slots_(most == 0 ? 0 : most + most * 3 / 17 + 1) {}

// The hash's share of the table (a multiplication instead of a division).
std::size_t HashTable::place(std::uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((Wide{hash} * slots_.size()) >> 64);
}

void HashTable::insert(std::uint64_t hash) {
  hash = never_zero(hash);
  auto at = place(hash);
  while (slots_[at] != 0 && slots_[at] != hash) at = at + 1 == slots_.size() ? 0 : at + 1;
  if (slots_[at] == hash) return;
  slots_[at] = hash;
  ++size_;
}

// Ends, since insert() never fills the last place: the table is made larger than its entries.
bool HashTable::contains(std::uint64_t hash) const {
  if (slots_.empty()) return false;
  hash = never_zero(hash);
  auto at = place(hash);
  while (slots_[at] != 0 && slots_[at] != hash) at = at + 1 == slots_.size() ? 0 : at + 1;
  return slots_[at] == hash;
}

RevocationSet::RevocationSet(std::size_t tokens, std::span<const std::uint8_t, 16> key)
    : tokens_(tokens) {
  std::copy(key.begin(), key.end(), key_.begin());
}

RevocationSet RevocationSet::build(std::span<const Revocation> revocations,
                                   std::span<const std::uint8_t, 16> key) {
  const auto tokens =
      std::count_if(revocations.begin(), revocations.end(),
                    [](const Revocation& each) { return each.kind == Kind::token; });
  RevocationSet set(static_cast<std::size_t>(tokens), key);
  for (const auto& each : revocations) set.add(each);
  return set;
}

void RevocationSet::add(const Revocation& revocation) {
  if (revocation.value.empty()) return;
  switch (revocation.kind) {
    case Kind::token:
      tokens_.insert(token_hash(revocation.issuer, revocation.value));
      return;
    case Kind::subject: {
      const auto [it, fresh] =
          subjects_[revocation.issuer].try_emplace(revocation.value, revocation.before);
      it->second = std::max(it->second, revocation.before);
      subject_count_ += fresh ? 1 : 0;
      return;
    }
    case Kind::user:
      users_.insert(revocation.value);
      return;
  }
}

// The hash of the hash of each part with the parts' lengths: no two pairs of issuer and id are
// written alike.
std::uint64_t RevocationSet::token_hash(std::string_view issuer, std::string_view token_id) const {
  const std::array<std::uint64_t, 4> parts = {siphash(issuer, key_), issuer.size(),
                                              siphash(token_id, key_), token_id.size()};
  return siphash({reinterpret_cast<const char*>(parts.data()), sizeof parts}, key_);
}

// A token without `iat` may be of any age, so it counts as issued before any moment.
bool RevocationSet::subject_revoked(const claims::Claims& claims) const {
  const auto issuer = subjects_.find(claims.issuer);
  if (issuer == subjects_.end()) return false;
  const auto subject = issuer->second.find(claims.subject);
  if (subject == issuer->second.end()) return false;
  return LATCHKEY_FAILS(revoked_undated, !claims.issued_at) ||
         (claims.issued_at && LATCHKEY_FAILS(revoked_before, *claims.issued_at < subject->second));
}

std::optional<Reason> RevocationSet::find(const claims::Claims& claims) const {
  const bool may_be_there = tokens_.size() != 0 && !claims.token_id.empty();
  if (LATCHKEY_FAILS(revoked_token, may_be_there && tokens_.contains(token_hash(
                                                        claims.issuer, claims.token_id)))) {
    return Reason::revoked_token;
  }
  if (LATCHKEY_FAILS(revoked_subject, subject_revoked(claims))) return Reason::revoked_subject;
  return std::nullopt;
}

bool RevocationSet::user_revoked(std::string_view user) const { return users_.contains(user); }

}  // namespace latchkey::revocation
