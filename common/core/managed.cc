// SPDX-License-Identifier: Apache-2.0
//
// Whose names are ours to judge.
#include <algorithm>

#include "core/base/mutation.h"
#include "core/decide.h"
#include "core/policy/access.h"

namespace latchkey {
namespace {

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool is_system(const Snapshot& snapshot, std::string_view name) {
  const auto* user = snapshot.accounts->find_user(name);
  return user != nullptr && user->is_system();
}

// Nobody knows the name but latchkey-namesd, which shows it to sshd: whoever is asked next would
// take it for a user of the host.
bool is_guest(const Snapshot& snapshot, std::string_view name) {
  if (!snapshot.config->accounts.make || !accounts::usable_name(name)) return false;
  const auto* names = snapshot.names.get();
  // A file that cannot be read may have it, open or locked.
  if (names == nullptr) return snapshot.accounts->find_user(name) == nullptr;
  // Where nsswitch.conf names another source no name is shown, and it may be a user of that one.
  const bool shown = names->names().content().settings.provisional;
  return (shown || names->names().find_user(name) != nullptr) && !names->taken().has_user(name);
}

}  // namespace

bool managed(std::string_view name, const Snapshot& snapshot) {
  const auto& rules = snapshot.config->managed;
  if (LATCHKEY_FAILS(managed_guest, is_guest(snapshot, name))) return true;
  if (LATCHKEY_FAILS(managed_unlisted, contains(rules.unmanaged, name))) return false;
  // Where no rule of this host grants it, it is what it was.
  if (LATCHKEY_FAILS(managed_shared, snapshot.config->shares(name)) &&
      policy::grants(snapshot.config->access, name))
    return true;
  if (contains(rules.managed, name) || snapshot.bindings->find(name) != nullptr) return true;
  // A name of which no local file knows the uid may be any regular user's (LDAP, SSSD): only what
  // is known to be the system's own is left alone.
  return !LATCHKEY_FAILS(managed_by_list, !rules.regular_users) &&
         !LATCHKEY_FAILS(managed_system, is_system(snapshot, name));
}

}  // namespace latchkey
