// SPDX-License-Identifier: Apache-2.0
//
// Where a decision needs a status list that is not at hand, or a newer one: it is asked for, at
// most once a request and only for a token whose signature and claims have been verified, and
// waited for as long as the module waits for us.
#include <string>
#include <utility>

#include "daemon/latchkeyd/service/conversation.h"
#include "daemon/latchkeyd/service/pending.h"

namespace latchkey::latchkeyd {
namespace {

// The least time in which a list may come; with less left, nobody is asked.
constexpr std::chrono::milliseconds kPatienceLeast{100};

}  // namespace

// Whether there is a newer one now, so that the decision has to be made again.
asio::awaitable<bool> Conversation::newer_status_list(const Decision& decision) {
  if (!decision.status_list) co_return false;
  StatusNeed need = *decision.status_list;
  const std::chrono::milliseconds most = patience_left();
  if (most < kPatienceLeast) {
    status_error_ = "no time is left to wait for it";
    co_return false;
  }
  const auto pending = std::make_shared<Pending<StatusReply>>(desk_.loop.context());
  desk_.services.needs.request_status_list(std::move(need), desk_.loop,
                                           Pending<StatusReply>::completion(pending));
  co_await pending->wait(most);
  // The world may have changed meanwhile, so what was decided before does not stand.
  if (!pending->result) status_error_ = "it did not come in time";
  if (pending->result && !pending->result->newer) status_error_ = pending->result->error;
  co_return true;
}

// What is decided without the list says why it did not come; and where the configuration lets the
// service go on without, that is never done quietly.
Decision Conversation::without_status_list(Decision decision) const {
  if (status_error_.empty()) return decision;
  if (decision.reason == Reason::status_unknown) decision.detail += ": " + status_error_;
  if (!decision.allowed() || !decision.status_list) return decision;
  desk_.services.journal.log(
      LogLevel::warning,
      "the status of a token is not known; by the configuration this service goes on without",
      {{"request_id", request_id_}, {"detail", decision.detail}, {"error", status_error_}});
  return decision;
}

}  // namespace latchkey::latchkeyd
