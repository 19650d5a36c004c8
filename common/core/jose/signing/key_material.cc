// SPDX-License-Identifier: Apache-2.0
//
// What is the same for a key wherever it came from.
#include "core/jose/signing/key_material.h"

#include <array>

#include <openssl/core_names.h>

#include "core/jose/signing/evp.h"

namespace latchkey::jose {
namespace {

using evp::failed;

constexpr std::array<std::string_view, 4> kKinds{"RSA", "EC", "OKP", "oct"};

// OpenSSL's name of the group of an EC key, or empty.
std::string group_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return {};
  return {name.data(), size};
}

// Of the private exponent of an RSA key.
unsigned exponent_bits(const EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &raw) != 1) return 0;
  const evp::Number exponent(raw);
  return static_cast<unsigned>(BN_num_bits(exponent.get()));
}

}  // namespace

std::string_view key_kind_name(KeyKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<KeyKind> find_key_kind(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<KeyKind>(i);
  }
  return std::nullopt;
}

KeyResult<KeyMaterial> KeyMaterial::symmetric(std::string_view bytes) {
  if (bytes.empty()) return failed("a symmetric key has at least one byte");
  if (bytes.size() > kSymmetricBytesMost) return failed("a symmetric key of over 4096 bytes");
  KeyMaterial key(KeyKind::oct, nullptr);
  key.secret_ = wire::SecretBuffer(bytes.size());
  if (!key.secret_.append(bytes)) return failed("there is no memory for the key");
  key.private_ = true;
  return key;
}

KeyResult<KeyMaterial> KeyMaterial::of(PublicKey key, bool with_private) {
  KeyMaterial made(KeyKind::rsa, std::move(key));
  made.private_ = with_private;
  if (EVP_PKEY_is_a(made.key_.get(), "EC") == 1) {
    made.kind_ = KeyKind::ec;
    const std::string group = group_of(made.key_.get());
    for (const evp::Curve& curve : evp::kCurves) {
      if (group == curve.group) made.curve_ = curve.name;
    }
    if (made.curve_.empty()) return failed("its curve is none of P-256, P-384 and P-521");
  } else if (EVP_PKEY_is_a(made.key_.get(), "ED25519") == 1) {
    made.kind_ = KeyKind::okp;
    made.curve_ = evp::kEd25519;
  } else if (EVP_PKEY_is_a(made.key_.get(), "RSA") != 1) {
    const char* name = EVP_PKEY_get0_type_name(made.key_.get());
    return failed("its type " + std::string(name == nullptr ? "" : name) +
                  " is none of RSA, EC and Ed25519");
  }
  if (const auto bits = made.bits(); made.kind_ == KeyKind::rsa && (bits < 512 || bits > 8'192))
    return failed("RSA of " + std::to_string(bits) + " bits is of no use");
  if (made.kind_ == KeyKind::rsa && with_private && exponent_bits(made.key_.get()) > made.bits())
    return failed("its private exponent is longer than its modulus");  // each bit costs time
  if (auto matching = made.check_halves(); !matching) return tl::unexpected(matching.error());
  return made;
}

unsigned KeyMaterial::bits() const {
  if (kind_ == KeyKind::oct) return static_cast<unsigned>(secret_.size() * 8);
  if (kind_ == KeyKind::okp) return 255;
  if (const evp::Curve* curve = evp::find_curve(curve_)) return curve->bits;
  const int bits = EVP_PKEY_get_bits(key_.get());
  return bits < 0 ? 0 : static_cast<unsigned>(bits);
}

KeyResult<KeyMaterial> KeyMaterial::parse(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return failed("it is empty");
  if (text.size() > kKeyTextMost) return failed("it is longer than 65536 bytes");
  return text[first] == '{' ? from_jwk(text) : from_pem(text);
}

}  // namespace latchkey::jose
