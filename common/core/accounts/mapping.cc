// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/mapping.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::accounts {
namespace {

template <typename Value>
bool contains(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// A group that the map gave, once; `gid` where it exists here.
void give(LocalIdentity& identity, const std::string& group, std::optional<std::uint32_t> gid) {
  const bool missing = LATCHKEY_FAILS(group_unknown, !gid);
  auto& names = missing ? identity.missing_groups : identity.groups;
  if (contains(names, group)) return;
  names.push_back(group);
  if (!missing) identity.gids.push_back(LATCHKEY_CHECKED(gid, 0U));
}

}  // namespace

std::vector<std::string_view> usable_users(const claims::Claims& claims) {
  std::vector<std::string_view> out;
  std::copy_if(claims.users.begin(), claims.users.end(), std::back_inserter(out), usable_name);
  return out;
}

// RFC 7515 section 5.3: names are compared as they are, without folding or normalising.
Expected<void> check_name(const claims::Claims& claims, std::string_view user) {
  const bool named =
      std::find(claims.users.begin(), claims.users.end(), user) != claims.users.end();
  if (!LATCHKEY_FAILS(name_unusable, !usable_name(user)) && !LATCHKEY_FAILS(name_other, !named))
    return {};
  const auto usable = usable_users(claims);
  if (LATCHKEY_FAILS(name_none_usable, usable.empty())) {
    return fail(Reason::name_unusable,
                claims.users.empty() ? "the user claim holds no name"
                                     : "the user claim holds " + quoted(claims.users.front()));
  }
  return fail(Reason::user_mismatch,
              "the token is for " + quoted(usable.front()) + ", asked for was " + quoted(user));
}

Expected<LocalIdentity> identify(const revocation::CurrentClaims& claims, const GroupMap& map,
                                 std::string_view user, const LocalAccounts& accounts) {
  if (auto named = check_name(*claims, user); LATCHKEY_FAILS(identify_name, !named))
    return tl::unexpected(std::move(named).error());
  const auto* account = accounts.find_user(user);
  if (LATCHKEY_FAILS(account_unknown, account == nullptr))
    return fail(Reason::user_unknown, "no local user " + quoted(user));

  LocalIdentity identity = person_of(claims, map, account->name, accounts);
  identity.uid = account->uid;
  return identity;
}

LocalIdentity newcomer(const revocation::CurrentClaims& claims, const GroupMap& map,
                       const NamesUser& account, const LocalAccounts& accounts) {
  LocalIdentity identity = person_of(claims, map, account.name, accounts);
  identity.uid = account.uid;
  return identity;
}

LocalIdentity person_of(const revocation::CurrentClaims& claims, const GroupMap& map,
                        std::string_view own_name, const LocalAccounts& accounts) {
  LocalIdentity identity;
  identity.user = own_name;
  for (const auto& value : claims->groups) {
    const auto entry = map.groups.find(value);
    if (entry == map.groups.end()) continue;
    for (const auto& group : entry->second) give(identity, group, accounts.find_group(group));
  }
  return identity;
}

Expected<LocalIdentity> shared_account(std::string_view name, const LocalAccounts& accounts) {
  const auto* account = accounts.find_user(name);
  if (LATCHKEY_FAILS(shared_account_unknown, account == nullptr))
    return fail(Reason::user_unknown, "no local user " + quoted(name));
  LocalIdentity identity;
  identity.user = name;
  identity.uid = account == nullptr ? 65534 : account->uid;
  return identity;
}

}  // namespace latchkey::accounts
