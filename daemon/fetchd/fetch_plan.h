// SPDX-License-Identifier: Apache-2.0
//
// The order of the https requests behind one request of latchkeyd: for metadata the discovery
// document; for keys the discovery document and then what it names, unless the configuration names
// the place of the keys itself. Knows no socket and no clock. Every URL that leaves here was
// checked against the issuer's origins.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "core/issuer/issuer_config.h"
#include "daemon/fetchd/http.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class FetchPlan final : public Plan {
 public:
  // `config` is copied: a reload does not touch what is on its way.
  FetchPlan(const issuer::IssuerConfig& config, const ipc::fetch::Request& request);

  Step start() override;
  Step next(tl::expected<HttpResponse, HttpFailure> response) override;

  const issuer::IssuerConfig& config() const { return config_; }
  const ipc::fetch::Request& request() const { return request_; }

 private:
  Step get(ipc::fetch::Document document, const std::string& url);
  Step after_metadata(HttpResponse response);
  Outcome deliver(HttpResponse response) const;
  Outcome failed(std::string_view cause) const;

  issuer::IssuerConfig config_;
  ipc::fetch::Request request_;
  ipc::fetch::Document getting_ =
      ipc::fetch::Document::metadata;  // what the request under way is for
};

}  // namespace latchkey::fetchd
