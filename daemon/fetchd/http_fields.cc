// SPDX-License-Identifier: Apache-2.0
//
// Parsers of single header fields, total over any bytes.
#include "daemon/fetchd/http_fields.h"

#include <algorithm>
#include <cstdint>

#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {
namespace {

constexpr std::int64_t kSecondsMost = 10LL * 365 * 86'400;

// RFC 9111 section 1.2.2: digits only; what is too large counts as the most.
std::optional<std::int64_t> delta_seconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = std::min(value * 10 + (digit - '0'), kSecondsMost);
  }
  return value;
}

// Cuts the first directive off a comma list; commas inside quotes do not count.
std::string_view take_directive(std::string_view& list) {
  bool in_quotes = false;
  std::size_t end = 0;
  while (end < list.size() && (in_quotes || list[end] != ',')) {
    if (list[end] == '"') in_quotes = !in_quotes;
    ++end;
  }
  const std::string_view directive = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return directive;
}

struct Directives {
  bool uncacheable = false;
  std::optional<std::int64_t> max_age;
};

void read_directives(std::string_view list, Directives& directives) {
  while (!list.empty()) {
    const std::string_view directive = take_directive(list);
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = trim(directive.substr(0, equals));
    if (equal_ignoring_case(name, "no-store") || equal_ignoring_case(name, "no-cache")) {
      directives.uncacheable = true;
    } else if (equal_ignoring_case(name, "max-age") && equals < directive.size()) {
      const auto seconds = delta_seconds(trim(directive.substr(equals + 1)));
      // Said twice, the shorter one holds (RFC 9111 section 4.2.1 leaves the choice).
      if (seconds) directives.max_age = std::min(*seconds, directives.max_age.value_or(*seconds));
    }
  }
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

bool is_entity_tag(std::string_view text) {
  if (text.size() > ipc::fetch::kEtagMost) return false;
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x21 && c <= 0x7e && c != '"'; });
}

bool is_http_date(std::string_view text) {
  constexpr std::string_view kForm = "Aaa, 00 Aaa 0000 00:00:00 GMT";
  static_assert(kForm.size() == ipc::fetch::kDateMost);
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           if (form == '0') return c >= '0' && c <= '9';
           if (form == 'A') return c >= 'A' && c <= 'Z';
           if (form == 'a') return c >= 'a' && c <= 'z';
           return c == form;
         });
}

std::optional<std::chrono::seconds> freshness_lifetime(std::span<const std::string> cache_control,
                                                       std::string_view age) {
  Directives directives;
  for (const std::string& field : cache_control) read_directives(field, directives);
  if (directives.uncacheable) return std::chrono::seconds(0);
  if (!directives.max_age) return std::nullopt;
  const std::int64_t spent = delta_seconds(trim(age)).value_or(0);
  return std::chrono::seconds(std::max<std::int64_t>(*directives.max_age - spent, 0));
}

bool is_media_type(std::string_view content_type, std::string_view name) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type.size() == name.size() &&
         std::equal(type.begin(), type.end(), name.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

std::string printable(std::string_view text, std::size_t most) {
  std::string line(text.substr(0, most));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return line;
}

}  // namespace latchkey::fetchd
