// SPDX-License-Identifier: Apache-2.0
#include "core/config/forms.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/accounts/accounts_config.h"
#include "core/accounts/local_accounts.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/claims/token_type.h"
#include "core/claims/user_name.h"
#include "core/config/presets.h"
#include "core/config/revocation_config.h"
#include "core/issuer/https_url.h"
#include "core/jose/algorithm.h"
#include "core/jose/base64url.h"
#include "core/policy/network.h"
#include "core/policy/time_span.h"

namespace latchkey::config {
namespace {

using std::chrono::milliseconds;
using MaybeFault = std::optional<std::string>;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kLongestMs = std::int64_t{36'525} * 86'400'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

bool only(std::string_view text, std::size_t most, bool (*allowed)(char)) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), allowed);
}

MaybeFault yes_or(bool fine, const char* why) { return fine ? MaybeFault{} : MaybeFault{why}; }

MaybeFault any_text_fault(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() > limits::kClaimStringBytes) return "it is too long";
  return yes_or(
      std::none_of(text.begin(), text.end(),
                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
      "it holds a control character");
}

MaybeFault url_fault(std::string_view text) {
  const auto url = issuer::parse_https_url(text);
  return url ? MaybeFault{} : url.error();
}

MaybeFault issuer_fault(std::string_view text) {
  const auto url = issuer::parse_https_url(text);
  if (!url) return url.error();
  return yes_or(url->query.empty(), "an issuer has no query");
}

MaybeFault origin_fault(std::string_view text) {
  const auto origin = issuer::parse_origin(text);
  return origin ? MaybeFault{} : origin.error();
}

MaybeFault provider_fault(std::string_view text) {
  if (find_provider(text) != nullptr) return {};
  std::string why = "it is none of";
  for (const Provider& each : providers()) why += ' ' + std::string(each.name);
  return why;
}

MaybeFault discovery_fault(std::string_view text) {
  return yes_or(text == "oidc" || text == "oauth", "it is neither oidc nor oauth");
}

// Credentials have no place in a URL: this file is for everybody on the host to read, and so is
// what is logged of it.
MaybeFault proxy_fault(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return "it does not start with http://";
  text.remove_prefix(kScheme.size());
  const auto origin = issuer::parse_origin("https://" + std::string(text));
  if (!origin) return origin.error();
  const auto colon = text.rfind(':');
  const bool port = colon != std::string_view::npos && text.find(']', colon) == text.npos;
  return yes_or(port && !text.ends_with('/'), "it needs host and port, and nothing behind them");
}

MaybeFault stream_server_fault(std::string_view text) {
  const auto server = parse_stream_server(text);
  return server ? std::nullopt : std::optional(server.error());
}

// As curl takes it: base64 with its padding, of exactly one SHA-256.
MaybeFault tls_pin_fault(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256//";
  constexpr std::size_t kCharacters = 43;  // of 32 bytes, without the padding
  if (!text.starts_with(kPrefix)) return "it does not start with sha256//";
  std::string base64(text.substr(kPrefix.size()));
  const bool form = base64.size() == kCharacters + 1 && base64.back() == '=' &&
                    base64.find_first_of("-_") == std::string::npos;
  if (form) base64.pop_back();
  std::replace(base64.begin(), base64.end(), '+', '-');
  std::replace(base64.begin(), base64.end(), '/', '_');
  return yes_or(form && jose::decode_base64url(base64), "it is no base64 of a SHA-256");
}

MaybeFault path_fault(std::string_view text) {
  if (auto fault = any_text_fault(text)) return fault;
  if (!text.starts_with('/')) return "it is not absolute";
  if (text.ends_with('/')) return "it names a folder";
  for (auto at = text.find("/.."); at != std::string_view::npos; at = text.find("/..", at + 1)) {
    if (at + 3 == text.size() || text[at + 3] == '/') return "it holds '..'";
  }
  return {};
}

MaybeFault short_name_fault(std::string_view text) {
  const bool fine =
      only(text, limits::kNameBytes, [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
  return yes_or(fine && text.front() != '-',
                "only a-z, 0-9 and '-' are allowed, at most 32, '-' not first");
}

MaybeFault label_fault(std::string_view text) {
  const bool fine = only(text, 64, [](char c) {
    return is_word(c) || std::string_view(" ._-/[]").find(c) != std::string_view::npos;
  });
  return yes_or(fine && text.front() != ' ' && text.back() != ' ',
                "only letters, digits, blanks and . _ - / [ ] are allowed, at most 64");
}

MaybeFault local_name_fault(std::string_view text) {
  return yes_or(accounts::writable_name(text),
                "only letters, digits and . _ - are allowed, at most 32, '-' and '.' not first, "
                "not digits alone");
}

MaybeFault plain_service_fault(std::string_view text) {
  const bool fine = only(
      text, 64, [](char c) { return is_word(c) || c == '.' || c == '_' || c == '-' || c == '@'; });
  return yes_or(fine && text.front() != '.',
                "only letters, digits and . _ - @ are allowed, at most 64");
}

MaybeFault service_fault(std::string_view text) {
  return text == "*" ? MaybeFault{} : plain_service_fault(text);
}

MaybeFault algorithm_fault(std::string_view text) {
  if (jose::find_algorithm(text)) return {};
  if (jose::find_symmetric_algorithm(text))
    return "symmetric algorithms need 'symmetric_key_file' and stand in 'symmetric_algorithm'";
  if (text == "none") return "a token without a signature is never accepted";
  return "it is none of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA";
}

MaybeFault symmetric_algorithm_fault(std::string_view text) {
  return yes_or(jose::find_symmetric_algorithm(text).has_value(),
                "it is none of HS256, HS384, HS512");
}

MaybeFault token_kind_fault(std::string_view text) {
  return yes_or(text == "access" || text == "id", "it is neither access nor id");
}

// A media type's subtype (RFC 6838 section 4.2), with or without "application/".
MaybeFault typ_fault(std::string_view text) {
  const bool fine = only(text, 127, [](char c) {
    return is_word(c) || std::string_view("!#$&-^_.+/").find(c) != std::string_view::npos;
  });
  if (!fine) return "it is no media type";
  return yes_or(!claims::never_accepted_type(text),
                "tokens of that type are made for other receivers and never sign in");
}

MaybeFault payload_typ_fault(std::string_view text) {
  if (auto fault = any_text_fault(text)) return fault;
  return yes_or(!claims::never_accepted_payload_type(text),
                "tokens of that type are made for other receivers and never sign in");
}

// Those that decide by themselves have keys of their own or are refused; those that carry or name a
// key are never looked at (RFC 8725 section 3.10).
MaybeFault header_member_fault(std::string_view text) {
  if (auto fault = any_text_fault(text)) return fault;
  constexpr std::array<std::string_view, 12> kOthers = {
      "alg", "typ", "cty", "crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"};
  return yes_or(std::find(kOthers.begin(), kOthers.end(), text) == kOthers.end(),
                "that one has rules of its own");
}

// RFC 6749 appendix A.12. The JSON object that a signed token begins with is "ey" in base64url, or
// "ew" where a line break follows the brace: such a prefix would send signed tokens to be asked
// about as opaque ones.
MaybeFault opaque_prefix_fault(std::string_view text) {
  if (!only(text, 64, [](char c) { return c > ' ' && c < 0x7f; }))
    return "only visible ASCII is allowed, at most 64";
  for (const std::string_view head : {"ey", "ew"}) {
    if (text.starts_with(head) || head.starts_with(text)) return "a signed token begins like that";
  }
  return {};
}

MaybeFault template_fault(std::string_view text) {
  if (auto fault = any_text_fault(text)) return fault;
  const auto parts = claims::parse_template(text);
  return parts ? MaybeFault{} : parts.error();
}

MaybeFault network_fault(std::string_view text) {
  const auto network = policy::Network::parse(text);
  return network ? MaybeFault{} : network.error();
}

MaybeFault time_span_fault(std::string_view text) {
  const auto span = policy::TimeSpan::parse(text);
  return span ? MaybeFault{} : span.error();
}

MaybeFault id_range_fault(std::string_view text) {
  return yes_or(
      accounts::parse_range(text).has_value(),
      "two ids from 1000 to 2147483647 are wanted, the lower one first, with a '-' between "
      "them and none of systemd's (60001 to 65535, 524288 to 1879048191, 2147352576 to "
      "2147418111) among them");
}

MaybeFault home_fault(std::string_view text) {
  return yes_or(
      accounts::usable_home(text),
      "an absolute path of plain letters is wanted, in which %u stands for the name, once");
}

MaybeFault names_path_fault(std::string_view text) {
  return yes_or(accounts::usable_path(text),
                "an absolute path of at most 256 plain letters is wanted");
}

MaybeFault log_level_fault(std::string_view text) {
  constexpr std::array<std::string_view, 5> kLevels = {"error", "warning", "notice", "info",
                                                       "debug"};
  return yes_or(std::find(kLevels.begin(), kLevels.end(), text) != kLevels.end(),
                "it is none of error, warning, notice, info, debug");
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const Unit& each) { return each.name == text; });
  if (unit == kUnits.end() || number > kLongestMs / unit->milliseconds) return std::nullopt;
  return milliseconds(number * unit->milliseconds);
}

std::string format_duration(milliseconds duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const Unit& each) { return count % each.milliseconds == 0; });
  return std::to_string(count / unit->milliseconds) + std::string(unit->name);
}

constinit const Form kAnyText{"text", any_text_fault};
constinit const Form kHttpsUrl{"an https URL", url_fault};
constinit const Form kIssuerUrl{"an https URL without query", issuer_fault};
constinit const Form kOriginForm{"an https origin such as https://keys.example.com", origin_fault};
constinit const Form kProvider{"a known provider", provider_fault};
constinit const Form kDiscovery{"oidc or oauth", discovery_fault};
constinit const Form kProxy{"a proxy such as http://proxy.example.com:3128", proxy_fault};
constinit const Form kStreamServer{"a Redis server such as rediss://redis.example.com:6379",
                                   stream_server_fault};
constinit const Form kTlsPin{"a pin such as sha256//BASE64", tls_pin_fault};
constinit const Form kPath{"an absolute path", path_fault};
constinit const Form kShortName{"a short name", short_name_fault};
constinit const Form kLabel{"a name", label_fault};
constinit const Form kLocalName{"a local name", local_name_fault};
constinit const Form kIdRange{"a range of ids such as 1879048192-2147352575", id_range_fault};
constinit const Form kHomeTemplate{"a home such as /home/%u", home_fault};
constinit const Form kNamesPath{"a path such as /bin/bash", names_path_fault};
constinit const Form kService{"a PAM service or \"*\"", service_fault};
constinit const Form kPlainService{"a PAM service", plain_service_fault};
constinit const Form kAlgorithm{"an algorithm", algorithm_fault};
constinit const Form kSymmetricAlgorithm{"HS256, HS384 or HS512", symmetric_algorithm_fault};
constinit const Form kTokenKind{"access or id", token_kind_fault};
constinit const Form kTyp{"a token type such as at+jwt, or none", typ_fault};
constinit const Form kPayloadTyp{"a payload's type such as Bearer", payload_typ_fault};
constinit const Form kHeaderMember{"the name of a header member", header_member_fault};
constinit const Form kTemplate{"a name with claims in braces", template_fault};
constinit const Form kNetwork{"a network such as 10.0.0.0/8", network_fault};
constinit const Form kTimeSpan{"a time such as mon-fri 08:00-18:00", time_span_fault};
constinit const Form kOpaquePrefix{"the beginning of an opaque token", opaque_prefix_fault};
constinit const Form kLogLevel{"a log level", log_level_fault};

}  // namespace latchkey::config
