// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a key of an administrator's: PEM or JWK. Whatever is taken comes out as it went in,
// gives no private member away with its public half, and what it signs has a size. The same bytes
// as an issuer's symmetric key, for each algorithm: what is taken is long enough, and takes the
// HMAC of the other implementation and no other.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/jose/signing/key_material.h"
#include "core/jose/symmetric_key.h"

namespace {

using namespace latchkey::jose;  // NOLINT(google-build-using-namespace): what is fuzzed here

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

bool is_sentence(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void check_symmetric(std::string_view text, SymmetricAlgorithm algorithm, SigningAlgorithm signing,
                     unsigned bits) {
  const auto key = SymmetricKey::parse(text, algorithm);
  if (!key) return require(is_sentence(key.error()));
  require(key->algorithm() == algorithm && key->id().starts_with("symmetric-"));
  require(!key->kid() || key->kid()->size() <= latchkey::limits::kKidBytes);
  const auto other = KeyMaterial::parse(text);
  require(other && other->kind() == KeyKind::oct && other->bits() >= bits);
  auto mac = other->sign(signing, "x");
  if (!mac) return require(is_sentence(mac.error()));  // `key_ops` may be for verifying alone
  require(mac->size() * 8 == bits);
  const auto holds = [&] {
    return key
        ->check(algorithm, "x", {reinterpret_cast<const std::uint8_t*>(mac->data()), mac->size()})
        .has_value();
  };
  require(holds());
  mac->back() = static_cast<char>(mac->back() ^ 1);
  require(!holds());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_symmetric(text, SymmetricAlgorithm::hs256, SigningAlgorithm::hs256, 256);
  check_symmetric(text, SymmetricAlgorithm::hs384, SigningAlgorithm::hs384, 384);
  check_symmetric(text, SymmetricAlgorithm::hs512, SigningAlgorithm::hs512, 512);
  const auto key = KeyMaterial::parse(text);
  if (!key) {
    require(is_sentence(key.error()));
    return 0;
  }
  require(key->bits() > 0 && key->thumbprint().has_value());
  check_public(*key);
  check_private(*key);
  return 0;
}
