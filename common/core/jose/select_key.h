// SPDX-License-Identifier: Apache-2.0
//
// From a token's header and its issuer's keys to the one key that may verify it (RFC 7515 section
// 6). No key is ever tried: either one fits, or the token is refused.
#pragma once

#include "core/base/error.h"
#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"

namespace latchkey::jose {

// The key lives as long as the set. key_unknown: no key with that `kid` (a newer set may have it);
// key_unfit: there is one, but it may not verify the header's algorithm, or was dropped;
// key_ambiguous: no `kid`, and several keys fit.
Expected<const Jwk*> select_key(const CompactJws& jws, const JwkSet& keys);

}  // namespace latchkey::jose
