// SPDX-License-Identifier: Apache-2.0
//
// What sets of revoked tokens are measured against (PERFORMANCE section 6), in the same process and
// over the same names: the least that anything with these properties has to do. A bare table of
// 64-bit hashes, a power of two of places, which forgets when an entry ends, takes nothing back and
// is hashed by its text alone; and SHA-256 of a name with nothing around it, which lists and
// streams need, because a host must not know another's secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

namespace latchkey::bench {

class BareTable {
 public:
  // 60 % full with `count` names of 10 million, less with others.
  BareTable(std::size_t count, std::pmr::memory_resource* memory);

  void insert(std::string_view name);
  bool contains(std::string_view name) const;
  std::size_t bytes() const { return slots_.size() * sizeof(std::uint64_t); }

 private:
  std::size_t position(std::uint64_t hash) const;

  std::pmr::vector<std::uint64_t> slots_;
  std::size_t mask_;
};

// One context, one algorithm, both fetched before.
class BareSha256 {
 public:
  BareSha256();
  BareSha256(const BareSha256&) = delete;
  BareSha256& operator=(const BareSha256&) = delete;
  ~BareSha256();

  // The first byte of the digest, so that there is something to wait for.
  std::uint8_t operator()(std::string_view text);

 private:
  EVP_MD* algorithm_;
  EVP_MD_CTX* context_;
};

}  // namespace latchkey::bench
