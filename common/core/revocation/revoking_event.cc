// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revoking_event.h"

#include <algorithm>
#include <array>

#include "core/base/mutation.h"

namespace latchkey::revocation {
namespace {

#define LATCHKEY_CAEP "https://schemas.openid.net/secevent/caep/event-type/"  // NOLINT
#define LATCHKEY_RISC "https://schemas.openid.net/secevent/risc/event-type/"  // NOLINT

constexpr std::array<RevokingEvent, 9> kEvents = {{
    {LATCHKEY_CAEP "session-revoked", "session-revoked", EventEffect::session},
    {LATCHKEY_CAEP "token-claims-change", "token-claims-change", EventEffect::user},
    {LATCHKEY_CAEP "credential-change", "credential-change", EventEffect::user},
    {LATCHKEY_RISC "account-disabled", "account-disabled", EventEffect::account},
    {LATCHKEY_RISC "account-purged", "account-purged", EventEffect::account},
    {LATCHKEY_RISC "account-credential-change-required", "account-credential-change-required",
     EventEffect::user},
    {LATCHKEY_RISC "credential-compromise", "credential-compromise", EventEffect::user},
    {LATCHKEY_RISC "sessions-revoked", "sessions-revoked", EventEffect::user},
    {"http://schemas.openid.net/event/backchannel-logout", "backchannel-logout",
     EventEffect::logout},
}};

#undef LATCHKEY_CAEP
#undef LATCHKEY_RISC

}  // namespace

const RevokingEvent* find_revoking_event(std::string_view uri) {
  const auto* const found = std::find_if(kEvents.begin(), kEvents.end(),
                                         [&](const auto& each) { return each.uri == uri; });
  return found == kEvents.end() ? nullptr : found;
}

bool takes_effect(const RevokingEvent& event, const jose::JsonValue& payload) {
  if (event.name != "credential-change") return true;
  const auto change = payload.find("change_type");
  return !change || LATCHKEY_FAILS(event_credential_made, change->as_string() != "create");
}

}  // namespace latchkey::revocation
