// SPDX-License-Identifier: Apache-2.0
#include "wire/parts.h"

#include <cstring>

#include "wire/text.h"

namespace latchkey::wire {
namespace {

constexpr std::string_view kMarkerStart = "[latchkey/1 ";
constexpr std::string_view kMarkerEnd = "]: ";
constexpr std::string_view kPartStart = "lk1.";

static_assert(kPartsMost < 1'000,
              "part numbers have at most three digits: kPartPrefixMost counts on it");
static_assert(kPartPrefixMost == kPartStart.size() + 4 + 4 + kPartDigestSize + 1);
static_assert(kMarkerMost >= kMarkerStart.size() + 3 + 1 + 3 + 1 + 5 + kMarkerEnd.size());

// Appends to a fixed buffer; one byte too many spoils the whole.
class Text {
 public:
  explicit Text(std::span<char> out) noexcept : out_(out) {}

  void add(std::string_view text) noexcept {
    if (!fits_ || text.size() > out_.size() - used_) {
      fits_ = false;
      return;
    }
    if (!text.empty()) std::memcpy(out_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void add(std::size_t number) noexcept {
    char digits[20];
    std::size_t start = sizeof digits;
    do {
      digits[--start] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    add(std::string_view(digits + start, sizeof digits - start));
  }
  std::string_view finish() const noexcept {
    return fits_ ? std::string_view(out_.data(), used_) : std::string_view();
  }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
  bool fits_ = true;
};

// A decimal number from 1 to `most` without leading zeros; 0 if there is none.
std::size_t take_number(std::string_view& text, std::size_t most) noexcept {
  std::size_t number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (number == 0 && text.front() == '0') return 0;
    number = number * 10 + static_cast<std::size_t>(text.front() - '0');
    if (number > most) return 0;
    text.remove_prefix(1);
  }
  return number;
}

bool is_digest(std::string_view text) noexcept {
  return text.size() == kPartDigestSize && lower_hex(text);
}

bool valid(const Marker& marker) noexcept {
  if (marker.part < 1 || marker.parts > kPartsMost) return false;
  if (marker.parts == 0 ? marker.part != 1 : marker.part > marker.parts) return false;
  return marker.most >= kPartLeast && marker.most <= kTokenMost;
}

bool valid(const Part& part) noexcept {
  return part.part >= 1 && part.part <= part.parts && part.parts <= kPartsMost &&
         is_digest(part.digest) && !part.data.empty();
}

}  // namespace

std::string_view make_marker(const Marker& marker, std::span<char, kMarkerMost> out) noexcept {
  if (!valid(marker)) return {};
  Text text(out);
  text.add(kMarkerStart);
  text.add(std::size_t{marker.part});
  text.add("/");
  if (marker.parts == 0) {
    text.add("?");
  } else {
    text.add(std::size_t{marker.parts});
  }
  text.add(" ");
  text.add(marker.most);
  text.add(kMarkerEnd);
  return text.finish();
}

std::optional<Marker> find_marker(std::string_view prompt) noexcept {
  const std::size_t start = prompt.rfind(kMarkerStart);
  if (start == std::string_view::npos) return std::nullopt;
  prompt.remove_prefix(start + kMarkerStart.size());
  Marker marker;
  marker.part = static_cast<unsigned>(take_number(prompt, kPartsMost));
  if (!take(prompt, "/")) return std::nullopt;
  if (!take(prompt, "?")) {
    marker.parts = static_cast<unsigned>(take_number(prompt, kPartsMost));
    if (marker.parts == 0) return std::nullopt;
  }
  if (!take(prompt, " ")) return std::nullopt;
  marker.most = take_number(prompt, kTokenMost);
  if (prompt != kMarkerEnd || !valid(marker)) return std::nullopt;
  return marker;
}

ParsedPart parse_part(std::string_view answer) noexcept {
  if (!take(answer, kPartStart)) return {.kind = PartKind::whole, .part = {}};
  Part part;
  part.part = static_cast<unsigned>(take_number(answer, kPartsMost));
  const bool numbered = take(answer, ".");
  part.parts = static_cast<unsigned>(take_number(answer, kPartsMost));
  if (!numbered || !take(answer, ".") || answer.size() < kPartDigestSize) return {};
  part.digest = std::string_view(answer.data(), kPartDigestSize);
  answer.remove_prefix(kPartDigestSize);
  if (!take(answer, ".")) return {};
  part.data = answer;
  if (!valid(part)) return {};
  return {.kind = PartKind::part, .part = part};
}

unsigned parts_of(std::size_t token_size, std::size_t most) noexcept {
  if (token_size == 0 || token_size > kTokenMost || most < kPartLeast) return 0;
  const std::size_t room = most - kPartPrefixMost;
  const std::size_t parts = token_size / room + (token_size % room == 0 ? 0 : 1);
  return parts <= kPartsMost ? static_cast<unsigned>(parts) : 0;
}

std::string_view slice_of(std::string_view token, unsigned part, std::size_t most) noexcept {
  const unsigned parts = parts_of(token.size(), most);
  if (part < 1 || part > parts) return {};
  const std::size_t room = most - kPartPrefixMost;
  token.remove_prefix((part - 1) * room);
  if (token.size() > room) token.remove_suffix(token.size() - room);
  return token;
}

std::string_view make_part(const Part& part, std::span<char> out) noexcept {
  if (!valid(part)) return {};
  Text text(out);
  text.add(kPartStart);
  text.add(std::size_t{part.part});
  text.add(".");
  text.add(std::size_t{part.parts});
  text.add(".");
  text.add(part.digest);
  text.add(".");
  text.add(part.data);
  return text.finish();
}

}  // namespace latchkey::wire
