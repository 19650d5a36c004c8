// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as base64url, beside a second decoder that does it a bit at a time. What decodes must
// encode to the same text, so that no two texts mean the same bytes.
#include "core/jose/base64url.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

std::optional<std::string> plain_decode(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xFF));
    bits &= (1U << held) - 1;
  }
  if (held == 6 || bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = latchkey::jose::decode_base64url(text);
  if (bytes != plain_decode(text)) std::abort();
  if (bytes && latchkey::jose::encode_base64url(*bytes) != text) std::abort();
  return 0;
}
