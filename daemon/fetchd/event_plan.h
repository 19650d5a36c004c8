// SPDX-License-Identifier: Apache-2.0
//
// The one https request behind a poll for security events (RFC 8936 section 2): latchkeyd's words,
// with the bearer token that it does not know. What the transmitter answers is not looked at here,
// and nothing of it, nor of the token, goes into any message.
#pragma once

#include <string>
#include <string_view>

#include "core/config/revocation_config.h"
#include "daemon/fetchd/http.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class EventPlan final : public Plan {
 public:
  // `config` is copied: a reload does not touch what is on its way.
  EventPlan(const config::EventSource& config, const ipc::fetch::Request& request, std::string poll)
      : config_(config), request_(request), poll_(std::move(poll)) {}

  Step start() override;
  Step next(tl::expected<HttpResponse, HttpFailure> response) override;

 private:
  Outcome failed(std::string_view cause) const;

  config::EventSource config_;
  ipc::fetch::Request request_;
  std::string poll_;
};

}  // namespace latchkey::fetchd
