// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the JOSE header of a token that is good otherwise, beside a second reading of it:
// nlohmann/json and the rules of the header written out once more (RFC 7515 section 4). What the
// parser takes the second reading takes as well and reads the same off it; what it refuses has a
// reason of the header's, and a detail of printable ASCII.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"

namespace {

using latchkey::Reason;
using Other = nlohmann::json;

void require(bool held) {
  if (!held) std::abort();
}

bool names_a_nested_token(std::string cty) {
  std::transform(cty.begin(), cty.end(), cty.begin(), [](unsigned char c) {
    return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
  });
  return cty == "jwt" || cty == "application/jwt";
}

std::optional<std::string> string_of(const Other& header, const char* name) {
  if (!header.contains(name)) return std::nullopt;
  return header.at(name).get<std::string>();
}

void check_taken(std::string_view text, const latchkey::jose::CompactJws& jws) {
  const Other header = Other::parse(text);  // aborts the fuzzer where it is no JSON
  require(header.is_object());
  for (const char* asking : {"crit", "b64", "zip"}) require(!header.contains(asking));
  require(!names_a_nested_token(string_of(header, "cty").value_or("")));
  require(string_of(header, "alg") == latchkey::jose::algorithm_name(jws.algorithm()));
  const auto kid = string_of(header, "kid");
  const auto typ = string_of(header, "typ");
  require(kid.has_value() == jws.kid().has_value() && kid.value_or("") == jws.kid().value_or(""));
  require(typ.has_value() == jws.typ().has_value() && typ.value_or("") == jws.typ().value_or(""));
  require(kid.value_or("").size() <= 256);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static latchkey::jose::Scratch scratch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string token = latchkey::jose::encode_base64url(text) + ".e30.c2ln";
  const auto jws = latchkey::jose::parse_compact(token, scratch);
  const auto price = latchkey::jose::quote(token, scratch);
  if (jws) {
    check_taken(text, *jws);
    require(price > latchkey::jose::verification_cost(jws->algorithm()));  // its bytes cost, too
    return 0;
  }
  const Reason reason = jws.error().reason;
  require(reason == Reason::token_malformed || reason == Reason::header_unsupported ||
          reason == Reason::algorithm_unsupported || reason == Reason::token_too_long);
  require(std::all_of(jws.error().detail.begin(), jws.error().detail.end(),
                      [](char c) { return c >= 0x20 && c < 0x7F; }));
  return 0;
}
