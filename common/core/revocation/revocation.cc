// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revocation.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace latchkey::revocation {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"token", "subject", "user"};
constexpr std::array kEntryKindOf = {EntryKind::token, EntryKind::subject, EntryKind::user};

}  // namespace

std::string_view kind_name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> find_kind(std::string_view name) {
  const auto* it = std::find(kKinds.begin(), kKinds.end(), name);
  if (it == kKinds.end()) return std::nullopt;
  return static_cast<Kind>(it - kKinds.begin());
}

std::optional<Entry> entry_of(const Revocation& revocation, const Names& names) {
  if (revocation.value.empty()) return std::nullopt;
  const EntryKind kind = kEntryKindOf[static_cast<std::size_t>(revocation.kind)];
  const auto digest = names.digest(kind, revocation.issuer, revocation.value);
  if (!digest) std::abort();
  return Entry{.kind = kind, .digest = *digest, .before = revocation.before};
}

}  // namespace latchkey::revocation
