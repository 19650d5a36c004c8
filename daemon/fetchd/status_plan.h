// SPDX-License-Identifier: Apache-2.0
//
// The one https request behind a request for a status list (draft-ietf-oauth-status-list section
// 8.1). The only document whose place latchkeyd names, since tokens do; so that it is one that the
// section takes is held here once more.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/config/revocation_config.h"
#include "daemon/fetchd/http.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class StatusPlan final : public Plan {
 public:
  // `config` is copied: a reload that leaves the section as it is does not touch what is on its
  // way.
  StatusPlan(const config::StatusListSource& config, const ipc::fetch::Request& request)
      : config_(config), request_(request) {}

  Step start() override;
  Step next(tl::expected<HttpResponse, HttpFailure> response) override;
  std::optional<Outcome> outdated(const ConfigSource& config) const override;

 private:
  Outcome failed(std::string_view cause) const;

  config::StatusListSource config_;
  ipc::fetch::Request request_;
};

}  // namespace latchkey::fetchd
