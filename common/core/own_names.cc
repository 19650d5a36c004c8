// SPDX-License-Identifier: Apache-2.0
#include "core/own_names.h"

#include <set>
#include <string_view>

#include "core/accounts/local_accounts.h"
#include "core/base/mutation.h"

namespace latchkey {

OwnNames own_names(const claims::Claims& claims, const Snapshot& snapshot) {
  OwnNames out;
  std::set<std::string_view> seen;
  const auto is_theirs = [&](const accounts::Subject& subject) {
    return subject.issuer == claims.issuer && subject.subject == claims.bound_subject();
  };
  for (const std::string_view name : claims.users) {
    if (LATCHKEY_FAILS(shared_own_name, snapshot.config->shares(name))) continue;
    if (!seen.insert(name).second) continue;
    out.all.emplace_back(name);
    const auto* bound = snapshot.bindings->find(name);
    if (bound == nullptr) continue;
    if (is_theirs(*bound)) {
      out.said = true;
    } else if (out.others.empty() && accounts::usable_name(name)) {
      out.others = name;
    }
  }
  // Few ask for a shared account, and a host knows some thousand people at most.
  for (const auto& [name, subject] : snapshot.bindings->all()) {
    if (!is_theirs(subject) || snapshot.config->shares(name)) continue;
    out.bound.push_back(name);
    if (LATCHKEY_FAILS(shared_bound_name, seen.insert(name).second)) out.all.push_back(name);
  }
  return out;
}

}  // namespace latchkey
