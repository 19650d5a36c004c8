// SPDX-License-Identifier: Apache-2.0
//
// The daemon's own values as the records of the control interface, and a request to revoke as a
// revocation.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/service/decision_log.h"
#include "daemon/latchkeyd/service/introspection_keeper.h"
#include "daemon/latchkeyd/service/key_keeper.h"
#include "daemon/latchkeyd/service/revocation_feed.h"
#include "daemon/latchkeyd/service/session_keeper.h"
#include "ipc/control.h"
#include "ipc/control_calls.h"

namespace latchkey::latchkeyd {

ipc::control::DecisionRecord decision_record(const LoggedDecision& logged);
ipc::control::DecisionSummary decision_summary(const LoggedDecision& logged);
ipc::control::RevocationRecord revocation_record(const revocation::Revocation& revocation);

struct Now {
  WallTime wall;
  SteadyTime steady;
};
ipc::control::IssuerStatus issuer_status(const issuer::IssuerConfig& config, const KeyState& state,
                                         Now now);
ipc::control::RevocationSourceStatus revocation_source_status(const RevocationSourceState& source,
                                                              Now now);
ipc::control::RefreshedIssuer refreshed_issuer(std::string issuer, const Refreshed& refreshed,
                                               Now now);

// Nothing where the issuer is not asked about tokens.
std::optional<ipc::control::IntrospectionStatus> introspection_status(
    const issuer::IssuerConfig& config, const IntrospectionState* state);

// The thumbprint of the key that an issuer (by its short name) shows under a kid; else why there is
// none, in a sentence.
using FindKey =
    std::function<tl::expected<std::string, std::string>(const std::string&, std::string_view)>;
FindKey find_key_in(const config::Config& config, std::vector<KeyState> states);

// `issuer` may be the `iss` value or the short name. invalid_parameter names the member that is
// wrong; refused says why in a sentence: an issuer that is not configured would be a revocation of
// nothing.
ipc::control::Outcome<revocation::Revocation> revocation_of(
    const ipc::control::RevokeRequest& request, const config::Config& config, WallTime now,
    const FindKey& find_key);

ipc::control::SessionRecord session_record(const SessionKeeper::Session& session);

}  // namespace latchkey::latchkeyd
