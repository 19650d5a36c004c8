// SPDX-License-Identifier: Apache-2.0
//
// Asking an issuer about one token: the endpoint's place, from the configuration or from the
// provider's metadata, and then the question. Metadata are asked for at most once in ten minutes,
// so that a login costs one request and not two.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/issuer/issuer_config.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fetch_protocol.h"
#include "wire/secret_buffer.h"

namespace latchkey::fetchd {

// Endpoints as metadata named them, under the digest of the section that they were checked
// against. As many as there are issuers, and no more.
class EndpointMemory {
 public:
  static constexpr std::chrono::minutes kKept{10};

  std::optional<std::string> find(const issuer::IssuerConfig& config, SteadyTime now) const;
  void keep(const issuer::IssuerConfig& config, std::string endpoint, SteadyTime now);
  void forget(const issuer::IssuerConfig& config);

 private:
  struct Entry {
    std::string digest;
    std::string endpoint;
    SteadyTime kept_at;
  };
  std::map<std::string, Entry, std::less<>> entries_;  // by the issuer's short name
};

class IntrospectionPlan final : public Plan {
 public:
  struct World {  // outlives the plan
    EndpointMemory& endpoints;
    std::function<WallTime()> wall;
    std::function<SteadyTime()> steady;
    std::function<std::string()> unique;  // never the same twice
  };

  // `config` is copied: a reload does not touch what is on its way.
  IntrospectionPlan(const issuer::IssuerConfig& config, const ipc::fetch::Request& request,
                    wire::SecretBuffer token, const World& world);

  Step start() override;
  Step next(tl::expected<HttpResponse, HttpFailure> response) override;

 private:
  Step ask(std::string endpoint);
  Step after_metadata(const HttpResponse& response);
  Step after_answer(HttpResponse response);
  Outcome failed(std::string_view what, std::string_view cause) const;

  issuer::IssuerConfig config_;
  ipc::fetch::Request request_;
  wire::SecretBuffer token_;
  World world_;
  bool asked_ = false;     // the question itself is on its way
  bool answered_ = false;  // by anybody, in an earlier step
};

}  // namespace latchkey::fetchd
