// SPDX-License-Identifier: Apache-2.0
#include "core/jose/token_digest.h"

#include <openssl/evp.h>

namespace latchkey::jose {

std::string TokenDigest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  char* to = text.data();
  for (const std::uint8_t byte : bytes) {
    *to++ = kDigits[byte >> 4];
    *to++ = kDigits[byte & 15];
  }
  return text;
}

std::optional<TokenDigest> digest_token(std::string_view token, Scratch& scratch) {
  EVP_MD_CTX* context = scratch.hash();
  TokenDigest digest;
  unsigned size = 0;
  if (context == nullptr || EVP_DigestInit_ex2(context, scratch.sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context, token.data(), token.size()) != 1 ||
      EVP_DigestFinal_ex(context, digest.bytes.data(), &size) != 1 || size != digest.bytes.size()) {
    return std::nullopt;
  }
  return digest;
}

}  // namespace latchkey::jose
