// SPDX-License-Identifier: Apache-2.0
//
// The tables of Names and the ways through them.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/accounts/names_file.h"
#include "core/accounts/names_rules.h"
#include "core/base/text.h"
#include "core/jose/sha256.h"

namespace latchkey::accounts {
namespace {

// 0, 1, 2 … in the order of what `key` makes of them.
template <typename Key>
std::vector<std::uint32_t> sorted_places(std::size_t count, Key key) {
  std::vector<std::uint32_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  std::sort(places.begin(), places.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  return places;
}

template <typename Records>
const auto* find_name(const Records& records, std::string_view name) {
  const auto found = std::lower_bound(
      records.begin(), records.end(), name,
      [](const auto& record, std::string_view wanted) { return record.name < wanted; });
  return found == records.end() || found->name != name ? nullptr : &*found;
}

std::string described(const NamesContent& content, const names_rules::Objection& objection) {
  using names_rules::Table;
  switch (objection.table) {
    case Table::settings:
      return "a setting " + objection.what;
    case Table::users:
      return "user " + quoted(content.users[objection.place].name) + ": " + objection.what;
    case Table::groups:
      return "group " + quoted(content.groups[objection.place].name) + ": " + objection.what;
    case Table::members:
      break;
  }
  return "member of " + quoted(content.members[objection.place].group) + ": " + objection.what;
}

}  // namespace

Names::Names(NamesContent content) : content_(std::move(content)) {
  const auto& users = content_.users;
  const auto& groups = content_.groups;
  const auto& members = content_.members;
  by_uid_ = sorted_places(users.size(), [&](std::uint32_t i) { return users[i].uid; });
  by_gid_ = sorted_places(users.size() + groups.size(), [&](std::uint32_t i) {
    return i < users.size() ? users[i].gid : groups[i - users.size()].gid;
  });
  by_user_ = sorted_places(members.size(), [&](std::uint32_t i) {
    return std::tuple<std::string_view, std::uint32_t>(members[i].user, i);
  });
}

tl::expected<Names, NamesFault> Names::make(NamesContent content) {
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(content.users.begin(), content.users.end(), by_name);
  std::sort(content.groups.begin(), content.groups.end(), by_name);
  std::sort(content.members.begin(), content.members.end(),
            [](const NamesMember& a, const NamesMember& b) {
              return std::tie(a.group, a.user) < std::tie(b.group, b.user);
            });
  if (const auto wrong = names_rules::objection(content))
    return tl::unexpected(NamesFault{0, described(content, *wrong)});
  return Names(std::move(content));
}

const NamesUser* Names::find_user(std::string_view name) const {
  return find_name(content_.users, name);
}

const NamesUser* Names::find_uid(std::uint32_t uid) const {
  const auto& users = content_.users;
  const auto found =
      std::lower_bound(by_uid_.begin(), by_uid_.end(), uid,
                       [&](std::uint32_t i, std::uint32_t id) { return users[i].uid < id; });
  return found == by_uid_.end() || users[*found].uid != uid ? nullptr : &users[*found];
}

std::optional<Names::Group> Names::find_group(std::string_view name) const {
  if (const auto* group = find_name(content_.groups, name)) return Group{group->name, group->gid};
  if (const auto* user = find_name(content_.users, name)) return Group{user->name, user->gid, user};
  return std::nullopt;
}

std::optional<Names::Group> Names::find_gid(std::uint32_t gid) const {
  const auto at = [&](std::uint32_t i) {
    const auto& users = content_.users;
    const auto& groups = content_.groups;
    if (i < users.size()) return Group{users[i].name, users[i].gid, &users[i]};
    return Group{groups[i - users.size()].name, groups[i - users.size()].gid};
  };
  const auto found =
      std::lower_bound(by_gid_.begin(), by_gid_.end(), gid,
                       [&](std::uint32_t i, std::uint32_t id) { return at(i).gid < id; });
  if (found == by_gid_.end() || at(*found).gid != gid) return std::nullopt;
  return at(*found);
}

std::span<const NamesMember> Names::members_of(std::string_view group) const {
  const auto& members = content_.members;
  const auto first = std::partition_point(
      members.begin(), members.end(), [&](const NamesMember& each) { return each.group < group; });
  const auto last = std::partition_point(
      first, members.end(), [&](const NamesMember& each) { return each.group == group; });
  return {first, last};
}

std::span<const std::uint32_t> Names::groups_of(std::string_view user) const {
  const auto& members = content_.members;
  const auto first = std::partition_point(by_user_.begin(), by_user_.end(),
                                          [&](std::uint32_t i) { return members[i].user < user; });
  const auto last = std::partition_point(first, by_user_.end(),
                                         [&](std::uint32_t i) { return members[i].user == user; });
  return {first, last};
}

std::optional<std::uint32_t> id_of(std::string_view name, IdRange range) {
  if (!usable_range(range)) return std::nullopt;
  const jose::Sha256 sha256;
  const auto digest = sha256({"latchkey:id:1:", name});
  if (!digest) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = (number << 8U) | (*digest)[i];
  const std::uint64_t size = std::uint64_t{range.high} - range.low + 1;
  return static_cast<std::uint32_t>(range.low + number % size);
}

std::string home_of(std::string_view home, std::string_view name) {
  constexpr std::string_view kToken = "%u";
  const auto at = home.find(kToken);
  if (at == std::string_view::npos) return std::string(home);
  std::string made(home.substr(0, at));
  made += name;
  made += home.substr(at + kToken.size());
  return made;
}

}  // namespace latchkey::accounts
