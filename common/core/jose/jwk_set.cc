// SPDX-License-Identifier: Apache-2.0
#include "core/jose/jwk_set.h"

#include <algorithm>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/jose/json.h"

namespace latchkey::jose {
namespace {

std::string kid_of(const JsonValue& jwk) {
  const auto member = jwk.find("kid");
  const auto kid = member ? member->as_string() : std::nullopt;
  return std::string(kid.value_or("").substr(0, limits::kKidBytes));
}

bool same_name(const Jwk& a, const Jwk& b) { return a.kid() == b.kid() && a.type() == b.type(); }

// A key that stands there once for each of its algorithms stays as often.
bool same_use(const Jwk& a, const Jwk& b) { return a.algorithms() == b.algorithms(); }

// Two keys with one kid: of different types both stay (RFC 7517 section 4.5 has that case); the
// same key twice counts once, also without a kid; otherwise nobody can say which one is meant, and
// all of them go.
struct SameKid {
  bool repeated = false;   // an earlier entry is the same key
  bool ambiguous = false;  // another entry is another key
};
SameKid compare(const std::vector<Jwk>& keys, std::size_t index) {
  SameKid result;
  for (std::size_t other = 0; other < keys.size(); ++other) {
    if (other == index || !same_name(keys[other], keys[index])) continue;
    const bool named = keys[index].kid().has_value();
    if (named && keys[other].thumbprint() != keys[index].thumbprint()) result.ambiguous = true;
    if (keys[other].thumbprint() == keys[index].thumbprint() && other < index &&
        same_use(keys[other], keys[index]))
      result.repeated = true;
  }
  return result;
}

}  // namespace

Expected<JwkSet> JwkSet::parse(std::string_view json) {
  JsonReader reader(JsonLimits{.bytes = limits::kJwkSetBytes});
  const auto root = reader.read(json);
  if (!root) return fail(Reason::keys_missing, "JWK set: " + std::string(describe(root.error())));
  const auto list = root->find("keys");
  if (LATCHKEY_FAILS(jwks_keys_absent, !list) || LATCHKEY_FAILS(jwks_no_array, !list->is_array()))
    return fail(Reason::keys_missing, "JWK set: no object with an array 'keys'");
  if (LATCHKEY_FAILS(jwks_too_many_keys, list->size() > limits::kJwkSetKeys))
    return fail(Reason::keys_missing, "JWK set: more than 512 keys");

  JwkSet set;
  std::vector<Jwk> parsed;
  for (const JsonValue element : list->elements()) {
    auto jwk = Jwk::parse(element);
    if (jwk) {
      parsed.push_back(*std::move(jwk));
    } else {
      set.dropped_.push_back({kid_of(element), std::move(jwk).error()});
    }
  }
  std::vector<SameKid> same_kid;
  for (std::size_t i = 0; i < parsed.size(); ++i) same_kid.push_back(compare(parsed, i));
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (LATCHKEY_FAILS(jwks_ambiguous_kid, same_kid[i].ambiguous)) {
      set.dropped_.push_back(
          {parsed[i].kid().value_or(""), "another key of the set has the same 'kid' and type"});
    } else if (LATCHKEY_FAILS(jwks_repeated_key, same_kid[i].repeated)) {
      set.dropped_.push_back(
          {parsed[i].kid().value_or(""), "the same key stands in the set before it"});
    } else {
      set.keys_.push_back(std::move(parsed[i]));
    }
  }
  return set;
}

const Jwk* JwkSet::find_thumbprint(std::string_view thumbprint) const {
  const auto it = std::find_if(keys_.begin(), keys_.end(),
                               [&](const Jwk& key) { return key.thumbprint() == thumbprint; });
  return it == keys_.end() ? nullptr : &*it;
}

}  // namespace latchkey::jose
