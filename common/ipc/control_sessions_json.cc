// SPDX-License-Identifier: Apache-2.0
//
// The members of the control messages about sessions, in the order of io.latchkey.Control.varlink.
#include "ipc/control.h"

#include "ipc/json_message.h"

namespace latchkey::ipc::control {
namespace {

constexpr auto kSessionStates = json::one_of("open", "ending", "not_ended", "no_note");
constexpr auto kEndOutcomes = json::one_of("ending", "gone");
constexpr json::Between kPage{1, static_cast<std::int64_t>(kPageMost)};

}  // namespace

template <typename Walk>
void fields(Walk& walk, SessionRecord& value) {
  walk("id", value.id);
  walk("state", value.state, kSessionStates);
  walk("user", value.user);
  walk("service", value.service);
  walk("rule", value.rule);
  walk("issuer", value.issuer);
  walk("subject", value.subject);
  walk("token_id", value.token_id);
  walk("provider_session", value.provider_session);
  walk("key_id", value.key_id);
  walk("expires_at", value.expires_at);
  walk("rhost", value.rhost);
  walk("tty", value.tty);
  walk("pid", value.pid);
  walk("logind_session", value.logind_session);
  walk("opened_at", value.opened_at);
}

template <typename Walk>
void fields(Walk& walk, SessionsRequest& value) {
  walk("after", value.after);
  walk("limit", value.limit, kPage);
}

template <typename Walk>
void fields(Walk& walk, SessionsAnswer& value) {
  walk("sessions", value.sessions);
  walk("more", value.more);
}

template <typename Walk>
void fields(Walk& walk, EndSessionRequest& value) {
  walk("id", value.id);
}

template <typename Walk>
void fields(Walk& walk, EndSessionAnswer& value) {
  walk("outcome", value.outcome, kEndOutcomes);
}

LATCHKEY_MESSAGE(SessionsRequest, refused)
LATCHKEY_MESSAGE(SessionsAnswer, ignored)
LATCHKEY_MESSAGE(EndSessionRequest, refused)
LATCHKEY_MESSAGE(EndSessionAnswer, ignored)

}  // namespace latchkey::ipc::control
