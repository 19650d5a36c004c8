// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a JWK set. Whatever is kept may verify something, by one name, within the bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/limits.h"
#include "core/jose/jwk_set.h"

namespace {

using latchkey::jose::Jwk;
using latchkey::jose::KeyType;

void require(bool held) {
  if (!held) std::abort();
}

void check(const Jwk& key) {
  require(!key.algorithms().empty() && key.thumbprint().size() == 43);
  require(!key.kid() || key.kid()->size() <= latchkey::limits::kKidBytes);
  if (key.type() == KeyType::rsa) require(key.bits() >= 2'048 && key.bits() <= 8'192);
  for (std::size_t i = 0; i < latchkey::jose::kAlgorithms; ++i) {
    const auto algorithm = static_cast<latchkey::jose::Algorithm>(i);
    require(key.allows(algorithm) == (key.verifier(algorithm) != nullptr));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto set = latchkey::jose::JwkSet::parse({reinterpret_cast<const char*>(data), size});
  if (!set) {
    require(set.error().reason == latchkey::Reason::keys_missing && !set.error().detail.empty());
    return 0;
  }
  require(set->size() + set->dropped().size() <= latchkey::limits::kJwkSetKeys);
  for (const Jwk& key : set->keys()) {
    check(key);
    for (const Jwk& other : set->keys()) {
      require(&key == &other || !key.kid() || key.kid() != other.kid() ||
              key.type() != other.type());
    }
  }
  for (const auto& dropped : set->dropped()) require(!dropped.why.empty());
  return 0;
}
