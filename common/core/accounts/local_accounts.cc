// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/local_accounts.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/accounts/account_lines.h"
#include "core/accounts/served_names.h"
#include "core/base/limits.h"
#include "core/base/mutation.h"

namespace latchkey::accounts {
namespace {

constexpr std::uint32_t kNoId =
    std::numeric_limits<std::uint32_t>::max();  // (uid_t)-1 means "no change" to the kernel

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || id == kNoId) {
    return std::nullopt;
  }
  return id;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// What a tool that takes "a name or an id" could take for a number: "0x0", "1e5".
bool reads_as_number(std::string_view name) {
  if (name.empty() || !is_digit(name.front())) return false;
  const auto hex = name.starts_with("0x") ? name.substr(2) : std::string_view{};
  if (!hex.empty() && hex.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos)
    return true;
  double number = 0;
  return std::from_chars(name.data(), name.data() + name.size(), number).ptr ==
         name.data() + name.size();
}

// The byte pattern of a name. `upper` is only for names that the administrator wrote.
bool name_pattern(std::string_view name, bool upper) {
  if (LATCHKEY_FAILS(name_length, name.size() > limits::kNameBytes)) return false;
  if (LATCHKEY_FAILS(name_first_byte, name.starts_with('-') || name.starts_with('.')) ||
      LATCHKEY_FAILS(name_number, reads_as_number(name)))
    return false;
  const auto letter = [&](char c) { return is_letter(c) || (upper && is_upper(c)); };
  const auto allowed = [&](char c) { return letter(c) || is_digit(c) || c == '.' || c == '-'; };
  if (LATCHKEY_FAILS(name_bytes, !std::all_of(name.begin(), name.end(), allowed))) return false;
  // Of the empty name, too.
  return !LATCHKEY_FAILS(name_no_letter, std::none_of(name.begin(), name.end(), letter));
}

}  // namespace

// libc takes the first line of a name, and reads numbers that we do not (" 0", "+0", what is too
// large). So a line that cannot be read here still has its name, and no later one stands in for it:
// nobody is taken for a regular user whom libc takes for root.
LocalAccounts LocalAccounts::parse(std::string_view passwd, std::string_view group) {
  LocalAccounts out;
  while (!passwd.empty()) {
    // name:password:uid:gid and, where they are not left out, gecos:home:shell
    const auto [name, password, uid_text, gid_text] = entry_fields<4>(next_field(passwd, '\n'));
    if (!entry_name(name)) continue;
    const auto uid = parse_id(uid_text);
    const auto gid = parse_id(gid_text);
    std::optional<LocalUser> user;
    if (uid && gid) user = LocalUser{std::string(name), *uid, *gid};
    out.users_.try_emplace(std::string(name), std::move(user));
  }
  while (!group.empty()) {
    // name:password:gid and, where they are not left out, members
    const auto [name, password, gid_text] = entry_fields<3>(next_field(group, '\n'));
    if (entry_name(name)) out.groups_.try_emplace(std::string(name), parse_id(gid_text));
  }
  return out;
}

LocalAccounts LocalAccounts::with(const ServedNames& names) const {
  LocalAccounts out = *this;
  const NamesContent& content = names.names().content();
  for (const NamesUser& user : content.users) {
    if (!names.serves(user)) continue;
    // Its own group is nobody else's: a token's groups are not mapped to it.
    out.users_.try_emplace(user.name, LocalUser{user.name, user.uid, user.gid});
  }
  for (const NamesGroup& group : content.groups) {
    if (names.serves(Names::Group{group.name, group.gid}))
      out.groups_.try_emplace(group.name, group.gid);
  }
  return out;
}

const LocalUser* LocalAccounts::find_user(std::string_view name) const {
  const auto it = users_.find(name);
  return it == users_.end() || !it->second ? nullptr : &*it->second;
}

std::optional<std::uint32_t> LocalAccounts::find_group(std::string_view name) const {
  const auto it = groups_.find(name);
  if (it == groups_.end()) return std::nullopt;
  return it->second;
}

bool usable_name(std::string_view name) { return name_pattern(name, false); }

bool writable_name(std::string_view name) { return name_pattern(name, true); }

}  // namespace latchkey::accounts
