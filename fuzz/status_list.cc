// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what leads to the status of a token (draft-ietf-oauth-status-list). The first byte
// says which:
//
//   't'  a status list token as it came      'p'  its payload, signed here
//   'r'  the payload of a token that may refer to a list
//   '1', '2', '4', '8'  the packed bytes of a list of so many bits
//
// What was unpacked must be what zlib says in one go, within the bound, and each status what its
// bits say, looked at once more and plainly.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "core/claims/status_claim.h"
#include "core/revocation/status_list_token.h"
#include "tests/support/signing.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here
using revocation::TokenStatus;

constexpr std::string_view kIssuer = "https://id.example.com/realms/corp";
constexpr std::string_view kUri = "https://id.example.com/statuslists/1";
constexpr WallTime kNow{std::chrono::seconds{1'764'331'260}};
constexpr std::size_t kMost = 4'096;

void require(bool held) {
  if (!held) std::abort();
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("k");
  return made;
}

void read_token(std::string_view bytes) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  static jose::Scratch scratch(revocation::status_token_bytes(kMost));
  const auto token = revocation::read_status_list_token(bytes, kUri, {kIssuer, keys, kMost},
                                                        std::nullopt, kNow, scratch);
  if (!token) return;
  require(token->uri == kUri && token->issued_at <= kNow + revocation::kItemAhead);
  require(token->in_force(kNow) && token->list.bytes() >= 1 && token->list.bytes() <= kMost);
  require(token->ttl.value_or(std::chrono::milliseconds(0)).count() >= 0);
}

void read_reference(std::string_view payload) {
  static jose::JsonReader reader;
  const auto json = reader.read(payload);
  if (!json) return;
  const auto reference = claims::read_status(*json, claims::StatusRule::heed);
  if (!reference || !*reference) return;
  require((*reference)->index < std::uint64_t{1} << 53);
  const std::string_view uri = (*reference)->uri;
  require(uri.starts_with("https://") && uri.size() <= limits::kClaimStringBytes);
  for (const char c : uri) require(c > ' ' && c <= '~' && c != '#' && c != '"');
}

void unpack(unsigned bits, std::string_view packed) {
  const auto list = revocation::StatusList::unpack(bits, packed, kMost);
  std::vector<std::uint8_t> plain(kMost);
  uLongf size = plain.size();
  uLong used = packed.size();
  const int state =
      uncompress2(plain.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), &used);
  require(list.has_value() == (state == Z_OK && used == packed.size() && size != 0));
  if (!list) return;
  require(list->bytes() == size && list->size() == size * 8 / bits);
  for (std::uint64_t i = 0; i < list->size(); ++i) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
      const std::uint64_t place = i * bits + bit;
      value |= (unsigned{plain[place / 8]} >> (place % 8) & 1U) << bit;
    }
    const auto want = static_cast<TokenStatus>(value < 3 ? value : 3);
    require(list->at(i) == want);
  }
  require(list->at(list->size()) == TokenStatus::unknown);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const char form = input[0];
  input.remove_prefix(1);
  switch (form) {
    case 't':
      read_token(input);
      break;
    case 'p':
      read_token(key().token(R"({"alg":"EdDSA","kid":"k","typ":"statuslist+jwt"})", input));
      break;
    case 'r':
      read_reference(input);
      break;
    case '1':
    case '2':
    case '4':
    case '8':
      unpack(static_cast<unsigned>(form - '0'), input);
      break;
    default:
      break;
  }
  return 0;
}
