// SPDX-License-Identifier: Apache-2.0
//
// Four tables of pre-shifted values: a group of four characters costs four loads and three ORs, and
// a character outside the alphabet sets a bit above the 24 that count.
#include "core/jose/base64url.h"

#include <array>
#include <cstring>

#include "core/base/mutation.h"

namespace latchkey::jose {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint32_t kBad = 0xFF00'0000;

using Table = std::array<std::uint32_t, 256>;

constexpr Table make_table(unsigned shift) {
  Table table{};
  table.fill(kBad);
  for (std::uint32_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = i << shift;
  }
  return table;
}

constexpr std::array<Table, 4> kTables{make_table(18), make_table(12), make_table(6),
                                       make_table(0)};

constexpr std::uint32_t value(const Table& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

// The last two or three characters; the bits that they have too many must be zero (RFC 4648
// section 3.5).
bool decode_rest(std::string_view rest, std::uint8_t* out) {
  std::uint32_t bits = value(kTables[0], rest[0]) | value(kTables[1], rest[1]);
  std::uint32_t excess = 0xFFFF;
  if (rest.size() == 3) {
    bits |= value(kTables[2], rest[2]);
    excess = 0xFF;
  }
  if (LATCHKEY_FAILS(base64url_last_letters, (bits & kBad) != 0)) return false;
  if (LATCHKEY_FAILS(base64url_spare_bits, (bits & excess) != 0)) return false;
  out[0] = static_cast<std::uint8_t>(bits >> 16);
  if (rest.size() == 3) out[1] = static_cast<std::uint8_t>(bits >> 8);
  return true;
}

}  // namespace

std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out) {
  const std::size_t size = base64url_decoded_size(text.size());
  const std::size_t rest = text.size() % 4;
  if (LATCHKEY_FAILS(base64url_length, rest == 1) ||
      LATCHKEY_FAILS(base64url_room, size > out.size()))
    return std::nullopt;

  std::uint8_t* to = out.data();
  const char* from = text.data();
  for (const char* end = from + (text.size() - rest); from != end; from += 4, to += 3) {
    const std::uint32_t bits = value(kTables[0], from[0]) | value(kTables[1], from[1]) |
                               value(kTables[2], from[2]) | value(kTables[3], from[3]);
    if (LATCHKEY_FAILS(base64url_alphabet, (bits & kBad) != 0)) return std::nullopt;
    to[0] = static_cast<std::uint8_t>(bits >> 16);
    to[1] = static_cast<std::uint8_t>(bits >> 8);
    to[2] = static_cast<std::uint8_t>(bits);
  }
  if (rest > 1 && !decode_rest({from, rest}, to)) return std::nullopt;
  return size;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes(base64url_decoded_size(text.size()), '\0');
  auto* out = reinterpret_cast<std::uint8_t*>(bytes.data());
  if (!decode_base64url(text, std::span<std::uint8_t>{out, bytes.size()})) return std::nullopt;
  return bytes;
}

std::string encode_base64url(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits = static_cast<std::uint32_t>(bytes[i]) << 16 |
                               static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text.push_back(kAlphabet[bits >> shift & 63]);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return text;
  std::uint32_t bits = static_cast<std::uint32_t>(bytes[i]) << 16;
  if (rest == 2) bits |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
  text.push_back(kAlphabet[bits >> 18 & 63]);
  text.push_back(kAlphabet[bits >> 12 & 63]);
  if (rest == 2) text.push_back(kAlphabet[bits >> 6 & 63]);
  return text;
}

std::string encode_base64url(std::string_view bytes) {
  return encode_base64url(
      std::span{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace latchkey::jose
