// SPDX-License-Identifier: Apache-2.0
//
// Status lists (PERFORMANCE section 6, last rows): ten million tokens at one bit, one in a hundred
// revoked. Memory, the way from the signed token to the list, and a look-up, alone and beside
// others. Beside each figure stands its floor, measured here in the same run: the same bytes
// through zlib alone, and the same bits read out of a bare array. Nothing here passes or fails.
// Times are CPU times.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <zlib.h>

#include "core/jose/base64url.h"
#include "core/revocation/status_list_token.h"
#include "tests/support/signing.h"

namespace latchkey::bench {
namespace {

using revocation::StatusListToken;

constexpr std::uint64_t kTokens = 10'000'000;
constexpr WallTime kNow{std::chrono::seconds{1'764'331'260}};
constexpr std::string_view kIssuer = "https://id.example.com/realms/corp";
constexpr std::string_view kUri = "https://id.example.com/statuslists/1";
constexpr std::size_t kTimes = 2'000'000;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The least of five, in seconds.
template <typename Work>
double seconds(Work&& work) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double start = cpu_seconds();
    work();
    least = std::min(least, cpu_seconds() - start);
  }
  return least;
}

std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ number >> 31) * 0x9E37'79B9'7F4A'7C15U;
  number = (number ^ number >> 29) * 0xBF58'476D'1CE4'E5B9U;
  return number ^ number >> 32;
}

std::string array_of(std::uint64_t tokens) {
  std::string array(tokens / 8, '\0');
  for (std::uint64_t i = 0; i < tokens; ++i)
    if (mixed(i) % 100 == 0) array[i / 8] = static_cast<char>(array[i / 8] | 1 << i % 8);
  return array;
}

std::string packed(const std::string& array) {
  std::string out(compressBound(array.size()), '\0');
  uLongf size = out.size();
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(array.data()), array.size(), 9) != Z_OK)
    std::exit(2);
  out.resize(size);
  return out;
}

void row(const char* what, double figure, const char* unit, const char* goal) {
  std::printf("  %-58s %10.2f %-4s %s\n", what, figure, unit, goal);
}

// 0, which the processor knows only after it knows the status.
std::size_t behind(unsigned status) {
  std::size_t wait = status;
  asm volatile("" : "+r"(wait));
  return wait & 8U;
}

template <typename Look>
void look_up(const char* what, const std::vector<std::uint64_t>& indices, Look&& look,
             const char* goal) {
  std::uint64_t sum = 0;
  const double beside = seconds([&] {
    for (std::size_t i = 0; i < kTimes; ++i) sum += look(indices[i]);
  });
  std::size_t wait = 0;
  const double alone = seconds([&] {
    for (std::size_t i = 0; i < kTimes; ++i) wait = behind(look(indices[i] + wait));
  });
  asm volatile("" : : "r"(sum), "r"(wait));
  row(what, beside / kTimes * 1e9, "ns", goal);
  row("  where each waits for the one before", alone / kTimes * 1e9, "ns", goal);
}

int measure() {
  const std::string array = array_of(kTokens);
  const std::string data = packed(array);
  const auto key = testing::SigningKey::generate(jose::Algorithm::es256, "k");
  const auto keys = jose::JwkSet::parse(testing::jwk_set({key.jwk()})).value();
  const std::string token =
      key.token(R"({"alg":"ES256","kid":"k","typ":"statuslist+jwt"})",
                R"({"iss":")" + std::string(kIssuer) + R"(","sub":")" + std::string(kUri) +
                    R"(","iat":1764331260,"status_list":{"bits":1,"lst":")" +
                    jose::encode_base64url(data) + "\"}}");
  std::printf("10 million tokens at 1 bit, 1 %% revoked\n");
  row("the signed token", static_cast<double>(token.size()) / 1e6, "MB", "");

  std::string plain(array.size(), '\0');
  const double floor = seconds([&] {
    uLongf size = plain.size();
    if (uncompress(reinterpret_cast<Bytef*>(plain.data()), &size,
                   reinterpret_cast<const Bytef*>(data.data()), data.size()) != Z_OK)
      std::exit(2);
  });
  row("floor: unpacked by zlib into memory that is there", floor * 1e3, "ms", "");
  jose::Scratch scratch(revocation::status_token_bytes(array.size()));
  std::optional<StatusListToken> list;
  const double reading = seconds([&] {
    auto read = revocation::read_status_list_token(token, kUri, {kIssuer, keys, array.size()},
                                                   std::nullopt, kNow, scratch);
    if (!read) std::exit(2);
    list = std::move(*read);
  });
  row("from the token to the list, signature and all", reading * 1e3, "ms", "");
  row("memory of the list", static_cast<double>(list->list.bytes()) / 1e6, "MB", "at most 1.3");

  std::vector<std::uint64_t> indices;
  for (std::size_t i = 0; i < kTimes + 8; ++i) indices.push_back(mixed(i) % (kTokens - 8));
  const auto* const bits = reinterpret_cast<const std::uint8_t*>(array.data());
  look_up(
      "floor: the bit of a bare array", indices,
      [&](std::uint64_t i) { return static_cast<unsigned>(bits[i / 8] >> i % 8 & 1); }, "");
  look_up(
      "look-up, in no order", indices,
      [&](std::uint64_t i) { return static_cast<unsigned>(list->list.at(i)); }, "at most 15");
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main() { return latchkey::bench::measure(); }
