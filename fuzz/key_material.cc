// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a key of an administrator's: PEM or JWK. Whatever is taken comes out as it went in,
// gives no private member away with its public half, and what it signs has a size.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/jose/signing/key_material.h"

namespace {

using namespace latchkey::jose;

void require(bool held) {
  if (!held) std::abort();
}

void check_public(const KeyMaterial& key) {
  const auto text = key.public_jwk(key.labels());
  require(text.has_value() == (key.kind() != KeyKind::oct));
  if (!text) return;
  const auto again = KeyMaterial::from_jwk(*text);
  require(again && !again->has_private() && again->thumbprint() == key.thumbprint());
}

void check_private(const KeyMaterial& key) {
  if (!key.has_private()) return;
  const auto text = key.private_jwk(key.labels());
  require(text.has_value());
  const auto again = KeyMaterial::from_jwk(text->view());
  require(again && again->has_private() && again->thumbprint() == key.thumbprint());
  const auto algorithms = key.algorithms();
  if (algorithms.empty()) return;
  const auto signature = key.sign(algorithms.front(), "x");
  require(signature ? !signature->empty() : !signature.error().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto key = KeyMaterial::parse({reinterpret_cast<const char*>(data), size});
  if (key) {
    require(key->bits() > 0 && key->thumbprint().has_value());
    check_public(*key);
    check_private(*key);
    return 0;
  }
  require(!key.error().empty());
  for (const char c : key.error()) require(c >= ' ' && c <= '~');
  return 0;
}
