// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/taken_names.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "core/accounts/account_lines.h"

namespace latchkey::accounts {
namespace {

// As strtoul(3): blanks and a plus before it count for nothing, and so does what stands behind.
std::optional<std::uint32_t> read_id(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\v\f\r"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  std::uint32_t id = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), id).ec != std::errc{})
    return std::nullopt;
  return id;
}

template <typename Values, typename Value>
bool has(const Values& values, const Value& value) {
  return std::binary_search(values.begin(), values.end(), value, std::less<>());
}

template <typename... Values>
void sort(Values&... values) {
  (std::sort(values.begin(), values.end()), ...);
}

}  // namespace

TakenNames TakenNames::parse(std::string_view passwd, std::string_view group) {
  TakenNames out;
  while (!passwd.empty()) {
    const auto [name, password, uid_text, gid_text] = entry_fields<4>(next_field(passwd, '\n'));
    if (!entry_name(name)) continue;
    out.users_.emplace_back(name);
    if (const auto uid = read_id(uid_text)) out.uids_.push_back(*uid);
    if (const auto gid = read_id(gid_text)) out.gids_.push_back(*gid);
  }
  while (!group.empty()) {
    const auto [name, password, gid_text] = entry_fields<3>(next_field(group, '\n'));
    if (!entry_name(name)) continue;
    out.groups_.emplace_back(name);
    const auto gid = read_id(gid_text);
    if (gid) out.gids_.push_back(*gid);
    if (!gid || *gid == 0) out.roots_.emplace_back(name);
  }
  sort(out.users_, out.groups_, out.roots_, out.uids_, out.gids_);
  out.users_.erase(std::unique(out.users_.begin(), out.users_.end()), out.users_.end());
  return out;
}

TakenNames TakenNames::with_subordinate(std::string_view subuid, std::string_view subgid) const {
  TakenNames out = *this;
  for (std::string_view text : {subuid, subgid}) {
    while (!text.empty()) {
      const auto [owner, low_text, count_text] = entry_fields<3>(next_field(text, '\n'));
      const auto low = read_id(low_text);
      const auto count = read_id(count_text);
      if (!entry_name(owner)) continue;
      out.owners_.emplace_back(owner);
      if (!low || !count || *count == 0) continue;
      out.subordinate_.emplace_back(*low, std::uint64_t{*low} + *count - 1);
    }
  }
  sort(out.owners_);
  return out;
}

bool TakenNames::has_subordinate(std::string_view name, std::uint32_t uid) const {
  return has(owners_, name) || has(owners_, std::to_string(uid));
}

bool TakenNames::is_subordinate(std::uint32_t id) const {
  return std::any_of(subordinate_.begin(), subordinate_.end(),
                     [&](const auto& range) { return id >= range.first && id <= range.second; });
}

bool TakenNames::has_user(std::string_view name) const { return has(users_, name); }

bool TakenNames::has_users_of(const TakenNames& other) const {
  return std::includes(users_.begin(), users_.end(), other.users_.begin(), other.users_.end());
}

bool TakenNames::has_group(std::string_view name) const { return has(groups_, name); }

bool TakenNames::has_uid(std::uint32_t uid) const { return has(uids_, uid); }

bool TakenNames::has_gid(std::uint32_t gid) const { return has(gids_, gid); }

bool TakenNames::has_plain_group(std::string_view name) const {
  return has_group(name) && !has(roots_, name);
}

}  // namespace latchkey::accounts
