// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/ledger.h"

#include <algorithm>
#include <utility>

#include "core/accounts/new_account.h"
#include "core/base/text.h"

namespace latchkey::accounts {
namespace {

constexpr std::size_t kConflictsTold = 100;

bool is_users(const NamesMember& member, std::string_view user) { return member.user == user; }

// A group that a user of the file may be a member of.
bool takes_members(std::string_view group, const ServedNames& names) {
  const auto own = names.names().find_group(group);
  return own ? own->user == nullptr && names.serves(*own) : names.taken().has_plain_group(group);
}

tl::unexpected<NamesFault> no_user(std::string_view user) {
  return tl::unexpected(NamesFault{0, "there is no account " + quoted(user)});
}

NamesUser* find(NamesContent& content, std::string_view user) {
  const auto found = std::find_if(content.users.begin(), content.users.end(),
                                  [&](const NamesUser& each) { return each.name == user; });
  return found == content.users.end() ? nullptr : &*found;
}

// What another file has and this one does not; `objections` grows by what contradicts it.
class Merge {
 public:
  Merge(const ServedNames& names, std::int64_t since)
      : names_(names), since_(since), content_(names.names().content()) {}

  void user(NamesUser user) {
    const Names& mine = names_.names();
    if (const NamesUser* known = mine.find_user(user.name)) {
      if (known->uid != user.uid || known->gid != user.gid)
        object("user " + quoted(user.name) + " has the ids " + std::to_string(known->uid) +
               " and " + std::to_string(known->gid) + " here, there " + std::to_string(user.uid) +
               " and " + std::to_string(user.gid));
      return;
    }
    const TakenNames& taken = names_.taken();
    const std::string name = "user " + quoted(user.name);
    if (!may_be_made(user.name)) return object(name + ": no account is made for such a name");
    if (taken.has_user(user.name) || taken.has_group(user.name) || mine.find_group(user.name))
      return object(name + ": there is a user or group of that name here");
    if (taken.has_uid(user.uid) || mine.find_uid(user.uid) != nullptr)
      return object(name + ": the uid " + std::to_string(user.uid) + " is another's here");
    if (taken.has_gid(user.gid) || mine.find_gid(user.gid))
      return object(name + ": the gid " + std::to_string(user.gid) + " is another's here");
    if (taken.is_subordinate(user.uid) || taken.is_subordinate(user.gid))
      return object(name + ": /etc/subuid or /etc/subgid has given the id " +
                    std::to_string(user.uid) + " away here");
    // What another host knows of revocations and sign-ins is not known here: whoever was closed
    // there is closed until somebody says otherwise.
    if (user.state == AccountState::revoked || user.state == AccountState::unseen)
      user.state = AccountState::locked;
    user.since = since_;
    came_.push_back(user.name);
    content_.users.push_back(std::move(user));
  }

  void group(const NamesGroup& group) {
    const Names& mine = names_.names();
    const std::string name = "group " + quoted(group.name);
    if (const auto known = mine.find_group(group.name)) {
      if (known->user != nullptr || known->gid != group.gid)
        object(name + " has the gid " + std::to_string(known->gid) + " here, there " +
               std::to_string(group.gid));
      return;
    }
    if (names_.taken().has_group(group.name) || names_.taken().has_user(group.name))
      return object(name + ": there is a user or group of that name here");
    if (names_.taken().has_gid(group.gid) || mine.find_gid(group.gid))
      return object(name + ": the gid " + std::to_string(group.gid) + " is another's here");
    groups_.push_back(group.name);
    content_.groups.push_back(group);
  }

  tl::expected<Merged, std::vector<std::string>> result() && {
    if (!objections_.empty()) return tl::unexpected(std::move(objections_));
    auto made = Names::make(std::move(content_));
    if (!made) return tl::unexpected(std::vector{made.error().what});
    return Merged{*std::move(made), std::move(came_), std::move(groups_)};
  }

 private:
  void object(std::string what) {
    if (objections_.size() < kConflictsTold) objections_.push_back(std::move(what));
  }

  const ServedNames& names_;
  std::int64_t since_;
  NamesContent content_;
  std::vector<std::string> came_;
  std::vector<std::string> groups_;
  std::vector<std::string> objections_;
};

}  // namespace

std::vector<std::string> file_groups(const std::vector<std::string>& groups,
                                     const ServedNames& names) {
  std::vector<std::string> out;
  std::copy_if(groups.begin(), groups.end(), std::back_inserter(out),
               [&](const std::string& group) { return takes_members(group, names); });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool holds(const Names& names, const NamesChange& change) {
  if (change.made) return false;
  const auto& members = names.content().members;
  const auto places = names.groups_of(change.user);
  return std::equal(
      places.begin(), places.end(), change.groups.begin(), change.groups.end(),
      [&](std::uint32_t place, const std::string& group) { return members[place].group == group; });
}

bool takes_away(const Names& names, const NamesChange& change) {
  const auto& members = names.content().members;
  const auto places = names.groups_of(change.user);
  return std::any_of(places.begin(), places.end(), [&](std::uint32_t place) {
    return !std::binary_search(change.groups.begin(), change.groups.end(), members[place].group);
  });
}

tl::expected<Names, NamesFault> with_change(const Names& names, const NamesChange& change) {
  NamesContent content = names.content();
  const NamesUser* known = names.find_user(change.user);
  if (change.made && known == nullptr) {
    content.users.push_back(*change.made);
  } else if (known == nullptr) {
    return no_user(change.user);
  } else if (known->state != AccountState::active) {
    return tl::unexpected(
        NamesFault{0, "account " + quoted(change.user) + " was closed a moment ago"});
  } else if (change.made && (known->uid != change.made->uid || known->gid != change.made->gid)) {
    return tl::unexpected(
        NamesFault{0, "account " + quoted(change.user) + " has been made with another id"});
  }
  std::erase_if(content.members,
                [&](const NamesMember& member) { return is_users(member, change.user); });
  for (const std::string& group : change.groups) content.members.push_back({group, change.user});
  // A membership of a user's own group cannot be: somebody may be called as a group was that is
  // gone.
  if (change.made)
    std::erase_if(content.members,
                  [&](const NamesMember& member) { return member.group == change.user; });
  return Names::make(std::move(content));
}

tl::expected<Names, NamesFault> with_state(const Names& names, std::string_view user,
                                           AccountState state, std::int64_t since) {
  NamesContent content = names.content();
  NamesUser* found = find(content, user);
  if (found == nullptr) return no_user(user);
  if (found->state == AccountState::removed && state == AccountState::locked)
    return tl::unexpected(
        NamesFault{0, "account " + quoted(user) + " was removed; unlock brings it back"});
  found->state = state;
  found->since = since;
  // The next sign-in says what it may have then.
  if (state != AccountState::active)
    std::erase_if(content.members,
                  [&](const NamesMember& member) { return is_users(member, user); });
  return Names::make(std::move(content));
}

tl::expected<Names, NamesFault> without(const Names& names, std::string_view user) {
  NamesContent content = names.content();
  if (find(content, user) == nullptr) return no_user(user);
  std::erase_if(content.users, [&](const NamesUser& each) { return each.name == user; });
  std::erase_if(content.members, [&](const NamesMember& member) { return is_users(member, user); });
  return Names::make(std::move(content));
}

tl::expected<Fitted, NamesFault> fitted(const Names& names, const NamesSettings& settings,
                                        std::span<const std::string> groups,
                                        const TakenNames& taken) {
  Fitted out;
  NamesContent content = names.content();
  content.settings = settings;
  const auto taken_gid = [&](std::uint32_t gid) {
    return taken.has_gid(gid) ||
           std::any_of(content.groups.begin(), content.groups.end(),
                       [&](const NamesGroup& each) { return each.gid == gid; }) ||
           std::any_of(content.users.begin(), content.users.end(),
                       [&](const NamesUser& each) { return each.gid == gid; });
  };
  for (const std::string& group : groups) {
    if (taken.has_group(group)) continue;  // the host has it
    const auto known = names.find_group(group);
    if (known && known->user == nullptr) continue;
    const auto refuse = [&](const std::string& why) {
      out.refused.push_back("group " + quoted(group) + ": " + why);
    };
    const auto gid = id_of(group, settings.ids);
    if (known || taken.has_user(group)) {
      refuse("a user has that name");
    } else if (!gid || taken_gid(*gid) || taken.is_subordinate(*gid)) {
      refuse("its id is another's");
    } else {
      content.groups.push_back({group, *gid});
    }
  }
  std::erase_if(content.members, [&](const NamesMember& member) {
    const auto own = names.find_group(member.group);
    return own && std::find(groups.begin(), groups.end(), member.group) == groups.end();
  });
  auto made = Names::make(std::move(content));
  if (!made) return tl::unexpected(std::move(made.error()));
  out.names = *std::move(made);
  return out;
}

tl::expected<Merged, std::vector<std::string>> merged(const ServedNames& names, const Names& other,
                                                      std::int64_t since) {
  Merge merge(names, since);
  for (const NamesUser& user : other.content().users) merge.user(user);
  for (const NamesGroup& group : other.content().groups) merge.group(group);
  return std::move(merge).result();
}

}  // namespace latchkey::accounts
