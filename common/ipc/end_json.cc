// SPDX-License-Identifier: Apache-2.0
//
// The members of the messages of end.h, in the order of io.latchkey.End.varlink.
#include "ipc/end.h"

#include "ipc/json_message.h"

namespace latchkey::ipc::control {
namespace {

constexpr auto kCauses = json::one_of("revoked", "expired", "administrator");
constexpr auto kScopes = json::one_of("session", "user");
constexpr auto kOutcomes = json::one_of("ending", "gone", "unknown", "refused");

struct Few {
  bool operator()(const std::vector<std::string>& logins) const {
    return logins.size() <= kLooksMost;
  }
};

}  // namespace

template <typename Walk>
void fields(Walk& walk, EndRequest& value) {
  walk("login", value.login);
  walk("grace_s", value.grace_s, json::Between{0, kGraceMostSeconds});
  walk("cause", value.cause, kCauses);
  walk("scope", value.scope, kScopes);
}

template <typename Walk>
void fields(Walk& walk, EndAnswer& value) {
  walk("outcome", value.outcome, kOutcomes);
  walk("why", value.why);
  walk("ends_in_s", value.ends_in_s, json::Between{0, kGraceMostSeconds});
}

template <typename Walk>
void fields(Walk& walk, LookRequest& value) {
  walk("logins", value.logins, Few{});
}

template <typename Walk>
void fields(Walk& walk, LookAnswer& value) {
  walk("live", value.live);
  walk("gone", value.gone);
  walk("refused", value.refused);
  walk("why", value.why);
}

template <typename Walk>
void fields(Walk& walk, SignalRequest& value) {
  walk("login", value.login);
  walk("grace_s", value.grace_s, json::Between{0, kGraceMostSeconds});
  walk("scope", value.scope, kScopes);
}

template <typename Walk>
void fields(Walk& walk, SignalAnswer& value) {
  walk("outcome", value.outcome, kOutcomes);
  walk("why", value.why);
  walk("processes", value.processes);
}

LATCHKEY_MESSAGE(EndRequest, refused)
LATCHKEY_MESSAGE(EndAnswer, ignored)
LATCHKEY_MESSAGE(LookRequest, refused)
LATCHKEY_MESSAGE(LookAnswer, ignored)
LATCHKEY_MESSAGE(SignalRequest, refused)
LATCHKEY_MESSAGE(SignalAnswer, ignored)

}  // namespace latchkey::ipc::control
