// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <openssl/rand.h>

#include "core/jose/signing/evp.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::jose {
namespace {

using evp::failed;

constexpr unsigned kSymmetricBitsDefault = 512;  // as long as the longest hash that takes it

KeyResult<KeyMaterial> generate_symmetric(unsigned bits) {
  const std::size_t size = bits / 8;
  if (bits % 8 != 0 || size < 32 || size > kSymmetricBytesMost)
    return failed("a symmetric key has 256 to 32768 bits, a multiple of 8");
  wire::SecretBuffer secret(size);
  const auto room = secret.room();
  if (room.size() != size ||
      RAND_priv_bytes(reinterpret_cast<unsigned char*>(room.data()), static_cast<int>(size)) != 1 ||
      !secret.grow(size)) {
    return failed("OpenSSL gave no random bytes");
  }
  return KeyMaterial::symmetric(secret.view());
}

}  // namespace

KeyResult<KeyMaterial> KeyMaterial::generate(const KeyOrder& order) {
  PublicKey key;
  switch (order.kind) {
    case KeyKind::oct:
      return generate_symmetric(order.bits == 0 ? kSymmetricBitsDefault : order.bits);
    case KeyKind::rsa: {
      const std::size_t bits = order.bits == 0 ? kRsaBitsDefault : order.bits;
      if (bits < 1'024 || bits > 8'192) return failed("RSA has 1024 to 8192 bits here");
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
      break;
    }
    case KeyKind::ec: {
      const evp::Curve* curve = evp::find_curve(order.curve);
      if (curve == nullptr) return failed("the curve is none of P-256, P-384 and P-521");
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->group));
      break;
    }
    case KeyKind::okp:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
  }
  if (key == nullptr) return failed("OpenSSL made no key");
  return of(std::move(key), true);
}

}  // namespace latchkey::jose
