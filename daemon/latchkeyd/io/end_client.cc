// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/end_client.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "ipc/control_calls.h"
#include "ipc/end.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;

namespace {

constexpr std::chrono::seconds kConnectPatience{2};
constexpr std::chrono::seconds kCallPatience{5};  // above what endd itself waits for others

std::string why(const control::CallError& error) {
  return error.kind == control::CallError::Kind::transport ? error.fault.detail : error.error.text;
}

SessionEnder::Outcome outcome_of(const std::string& word) {
  using Outcome = SessionEnder::Outcome;
  if (word == "ending") return Outcome::ending;
  if (word == "gone") return Outcome::gone;
  return word == "unknown" ? Outcome::unknown : Outcome::refused;
}

}  // namespace

void EndClient::end(Order order, std::function<void(Answer)> done) {
  thread_.post([this, order = std::move(order), done = std::move(done)] {
    if (stopping_) return;
    control_.post([done, answer = ask(order)] { done(answer); });
  });
}

void EndClient::look(std::vector<std::string> logins,
                     std::function<void(tl::expected<Seen, std::string>)> done) {
  thread_.post([this, logins = std::move(logins), done = std::move(done)] {
    if (stopping_) return;
    control_.post([done, seen = ask(logins)] { done(seen); });
  });
}

SessionEnder::Answer EndClient::ask(const Order& order) const {
  auto client = ipc::varlink::VarlinkClient::connect(path_, kConnectPatience);
  if (!client) return {Outcome::unreachable, client.error().detail, {}};
  const auto answer = control::call<control::End>(*client,
                                                  {.login = order.login,
                                                   .grace_s = order.grace.count(),
                                                   .cause = order.cause,
                                                   .scope = order.whole_user ? "user" : "session"},
                                                  kCallPatience);
  if (!answer) return {Outcome::unreachable, why(answer.error()), {}};
  return {outcome_of(answer->outcome), answer->why, std::chrono::seconds(answer->ends_in_s)};
}

tl::expected<SessionEnder::Seen, std::string> EndClient::ask(
    const std::vector<std::string>& logins) const {
  auto client = ipc::varlink::VarlinkClient::connect(path_, kConnectPatience);
  if (!client) return tl::unexpected(client.error().detail);
  Seen seen;
  std::size_t at = 0;
  do {  // also for none: whether somebody answers is worth knowing
    control::LookRequest page;
    for (; at < logins.size() && page.logins.size() < control::kLooksMost; ++at)
      page.logins.push_back(logins[at]);
    auto answer = control::call<control::Look>(*client, page, kCallPatience);
    if (!answer) return tl::unexpected(why(answer.error()));
    std::move(answer->live.begin(), answer->live.end(), std::back_inserter(seen.live));
    std::move(answer->gone.begin(), answer->gone.end(), std::back_inserter(seen.gone));
    if (seen.refused.empty()) seen.why = answer->why;
    std::move(answer->refused.begin(), answer->refused.end(), std::back_inserter(seen.refused));
  } while (at < logins.size());
  return seen;
}

}  // namespace latchkey::latchkeyd
