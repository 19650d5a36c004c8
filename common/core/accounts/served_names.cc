// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/served_names.h"

#include "core/accounts/new_account.h"

namespace latchkey::accounts {

// With a gid that is another's a user would have that group's rights.
bool ServedNames::serves(const NamesUser& user) const {
  return user.state != AccountState::removed && !taken_->has_user(user.name) &&
         !taken_->has_uid(user.uid) && !taken_->has_gid(user.gid);
}

bool ServedNames::serves(const Names::Group& group) const {
  return !taken_->has_group(group.name) && !taken_->has_gid(group.gid) &&
         (group.user == nullptr || serves(*group.user));
}

bool ServedNames::serves(const NamesMember& member) const {
  const NamesUser* user = names_->find_user(member.user);
  if (user == nullptr || !serves(*user)) return false;
  const auto group = names_->find_group(member.group);
  return group ? serves(*group) : taken_->has_plain_group(member.group);
}

const NamesUser* ServedNames::find_user(std::string_view name) const {
  const NamesUser* user = names_->find_user(name);
  return user != nullptr && serves(*user) ? user : nullptr;
}

const NamesUser* ServedNames::find_uid(std::uint32_t uid) const {
  const NamesUser* user = names_->find_uid(uid);
  return user != nullptr && serves(*user) ? user : nullptr;
}

std::optional<Names::Group> ServedNames::find_group(std::string_view name) const {
  const auto group = names_->find_group(name);
  return group && serves(*group) ? group : std::nullopt;
}

std::optional<Names::Group> ServedNames::find_gid(std::uint32_t gid) const {
  const auto group = names_->find_gid(gid);
  return group && serves(*group) ? group : std::nullopt;
}

std::optional<std::uint32_t> ServedNames::free_id(std::string_view name) const {
  if (!may_be_made(name)) return std::nullopt;
  const auto id = id_of(name, names_->content().settings.ids);
  const bool free = id && names_->find_user(name) == nullptr && !names_->find_group(name) &&
                    names_->find_uid(*id) == nullptr && !names_->find_gid(*id) &&
                    !taken_->has_user(name) && !taken_->has_group(name) && !taken_->has_uid(*id) &&
                    !taken_->has_gid(*id) && !taken_->is_subordinate(*id) &&
                    !taken_->has_subordinate(name, *id);
  return free ? id : std::nullopt;
}

std::pair<std::vector<std::string>, std::size_t> ServedNames::withheld(std::size_t most) const {
  std::vector<std::string> names;
  std::size_t count = 0;
  const auto add = [&](const std::string& name) {
    if (++count <= most) names.push_back(name);
  };
  for (const NamesUser& user : names_->content().users)
    if (user.state != AccountState::removed && !serves(user)) add(user.name);
  for (const NamesGroup& group : names_->content().groups)
    if (!serves(Names::Group{group.name, group.gid})) add(group.name);
  return {std::move(names), count};
}

}  // namespace latchkey::accounts
