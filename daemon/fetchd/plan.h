// SPDX-License-Identifier: Apache-2.0
//
// The order of the https requests behind one request of latchkeyd, as the fetcher sees it: a step,
// an answer, the next step. Every URL that leaves here was checked against the issuer's origins.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include "daemon/fetchd/http.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class ConfigSource;

// The end of a plan: the answer, and the document's bytes where it is `ok`.
struct Outcome {
  ipc::fetch::Answer answer;
  std::string body;
};

class Plan {
 public:
  using Step = std::variant<HttpRequest, Outcome>;

  virtual ~Plan() = default;

  // The first step, and the one after each answer. After an Outcome nothing more is asked.
  virtual Step start() = 0;
  virtual Step next(tl::expected<HttpResponse, HttpFailure> response) = 0;

  // Where nobody can want the answer any more, since by the configuration of now it would be asked
  // for otherwise: how it ends. Nothing: it goes on.
  virtual std::optional<Outcome> outdated(const ConfigSource& /*config*/) const { return {}; }
};

}  // namespace latchkey::fetchd
