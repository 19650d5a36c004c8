// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/shown_token.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/render.h"
#include "core/base/limits.h"
#include "core/jose/base64url.h"
#include "core/jose/json.h"
#include "ipc/json_copy.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kWarning =
    "NOT VERIFIED: anybody can write such a token (`latchkeyctl token verify` verifies it)\n";

using Parsed = tl::expected<ordered_json, std::string>;

Parsed parse(std::string_view json) {
  jose::JsonReader reader;
  const auto value = reader.read(json);
  if (!value) return tl::unexpected(std::string(jose::describe(value.error())));
  return ipc::json::copy_of(*value);
}

// Printable ASCII only: what is not becomes \uXXXX, so that nothing moves a cursor or hides.
std::string ascii(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', true, ordered_json::error_handler_t::replace);
}

struct Parts {
  ordered_json header;
  ordered_json claims;
};

Parsed decode(std::string_view part, std::string_view what) {
  const auto failed = [&](std::string_view why) {
    return tl::unexpected(fmt::format("the {} cannot be shown: {}", what, why));
  };
  const auto bytes = jose::decode_base64url(part);
  if (!bytes) return failed("it is not canonical base64url");
  auto value = parse(*bytes);
  if (!value) return failed(value.error());
  if (!value->is_object()) return failed("it is no JSON object");
  return value;
}

tl::expected<Parts, std::string> take_apart(std::string_view token) {
  if (token.empty()) return tl::unexpected<std::string>("there is no token");
  if (token.size() > limits::kTokenBytes)
    return tl::unexpected<std::string>("the token is longer than 65536 bytes");
  const auto dots = std::count(token.begin(), token.end(), '.');
  if (dots == 4)
    return tl::unexpected<std::string>("the token is encrypted (JWE): its claims cannot be shown");
  if (dots != 2)
    return tl::unexpected<std::string>("this is no compact JWS: it has not three parts");
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  auto header = decode(token.substr(0, first), "header");
  if (!header) return tl::unexpected(std::move(header).error());
  auto claims = decode(token.substr(first + 1, second - first - 1), "payload");
  if (!claims) return tl::unexpected(std::move(claims).error());
  return Parts{*std::move(header), *std::move(claims)};
}

// A NumericDate (RFC 7519 section 2) that a calendar has.
std::optional<WallTime> moment(const ordered_json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  constexpr double kYear9999 = 253'402'300'799.0;
  if (!(seconds >= 0 && seconds <= kYear9999)) return std::nullopt;
  return WallTime{std::chrono::milliseconds(std::llround(seconds * 1'000))};
}

}  // namespace

tl::expected<std::string, std::string> pretty_json(std::string_view json) {
  const auto value = parse(json);
  if (!value) return tl::unexpected(value.error());
  return ascii(*value, 2);
}

tl::expected<std::string, std::string> show_token_text(std::string_view token, WallTime now) {
  const auto parts = take_apart(token);
  if (!parts) return tl::unexpected(parts.error());
  std::string out(kWarning);
  out += "header\n" + ascii(parts->header, 2) + "\nclaims\n" + ascii(parts->claims, 2) + "\n";
  std::string times;
  for (const char* name : {"iat", "nbf", "exp", "auth_time"}) {
    const auto when = moment(parts->claims, name);
    if (!when) continue;
    const std::string distance =
        *when > now ? "in " + render_span(*when - now) : render_span(now - *when) + " ago";
    times += fmt::format("  {:<10} {} ({})\n", name, ipc::format_time(*when), distance);
  }
  if (!times.empty()) out += "times\n" + times;
  return out;
}

tl::expected<std::string, std::string> show_token_json(std::string_view token) {
  auto parts = take_apart(token);
  if (!parts) return tl::unexpected(parts.error());
  return ascii(ordered_json{{"verified", false},
                            {"header", std::move(parts->header)},
                            {"claims", std::move(parts->claims)}},
               -1) +
         "\n";
}

}  // namespace latchkey::cli
