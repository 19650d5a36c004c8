// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of texts that are no secret: digests of configuration sections, names of what is revoked.
// Tokens go through token_digest.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/jose/openssl_handles.h"

namespace latchkey::jose {

// 64 lower-case digits; nothing where OpenSSL could not do it (memory).
std::optional<std::string> sha256_hex(std::string_view bytes);

// The digest of several texts in a row, for whoever makes many: OpenSSL is asked for the algorithm
// once, which costs twice what a short digest does, and a few of its contexts are kept. May be used
// by several threads at a time, without a lock.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  // Nothing where OpenSSL could not do it (memory).
  std::optional<std::array<std::uint8_t, 32>> operator()(
      std::initializer_list<std::string_view> parts) const;

 private:
  DigestContext take() const;
  void give_back(DigestContext context) const;

  Digest algorithm_;
  // As many as threads are commonly in here at once; others make one and drop it again.
  mutable std::array<std::atomic<evp_md_ctx_st*>, 4> kept_{};
};

}  // namespace latchkey::jose
