// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/siphash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace latchkey::revocation {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

// Up to eight bytes as a little endian number.
template <typename Byte>
std::uint64_t little_endian(const Byte* bytes, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void compress(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t siphash(std::string_view bytes, HashKey key) {
  const auto k0 = little_endian(key.data(), 8);
  const auto k1 = little_endian(key.data() + 8, 8);
  State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
              k1 ^ 0x7465646279746573};
  const auto last = std::uint64_t{bytes.size()} << 56;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) state.compress(little_endian(bytes.data(), 8));
  state.compress(last | (bytes.empty() ? 0 : little_endian(bytes.data(), bytes.size())));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace latchkey::revocation
