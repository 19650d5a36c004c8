// SPDX-License-Identifier: Apache-2.0
//
// The one https request behind a request for a revocation list's manifest, or for a chunk of it
// (docs/REVOCATION-LIST.md sections 2 and 5). A chunk lies beside the manifest, at a place that its
// digest makes; so both come from the configured origin and nobody names another.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/config/revocation_config.h"
#include "daemon/fetchd/http.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

// RFC 3986 section 5.2 for this one form: without the manifest's query, beside the manifest. The
// error says what is wrong with the manifest's URL.
tl::expected<std::string, std::string> chunk_url(const std::string& manifest_url,
                                                 std::string_view sha256);

class ListPlan final : public Plan {
 public:
  // `config` is copied: a reload does not touch what is on its way.
  ListPlan(const config::ListSource& config, const ipc::fetch::Request& request)
      : config_(config), request_(request) {}

  Step start() override;
  Step next(tl::expected<HttpResponse, HttpFailure> response) override;

 private:
  bool chunk() const { return request_.document == ipc::fetch::Document::list_chunk; }
  Outcome failed(std::string_view cause) const;

  config::ListSource config_;
  ipc::fetch::Request request_;
};

}  // namespace latchkey::fetchd
