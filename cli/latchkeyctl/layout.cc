// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/layout.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/base/text.h"

namespace latchkey::cli {

using std::chrono::duration_cast;

namespace {

std::string paint(std::string_view text, std::string_view colour, Style style) {
  if (style == Style::plain) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", colour, text);
}

}  // namespace

std::string good(std::string_view text, Style style) { return paint(text, "32", style); }
std::string bad(std::string_view text, Style style) { return paint(text, "1;31", style); }

std::string or_dash(std::string_view text) { return text.empty() ? "-" : clean(text); }

void line(std::string& out, std::string_view label, std::string_view value) {
  out += fmt::format("  {:<14} {}\n", label, value);
}

// Columns as wide as their widest cell; the last one is not padded.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    out += text + "\n";
  }
  return out;
}

std::string ago(const std::optional<WallTime>& moment, WallTime now) {
  if (!moment) return "never";
  return render_span(now - *moment) + " ago";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + clean(word);
  return out;
}

std::string clean(std::string_view text) {
  std::string out = printable(text);
  for (auto at = out.find("\\\""); at != std::string::npos; at = out.find("\\\"", at + 1))
    out.erase(at, 1);
  return out;
}

std::string ascii_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const auto lead = static_cast<unsigned char>(json[i]);
    if (lead < 0x7f) {
      out += json[i++];
      continue;
    }
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t point = size == 1 ? lead : lead & (0x7fU >> size);
    for (std::size_t k = 1; k < size && i + k < json.size(); ++k)
      point = point << 6U | (static_cast<unsigned char>(json[i + k]) & 0x3fU);
    i += size;
    if (point >= 0x10000) {
      point -= 0x10000;
      out += fmt::format("\\u{:04x}", 0xd800 + (point >> 10U));
      point = 0xdc00 + (point & 0x3ffU);
    }
    out += fmt::format("\\u{:04x}", point);
  }
  return out;
}

std::string render_span(std::chrono::milliseconds span) {
  const auto seconds = std::max<std::int64_t>(0, duration_cast<std::chrono::seconds>(span).count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3'600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3'600 % 24);
}

}  // namespace latchkey::cli
