// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/checksum.h"

namespace latchkey::latchkeyd {

std::uint64_t checksum(std::initializer_list<std::string_view> texts,
                       std::initializer_list<std::int64_t> numbers) {
  constexpr std::uint64_t kPrime = 0x100000001b3U;
  std::uint64_t sum = 0xcbf29ce484222325U;
  const auto add = [&](std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) sum = (sum ^ ((number >> shift) & 0xFFU)) * kPrime;
  };
  for (const std::string_view text : texts) {
    add(text.size());
    for (const char byte : text) sum = (sum ^ static_cast<unsigned char>(byte)) * kPrime;
  }
  for (const std::int64_t number : numbers) add(static_cast<std::uint64_t>(number));
  return sum;
}

}  // namespace latchkey::latchkeyd
