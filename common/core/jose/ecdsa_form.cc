// SPDX-License-Identifier: Apache-2.0
#include "core/jose/ecdsa_form.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/base/mutation.h"

namespace latchkey::jose {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t hex_digit(char c) {
  return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

template <std::size_t N>
constexpr std::array<std::uint8_t, (N - 1) / 2> from_hex(const char (&text)[N]) {
  std::array<std::uint8_t, (N - 1) / 2> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
  }
  return bytes;
}

// Orders of the base points (SEC 2 version 2.0 sections 2.4.2, 2.5.1, 2.6.1), big-endian.
constexpr auto kOrderP256 =
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
constexpr auto kOrderP384 = from_hex(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973");
constexpr auto kOrderP521 = from_hex(
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
    "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409");

Bytes order(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
      return kOrderP256;
    case Algorithm::es384:
      return kOrderP384;
    case Algorithm::es512:
      return kOrderP521;
    default:
      return {};
  }
}

bool in_range(Bytes number, Bytes below) {
  const bool zero =
      std::all_of(number.begin(), number.end(), [](std::uint8_t byte) { return byte == 0; });
  if (LATCHKEY_FAILS(ecdsa_number_zero, zero)) return false;
  return !LATCHKEY_FAILS(ecdsa_number_order,
                         std::memcmp(number.data(), below.data(), below.size()) >= 0);
}

// A positive INTEGER in its shortest form (ITU-T X.690 section 8.3).
std::uint8_t* write_integer(Bytes number, std::uint8_t* out) {
  const auto* first = std::find_if(number.data(), number.data() + number.size(),
                                   [](std::uint8_t b) { return b != 0; });
  const auto size = static_cast<std::size_t>(number.data() + number.size() - first);
  const bool sign = (*first & 0x80) != 0;
  *out++ = 0x02;
  *out++ = static_cast<std::uint8_t>(size + (sign ? 1 : 0));
  if (sign) *out++ = 0;
  std::memcpy(out, first, size);
  return out + size;
}

}  // namespace

std::size_t ecdsa_number_size(Algorithm algorithm) { return order(algorithm).size(); }

std::optional<std::size_t> ecdsa_to_der(Algorithm algorithm, Bytes raw, EcdsaDer& der) {
  const Bytes below = order(algorithm);
  if (below.empty() || LATCHKEY_FAILS(ecdsa_signature_size, raw.size() != 2 * below.size()))
    return std::nullopt;
  const Bytes r = raw.first(below.size());
  const Bytes s = raw.last(below.size());
  if (!in_range(r, below) || !in_range(s, below)) return std::nullopt;

  constexpr std::size_t kHeaderMost = 3;
  std::uint8_t* const body = der.data() + kHeaderMost;
  const auto size = static_cast<std::size_t>(write_integer(s, write_integer(r, body)) - body);
  // The SEQUENCE's length has a second byte from 128 on; the body is moved where it has none.
  if (size >= 0x80) {
    der[0] = 0x30;
    der[1] = 0x81;
    der[2] = static_cast<std::uint8_t>(size);
    return kHeaderMost + size;
  }
  der[0] = 0x30;
  der[1] = static_cast<std::uint8_t>(size);
  std::memmove(der.data() + 2, body, size);
  return 2 + size;
}

}  // namespace latchkey::jose
