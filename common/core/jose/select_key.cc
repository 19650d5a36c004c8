// SPDX-License-Identifier: Apache-2.0
#include "core/jose/select_key.h"

#include <string>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::jose {
namespace {

Expected<const Jwk*> select_by_kid(std::string_view kid, Algorithm algorithm, const JwkSet& keys) {
  const Jwk* unfit = nullptr;
  for (const Jwk& key : keys.keys()) {
    if (LATCHKEY_FAILS(key_other_kid, key.kid() != kid)) continue;
    if (LATCHKEY_FAILS(key_unfit, !key.allows(algorithm))) {
      unfit = &key;
      continue;
    }
    return &key;  // no other of this kid and type is in the set
  }
  if (unfit != nullptr) {
    return fail(Reason::key_unfit,
                "key " + quoted(kid) + " does not allow " + std::string(algorithm_name(algorithm)));
  }
  for (const DroppedKey& dropped : keys.dropped()) {
    if (LATCHKEY_FAILS(key_dropped, !kid.empty() && dropped.kid == kid)) {
      return fail(Reason::key_unfit, "key " + quoted(kid) + " was dropped: " + dropped.why);
    }
  }
  return fail(Reason::key_unknown, "key " + quoted(kid));
}

// RFC 7515 section 6 leaves it to the application how a key is found without a kid: here, only where one alone fits.
Expected<const Jwk*> select_without_kid(Algorithm algorithm, const JwkSet& keys) {
  const Jwk* found = nullptr;
  for (const Jwk& key : keys.keys()) {
    if (LATCHKEY_FAILS(key_unfit_without_kid, !key.allows(algorithm))) continue;
    // The same key under two names is one key.
    if (LATCHKEY_FAILS(key_ambiguous, found != nullptr && found->thumbprint() != key.thumbprint()))
      return fail(Reason::key_ambiguous);
    if (found == nullptr) found = &key;
  }
  if (found == nullptr)
    return fail(Reason::key_unknown, "no key allows " + std::string(algorithm_name(algorithm)));
  return found;
}

}  // namespace

Expected<const Jwk*> select_key(const CompactJws& jws, const JwkSet& keys) {
  const auto kid = jws.kid();
  return kid ? select_by_kid(*kid, jws.algorithm(), keys)
             : select_without_kid(jws.algorithm(), keys);
}

}  // namespace latchkey::jose
