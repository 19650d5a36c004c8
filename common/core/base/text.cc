// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.h"

#include <array>

namespace latchkey {
namespace {

constexpr std::string_view kCut = "...";

// One byte as it is shown: 1, 2 or 4 characters.
std::string_view shown(unsigned char byte, std::array<char, 4>& buffer) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (byte == '\\' || byte == '"') {
    buffer = {'\\', static_cast<char>(byte)};
    return {buffer.data(), 2};
  }
  if (byte >= 0x20 && byte < 0x7f) {
    buffer[0] = static_cast<char>(byte);
    return {buffer.data(), 1};
  }
  buffer = {'\\', 'x', kHex[byte >> 4], kHex[byte & 0xf]};
  return {buffer.data(), 4};
}

}  // namespace

std::string printable(std::string_view foreign, std::size_t most) {
  std::string out;
  std::size_t cut_at =
      0;  // the longest prefix of `out` that still leaves room for the mark of a cut
  std::array<char, 4> buffer{};
  for (const char c : foreign) {
    const auto piece = shown(static_cast<unsigned char>(c), buffer);
    if (out.size() + piece.size() > most) {
      out.resize(cut_at);
      out += kCut;
      return out;
    }
    out += piece;
    if (out.size() + kCut.size() <= most) cut_at = out.size();
  }
  return out;
}

std::string Quoted::operator()(std::string_view foreign, std::size_t most) const {
  return '"' + printable(foreign, most) + '"';
}

}  // namespace latchkey
