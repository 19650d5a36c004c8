// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/names_rules.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/accounts/local_accounts.h"
#include "core/base/limits.h"
#include "core/base/text.h"

namespace latchkey::accounts {
namespace {

constexpr std::uint32_t kLowest = 1'000;
constexpr std::uint32_t kHighest = 2'147'483'647;
// systemd's (systemd.io/UIDS-GIDS): homed, greeters, DynamicUser=, nobody and (uid16_t)-1, and what
// lies between them; containers; foreign images.
constexpr std::array<IdRange, 3> kReserved{
    {{60'001, 65'535}, {524'288, 1'879'048'191}, {2'147'352'576, 2'147'418'111}}};
constexpr std::int64_t kLastMoment = 253'402'300'799;  // of the year 9999

}  // namespace

bool usable_id(std::uint32_t id) { return usable_range({id, id}); }

bool usable_range(IdRange range) {
  return range.low <= range.high && range.low >= kLowest && range.high <= kHighest &&
         std::none_of(kReserved.begin(), kReserved.end(), [&](IdRange reserved) {
           return range.low <= reserved.high && range.high >= reserved.low;
         });
}

bool usable_path(std::string_view path) {
  if (path.size() < 2 || path.size() > limits::kNamesPathBytes || path.front() != '/') return false;
  const auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
  if (!std::all_of(path.begin(), path.end(), fits)) return false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(part.size());
  }
  return true;
}

bool usable_home(std::string_view home) {
  const auto token = home.find("%u");
  // The longest name: then every home that is made of it is a path.
  return token != std::string_view::npos && home.find('%', token + 1) == std::string_view::npos &&
         home.find('%') == token &&
         usable_path(home_of(home, std::string(limits::kNameBytes, 'a')));
}

namespace names_rules {
namespace {

using What = std::optional<std::string>;

// The length of the UTF-8 sequence at the start, 0 where there is none (RFC 3629).
std::size_t sequence(std::string_view text, std::uint32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() < size) return 0;
  point = size == 1 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    point = (point << 6U) | (byte(i) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return point < kLeast[size] || point > 0x10ffff || surrogate ? 0 : size;
}

bool is_real_name(std::string_view text) {
  if (text.size() > limits::kRealNameBytes) return false;
  while (!text.empty()) {
    std::uint32_t point = 0;
    const std::size_t size = sequence(text, point);
    if (size == 0 || point < 0x20 || (point >= 0x7f && point < 0xa0) || point == ':') return false;
    text.remove_prefix(size);
  }
  return true;
}

What of_user(const NamesUser& user) {
  if (!usable_name(user.name)) return quoted(user.name) + " is no name of a user";
  if (!usable_id(user.uid)) return "no user may have the uid " + std::to_string(user.uid);
  if (!usable_id(user.gid)) return "no group may have the gid " + std::to_string(user.gid);
  if (user.since < 0 || user.since > kLastMoment)
    return "no account is of the time " + std::to_string(user.since);
  if (!usable_path(user.home)) return quoted(user.home) + " is no home";
  if (!usable_path(user.shell)) return quoted(user.shell) + " is no shell";
  if (!is_real_name(user.real_name)) return quoted(user.real_name) + " is no real name";
  return {};
}

What of_group(const NamesGroup& group) {
  if (!writable_name(group.name)) return quoted(group.name) + " is no name of a group";
  if (!usable_id(group.gid)) return "no group may have the gid " + std::to_string(group.gid);
  return {};
}

What of_member(const NamesMember& member) {
  if (!writable_name(member.group)) return quoted(member.group) + " is no name of a group";
  if (!usable_name(member.user)) return quoted(member.user) + " is no name of a user";
  return {};
}

std::optional<Objection> of_settings(const NamesSettings& settings) {
  if (!usable_range(settings.ids)) return Objection{Table::settings, 0, "is no range of ids"};
  if (!usable_home(settings.home))
    return Objection{Table::settings, 1, quoted(settings.home) + " makes no homes"};
  if (!usable_path(settings.shell))
    return Objection{Table::settings, 2, quoted(settings.shell) + " is no shell"};
  return {};
}

template <typename Record, typename Rule>
std::optional<Objection> each(Table table, const std::vector<Record>& records, Rule rule) {
  for (std::size_t i = 0; i < records.size(); ++i)
    if (What what = rule(records[i])) return Objection{table, i, *std::move(what)};
  return {};
}

template <typename Record, typename Key>
std::optional<Objection> order(Table table, const std::vector<Record>& records, Key key) {
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (key(records[i - 1]) < key(records[i])) continue;
    return Objection{
        table, i,
        key(records[i - 1]) == key(records[i]) ? "stands there twice" : "is out of order"};
  }
  return {};
}

// The later one of two records that have the same id.
using Id = std::tuple<std::uint32_t, Table, std::size_t>;
std::optional<Objection> twice(std::vector<Id> ids, std::string_view kind) {
  std::sort(ids.begin(), ids.end());
  const auto found = std::adjacent_find(ids.begin(), ids.end(), [](const Id& a, const Id& b) {
    return std::get<0>(a) == std::get<0>(b);
  });
  if (found == ids.end()) return {};
  const auto& [id, table, place] = found[1];
  return Objection{table, place,
                   "the " + std::string(kind) + ' ' + std::to_string(id) + " stands there twice"};
}

std::optional<Objection> ids(const NamesContent& content) {
  std::vector<Id> uids;
  std::vector<Id> gids;
  for (std::size_t i = 0; i < content.users.size(); ++i) {
    uids.emplace_back(content.users[i].uid, Table::users, i);
    gids.emplace_back(content.users[i].gid, Table::users, i);
  }
  for (std::size_t i = 0; i < content.groups.size(); ++i)
    gids.emplace_back(content.groups[i].gid, Table::groups, i);
  if (auto found = twice(std::move(uids), "uid")) return found;
  return twice(std::move(gids), "gid");
}

// Of sorted users.
bool has_user(const NamesContent& content, std::string_view name) {
  const auto found =
      std::lower_bound(content.users.begin(), content.users.end(), name,
                       [](const NamesUser& user, std::string_view key) { return user.name < key; });
  return found != content.users.end() && found->name == name;
}

std::optional<Objection> references(const NamesContent& content) {
  const auto group = [&](const NamesGroup& each) -> What {
    if (!has_user(content, each.name)) return {};
    return quoted(each.name) + " is a user's own group";
  };
  const auto member = [&](const NamesMember& each) -> What {
    if (!has_user(content, each.user)) return "there is no user " + quoted(each.user);
    if (has_user(content, each.group)) return quoted(each.group) + " is a user's own group";
    return {};
  };
  if (auto found = each(Table::groups, content.groups, group)) return found;
  return each(Table::members, content.members, member);
}

}  // namespace

std::optional<Objection> objection(const NamesContent& content) {
  const auto name = [](const auto& record) -> std::string_view { return record.name; };
  const auto pair = [](const NamesMember& member) {
    return std::pair<std::string_view, std::string_view>(member.group, member.user);
  };
  if (auto found = of_settings(content.settings)) return found;
  if (auto found = each(Table::users, content.users, of_user)) return found;
  if (auto found = order(Table::users, content.users, name)) return found;
  if (auto found = each(Table::groups, content.groups, of_group)) return found;
  if (auto found = order(Table::groups, content.groups, name)) return found;
  if (auto found = each(Table::members, content.members, of_member)) return found;
  if (auto found = order(Table::members, content.members, pair)) return found;
  if (auto found = ids(content)) return found;
  return references(content);
}

}  // namespace names_rules
}  // namespace latchkey::accounts
