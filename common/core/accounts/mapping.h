// SPDX-License-Identifier: Apache-2.0
//
// From current claims to somebody on this host (station 9). A token says which names its bearer may
// use; the caller of PAM says which one is wanted; the two must meet. Groups come through the
// configured map only, never by a name in a token, so a root-equal group is given only where the
// map names it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/local_accounts.h"
#include "core/accounts/mapping_config.h"
#include "core/accounts/names_file.h"
#include "core/base/error.h"
#include "core/revocation/current_claims.h"

namespace latchkey::accounts {

// Who somebody is on this host. Made by the functions below only.
class LocalIdentity {
 public:
  std::string user;
  std::uint32_t uid = 0;
  std::vector<std::string> groups;          // local groups that the map gave and that exist here
  std::vector<std::uint32_t> gids;          // their ids, same order
  std::vector<std::string> missing_groups;  // that the map gave and this host does not have

  // The same person with no groups to give to a process.
  void drop_groups() {
    groups.clear();
    gids.clear();
  }

 private:
  friend Expected<LocalIdentity> identify(const revocation::CurrentClaims&, const GroupMap&,
                                          std::string_view, const LocalAccounts&);
  friend LocalIdentity person_of(const revocation::CurrentClaims&, const GroupMap&,
                                 std::string_view, const LocalAccounts&);
  friend LocalIdentity newcomer(const revocation::CurrentClaims&, const GroupMap&, const NamesUser&,
                                const LocalAccounts&);
  friend Expected<LocalIdentity> shared_account(std::string_view, const LocalAccounts&);
  LocalIdentity() = default;
};

// The names of the claims that could be a local user at all.
std::vector<std::string_view> usable_users(const claims::Claims& claims);

// The token names this user, before anything is said about whether there is one, so that nobody
// learns which names exist from a token that is not for them. `user` may be any bytes.
// name_unusable, user_mismatch.
Expected<void> check_name(const claims::Claims& claims, std::string_view user);

// The claims' identity under that name, with the groups that the map gives and this host has. A
// group value that the map does not list gives nothing. name_unusable, user_mismatch, user_unknown.
Expected<LocalIdentity> identify(const revocation::CurrentClaims& claims, const GroupMap& map,
                                 std::string_view user, const LocalAccounts& accounts);

// The claims' identity under the name of an account that is to be made.
LocalIdentity newcomer(const revocation::CurrentClaims& claims, const GroupMap& map,
                       const NamesUser& account, const LocalAccounts& accounts);

// Who wants to be a shared account: a person by their own name (empty where the claims have none),
// who need have no account here, with the groups that the map gives and this host has.
LocalIdentity person_of(const revocation::CurrentClaims& claims, const GroupMap& map,
                        std::string_view own_name, const LocalAccounts& accounts);

// That account, once a rule has granted it; it takes no groups of the person's. user_unknown.
Expected<LocalIdentity> shared_account(std::string_view name, const LocalAccounts& accounts);

}  // namespace latchkey::accounts
