// SPDX-License-Identifier: Apache-2.0
//
// base64url as RFC 7515 section 2 means it: no padding, no line breaks, no other alphabet, and
// canonical, i.e. the bits that the last character has too many are zero (RFC 4648 section 3.5). So
// two different texts never decode to the same bytes, and a token cannot be changed without
// changing what is verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace latchkey::jose {

// How many bytes that many characters decode to.
constexpr std::size_t base64url_decoded_size(std::size_t characters) {
  return characters / 4 * 3 + (characters % 4 == 0 ? 0 : characters % 4 - 1);
}

// Decodes into `out`, which holds at least base64url_decoded_size(text.size()) bytes, and gives the
// number of bytes; nothing where the text (any bytes from anybody) is not canonical base64url or
// does not fit.
std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out);

// The same into a string of its own; for keys and tools, not for the way of a token.
std::optional<std::string> decode_base64url(std::string_view text);

std::string encode_base64url(std::span<const std::uint8_t> bytes);
std::string encode_base64url(std::string_view bytes);

}  // namespace latchkey::jose
