// SPDX-License-Identifier: Apache-2.0
#include "bench/revocation_floor.h"

#include <array>
#include <bit>

#include "core/revocation/siphash.h"

namespace latchkey::bench {
namespace {

constexpr std::array<std::uint8_t, 16> kKey = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5};

std::uint64_t hash_of(std::string_view name) {
  const std::uint64_t hash = revocation::siphash(name, kKey);
  return hash == 0 ? 1 : hash;
}

}  // namespace

BareTable::BareTable(std::size_t count, std::pmr::memory_resource* memory)
    : slots_(std::bit_ceil(count + count / 2), memory), mask_(slots_.size() - 1) {}

std::size_t BareTable::position(std::uint64_t hash) const {
  std::size_t at = hash & mask_;
  while (slots_.data()[at] != 0 && slots_.data()[at] != hash) at = (at + 1) & mask_;
  return at;
}

void BareTable::insert(std::string_view name) {
  const std::uint64_t hash = hash_of(name);
  slots_[position(hash)] = hash;
}

bool BareTable::contains(std::string_view name) const {
  const std::uint64_t hash = hash_of(name);
  return slots_[position(hash)] == hash;
}

BareSha256::BareSha256()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {}

BareSha256::~BareSha256() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(algorithm_);
}

std::uint8_t BareSha256::operator()(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_DigestInit_ex2(context_, algorithm_, nullptr);
  EVP_DigestUpdate(context_, text.data(), text.size());
  EVP_DigestFinal_ex(context_, digest.data(), nullptr);
  return digest[0];
}

}  // namespace latchkey::bench
