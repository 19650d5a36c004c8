// SPDX-License-Identifier: Apache-2.0
#include "core/jose/sha256.h"

#include <utility>

#include <openssl/evp.h>

namespace latchkey::jose {

std::optional<std::string> sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    return std::nullopt;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const auto byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 0xf];
  }
  return out;
}

Sha256::Sha256() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}

Sha256::~Sha256() {
  for (auto& kept : kept_) EVP_MD_CTX_free(kept.load());
}

DigestContext Sha256::take() const {
  for (auto& kept : kept_) {
    if (auto* context = kept.exchange(nullptr, std::memory_order_acquire))
      return DigestContext(context);
  }
  return DigestContext(EVP_MD_CTX_new());
}

void Sha256::give_back(DigestContext context) const {
  for (auto& kept : kept_) {
    evp_md_ctx_st* none = nullptr;
    if (kept.compare_exchange_strong(none, context.get(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
      (void)context.release();
      return;
    }
  }
}

std::optional<std::array<std::uint8_t, 32>> Sha256::operator()(
    std::initializer_list<std::string_view> parts) const {
  DigestContext context = take();
  if (!context || !algorithm_ ||
      EVP_DigestInit_ex2(context.get(), algorithm_.get(), nullptr) != 1) {
    return std::nullopt;
  }
  for (const std::string_view part : parts) {
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) return std::nullopt;
  }
  std::array<std::uint8_t, 32> digest{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1 || size != digest.size()) {
    return std::nullopt;
  }
  give_back(std::move(context));
  return digest;
}

}  // namespace latchkey::jose
