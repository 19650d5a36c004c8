// SPDX-License-Identifier: Apache-2.0
#include "core/claims/email_address.h"

#include <algorithm>

namespace latchkey::claims {
namespace {

bool same_letter(char left, char right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return lower(left) == lower(right);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         std::equal(end.begin(), end.end(), text.end() - static_cast<std::ptrdiff_t>(end.size()),
                    same_letter);
}

}  // namespace

bool names_email(std::string_view claim) {
  constexpr std::string_view kMail = "mail";
  return std::search(claim.begin(), claim.end(), kMail.begin(), kMail.end(), same_letter) !=
             claim.end() &&
         (!ends_with(claim, "verified") || ends_with(claim, "unverified"));
}

bool is_email(std::string_view value) {
  const std::size_t at = value.find('@');
  return at != 0 && at != std::string_view::npos && value.find('/') == std::string_view::npos;
}

}  // namespace latchkey::claims
