// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/session_hits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/status.h"

namespace latchkey::latchkeyd {

namespace {

// Revoked names that are bound to somebody, by whom they are bound to.
class RevokedPeople {
 public:
  explicit RevokedPeople(const Snapshot& snapshot) {
    for (const auto& [user, subject] : snapshot.bindings->all())
      if (snapshot.revocations->user_revoked(user)) bound_.emplace_back(&subject, &user);
  }

  std::string name_of(const claims::ClaimsRecord& claims) const {
    for (const auto& [subject, user] : bound_)
      if (subject->issuer == claims.issuer && subject->subject == claims.bound_subject())
        return *user;
    return {};
  }

 private:
  std::vector<std::pair<const accounts::Subject*, const std::string*>> bound_;
};

// The revoked name by which the login is hit; empty: none. Of a session as a shared account each
// name counts that was the person's then, or is bound to them by now.
std::string revoked_name(const Login& login, const revocation::RevocationSet& revocations,
                         const RevokedPeople& people) {
  if (revocations.user_revoked(login.user)) return login.user;
  if (!as_shared_account(login)) return {};
  for (const std::string& user : login.claims.users)
    if (revocations.user_revoked(user)) return user.empty() ? login.user : user;
  return people.name_of(login.claims);
}

}  // namespace

bool as_shared_account(const Login& login) {
  const auto& users = login.claims.users;
  return std::find(users.begin(), users.end(), login.user) == users.end();
}

std::vector<Hit> hits(const Snapshot& snapshot,
                      std::span<const std::shared_ptr<const Login>> logins) {
  std::vector<Hit> hit;
  const revocation::RevocationSet& revocations = *snapshot.revocations;
  if (revocations.size() == 0 && snapshot.statuses->size() == 0) return hit;
  const RevokedPeople people(snapshot);
  for (const std::shared_ptr<const Login>& login : logins) {
    if (!login->place) continue;
    const auto claims = claims::ValidatedClaims::recall(login->claims);
    if (const auto reason = revocations.find(*claims)) {
      hit.push_back({login, *reason});
    } else if (std::string user = revoked_name(*login, revocations, people); !user.empty()) {
      hit.push_back({login, Reason::revoked_user, std::move(user)});
    } else if (const auto status = status_revokes(*claims, snapshot)) {
      hit.push_back({login, *status});
    }
  }
  return hit;
}

std::optional<WallTime> ends_at(const Login& login, const config::Config& config) {
  const auto rule = std::find_if(config.access.begin(), config.access.end(),
                                 [&](const auto& each) { return each.name == login.rule; });
  if (!login.place || rule == config.access.end() || !rule->end_session_at_expiry)
    return std::nullopt;
  const auto issuer = config.find_issuer(login.claims.issuer);
  if (issuer < 0) return login.claims.expires_at;
  return login.claims.expires_at +
         config.issuers[static_cast<std::size_t>(issuer)].config.claims.leeway;
}

}  // namespace latchkey::latchkeyd
