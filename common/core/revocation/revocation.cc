// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revocation.h"

#include <cstdlib>

namespace latchkey::revocation {

std::optional<NameDigest> digest_of(Kind kind, std::string_view issuer, std::string_view value,
                                    const Names& names) {
  if (kind == Kind::token_hash) return digest_of_token_hash(value);
  if (kind == Kind::key) return digest_of_key(value);
  if (value.empty()) return std::nullopt;
  const auto digest = names.digest(kind, issuer, value);
  if (!digest) std::abort();
  return digest;
}

std::optional<Entry> entry_of(const Revocation& revocation, const Names& names) {
  const auto digest = digest_of(revocation.kind, revocation.issuer, revocation.value, names);
  if (!digest) return std::nullopt;
  return Entry{.kind = revocation.kind,
               .digest = *digest,
               .before = revocation.before,
               .end = revocation.end};
}

}  // namespace latchkey::revocation
