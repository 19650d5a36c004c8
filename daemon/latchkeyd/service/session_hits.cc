// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/session_hits.h"

#include <algorithm>

#include "core/status.h"

namespace latchkey::latchkeyd {

std::vector<Hit> hits(const Snapshot& snapshot,
                      std::span<const std::shared_ptr<const Login>> logins) {
  std::vector<Hit> hit;
  const revocation::RevocationSet& revocations = *snapshot.revocations;
  if (revocations.size() == 0 && snapshot.statuses->size() == 0) return hit;
  for (const std::shared_ptr<const Login>& login : logins) {
    if (!login->place) continue;
    const auto claims = claims::ValidatedClaims::recall(login->claims);
    if (const auto reason = revocations.find(*claims)) {
      hit.push_back({login, *reason});
    } else if (revocations.user_revoked(login->user)) {
      hit.push_back({login, Reason::revoked_user});
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
