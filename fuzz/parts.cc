// SPDX-License-Identifier: Apache-2.0
//
// Markers and parts: what is read is written back to the letter, and a token in parts is that token
// again. The input is read as a prompt, as an answer, and, with its first two bytes as MAX, as a
// token to be given in parts.
#include "wire/parts.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace latchkey::wire;  // NOLINT(google-build-using-namespace): what is fuzzed here

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

void as_prompt(std::string_view text) {
  const auto marker = find_marker(text);
  if (!marker) return;
  std::array<char, kMarkerMost> out;
  require(text.ends_with(make_marker(*marker, out)), "a marker is written as it was read");
  require(parts_of(1, marker->most) == 1, "a marker leaves room for a part");
}

void as_answer(std::string_view text) {
  const ParsedPart parsed = parse_part(text);
  if (parsed.kind == PartKind::whole)
    return require(!text.starts_with("lk1."), "a part is no token");
  require(text.starts_with("lk1."), "a token is no part");
  if (parsed.kind == PartKind::broken) return;
  std::vector<char> out(text.size());
  require(make_part(parsed.part, out) == text, "a part is written as it was read");
}

void as_token(std::string_view text) {
  if (text.size() < 2) return;
  const auto high = static_cast<unsigned char>(text[0]);
  const auto low = static_cast<unsigned char>(text[1]);
  const std::size_t most = static_cast<std::size_t>(high) << 8U | low;
  const std::string_view token = text.substr(2);
  const unsigned parts = parts_of(token.size(), most);
  std::string joined;
  std::vector<char> out(most);
  for (unsigned k = 1; k <= parts; ++k) {
    const std::string_view answer = make_part(
        {.part = k, .parts = parts, .digest = "0123456789abcdef", .data = slice_of(token, k, most)},
        out);
    require(!answer.empty(), "every part fits");
    const ParsedPart parsed = parse_part(answer);
    require(parsed.kind == PartKind::part && parsed.part.part == k, "every part is read");
    joined += parsed.part.data;
  }
  if (parts > 0) require(joined == token, "the parts are the token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  as_prompt(text);
  as_answer(text);
  as_token(text);
  return 0;
}
