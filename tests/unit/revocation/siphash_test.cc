// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/siphash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace latchkey::revocation {
namespace {

// The reference implementation's vectors: key 00…0f, input 00, 01, 02, … of that length.
TEST(SipHash, GivesTheReferenceValues) {
  struct Case {
    std::size_t size;
    std::uint64_t want;
  };
  const std::vector<Case> cases = {
      {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
      {8, 0x93f5f5799a932462},  {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
      {63, 0x958a324ceb064572},
  };
  std::array<std::uint8_t, 16> key{};
  for (std::uint8_t i = 0; i < 16; ++i) key[i] = i;
  std::string input;
  for (int i = 0; i < 64; ++i) input += static_cast<char>(i);
  for (const auto& c : cases) EXPECT_EQ(siphash(input.substr(0, c.size), key), c.want) << c.size;
}

TEST(SipHash, DependsOnTheKey) {
  std::array<std::uint8_t, 16> one{};
  std::array<std::uint8_t, 16> other{};
  other[15] = 1;
  EXPECT_NE(siphash("token", one), siphash("token", other));
}

}  // namespace
}  // namespace latchkey::revocation
