// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/https_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/limits.h"
#include "core/base/mutation.h"

namespace latchkey::issuer {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kHostBytes = 253;  // RFC 1035 section 2.3.4, as text
constexpr std::size_t kLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// What RFC 3986 section 2 allows in path and query, percent signs included.
bool is_url_character(char c) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@/?%";
  return is_letter(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
}

// Each '%' must start an escape (RFC 3986 section 2.1).
bool escapes_well(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (LATCHKEY_FAILS(url_escape_cut, at + 2 >= text.size())) return false;
    const auto escape = text.substr(at + 1, 2);
    if (LATCHKEY_FAILS(url_escape_digits, !std::all_of(escape.begin(), escape.end(), is_hex)))
      return false;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool label_ok(std::string_view label) {
  if (LATCHKEY_FAILS(url_label_empty, label.empty()) ||
      LATCHKEY_FAILS(url_label_too_long, label.size() > kLabelBytes) ||
      LATCHKEY_FAILS(url_label_dash, label.starts_with('-') || label.ends_with('-')))
    return false;
  return !LATCHKEY_FAILS(url_label_bytes, !std::all_of(label.begin(), label.end(), [](char c) {
                           return is_letter(c) || is_digit(c) || c == '-';
                         }));
}

// Four decimal numbers without leading zeros; the other spellings of an address (hex, octal, short
// forms) are refused.
bool is_ipv4(std::string_view host) {
  int numbers = 0;
  while (true) {
    const auto end = std::min(host.find('.'), host.size());
    const auto part = host.substr(0, end);
    unsigned value = 0;
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part.front() == '0')) return false;
    if (!std::all_of(part.begin(), part.end(), is_digit)) return false;
    std::from_chars(part.data(), part.data() + part.size(), value);
    if (value > 255 || ++numbers > 4) return false;
    if (end == host.size()) return numbers == 4;
    host.remove_prefix(end + 1);
  }
}

// Why the name is no host, or nothing.
std::optional<std::string> host_fault(std::string_view host) {
  if (LATCHKEY_FAILS(url_host_absent, host.empty())) return "it has no host";
  if (LATCHKEY_FAILS(url_host_too_long, host.size() > kHostBytes)) return "the host is too long";
  std::string_view rest = host;
  std::string_view last;
  while (true) {
    const auto end = std::min(rest.find('.'), rest.size());
    last = rest.substr(0, end);
    if (!label_ok(last)) return "the host is no name and no address";
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  // A last label that starts with a digit is what address parsers take for a number (WHATWG URL
  // "ends in a number").
  if (LATCHKEY_FAILS(url_host_number, !last.empty() && is_digit(last.front()) && !is_ipv4(host)))
    return "the host is no name and no address";
  return std::nullopt;
}

// "[...]" with hex digits and colons; the parts of an IPv6 address are curl's to judge.
bool is_ipv6_literal(std::string_view host) {
  return host.size() >= 4 && host.size() <= 47 && host.front() == '[' && host.back() == ']' &&
         std::count(host.begin(), host.end(), ':') >= 2 &&
         std::all_of(host.begin() + 1, host.end() - 1,
                     [](char c) { return is_hex(c) || c == ':'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (LATCHKEY_FAILS(url_port_number, text.empty() || !whole) ||
      LATCHKEY_FAILS(url_port_zero, text.starts_with('0')))
    return std::nullopt;
  return port;
}

// Host and port of what stands between the scheme and the path.
tl::expected<Origin, std::string> parse_authority(std::string_view authority) {
  if (LATCHKEY_FAILS(url_user, authority.find('@') != std::string_view::npos)) {
    return tl::unexpected<std::string>("user information is not allowed");
  }
  Origin origin;
  const auto bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const auto colon =
      bracket == std::string_view::npos ? authority.find(':') : authority.find(':', bracket);
  const auto host = authority.substr(0, colon);
  if (!is_ipv6_literal(host)) {
    if (auto fault = host_fault(host)) return tl::unexpected(*std::move(fault));
  }
  origin.host = lower(host);
  if (colon == std::string_view::npos) return origin;
  const auto port = parse_port(authority.substr(colon + 1));
  if (!port) return tl::unexpected<std::string>("the port is not a number from 1 to 65535");
  origin.port = *port;
  return origin;
}

}  // namespace

std::string Origin::text() const {
  std::string out(kScheme);
  out += host;
  if (port != 443) out += ':' + std::to_string(port);
  return out;
}

tl::expected<HttpsUrl, std::string> parse_https_url(std::string_view url) {
  const auto refuse = [](const char* why) { return tl::unexpected<std::string>(why); };
  if (LATCHKEY_FAILS(url_too_long, url.size() > limits::kClaimStringBytes))
    return refuse("it is too long");
  if (LATCHKEY_FAILS(url_scheme, !url.starts_with(kScheme)))
    return refuse("it does not start with https://");
  url.remove_prefix(std::min(url.size(), kScheme.size()));
  if (LATCHKEY_FAILS(url_fragment, url.find('#') != std::string_view::npos))
    return refuse("a fragment is not allowed");

  const auto authority = url.substr(0, std::min(url.find_first_of("/?"), url.size()));
  auto origin = parse_authority(authority);
  if (!origin) return tl::unexpected(std::move(origin).error());
  url.remove_prefix(authority.size());
  if (LATCHKEY_FAILS(url_bytes, !std::all_of(url.begin(), url.end(), is_url_character)) ||
      !escapes_well(url)) {
    return refuse("it holds a character that a URL may not have");
  }
  const auto question = std::min(url.find('?'), url.size());
  return HttpsUrl{*std::move(origin), std::string(url.substr(0, question)),
                  std::string(url.substr(question))};
}

tl::expected<Origin, std::string> parse_origin(std::string_view text) {
  auto url = parse_https_url(text);
  if (!url) return tl::unexpected(std::move(url).error());
  if (LATCHKEY_FAILS(origin_path, !url->path.empty() && url->path != "/") ||
      LATCHKEY_FAILS(origin_query, !url->query.empty())) {
    return tl::unexpected<std::string>("an origin is scheme, host and port only");
  }
  return std::move(url->origin);
}

}  // namespace latchkey::issuer
