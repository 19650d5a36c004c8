// SPDX-License-Identifier: Apache-2.0
//
// Which of the open logins the present revocations hit, and which a rule ends because their token
// has expired. Nothing here touches the world.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/reason.h"
#include "core/decide.h"
#include "core/snapshot.h"

namespace latchkey::latchkeyd {

struct Hit {
  std::shared_ptr<const Login> login;
  Reason reason = Reason::revoked_token;  // as a sign-in with that token would be refused now
  std::string user = {};                  // the name, where the reason is revoked_user
};

// Logins that opened a session and whose token, subject, provider session, key or person was
// revoked, or whose token its status list does not call valid.
std::vector<Hit> hits(const Snapshot& snapshot,
                      std::span<const std::shared_ptr<const Login>> logins);

// Whether the login is one into a shared account: its user is none of its claims' names. Whatever
// the configuration says by now.
bool as_shared_account(const Login& login);

// When the login's session is to end by its token's expiry; nothing where the rule that let it in
// is gone or does not say `end_session_at_expiry`. The issuer's leeway counts as at sign-in.
std::optional<WallTime> ends_at(const Login& login, const config::Config& config);

}  // namespace latchkey::latchkeyd
