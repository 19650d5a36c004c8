// SPDX-License-Identifier: Apache-2.0
//
// Asking an issuer about a token, as the control thread sees it: latchkey-fetchd does it, with the
// client's credential that it alone can read.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/issuer/introspection_config.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {

struct IntrospectRequest {
  std::string issuer;  // short name
  std::string digest;  // of that issuer's section, as we read it
  wire::SecretBuffer token;
};

struct IntrospectResult {
  enum class Status : std::uint8_t {
    ok,           // `body` is the answer
    reload,       // fetchd reads another configuration than we do
    failed,       // no good answer came of it, or a limit or failure of this host's own
    down,         // nobody is where the provider should be
    unreachable,  // fetchd could not be asked
  };
  Status status = Status::unreachable;
  std::string_view body;  // valid during the call only
  issuer::AnswerForm form = issuer::AnswerForm::json;
  std::optional<int> http_status = std::nullopt;  // failed: what the provider answered
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
  std::string error = {};  // one line; not for ok
};

// Belongs to the control thread.
class Introspector {
 public:
  virtual ~Introspector() = default;

  // `done` runs once, later, on the control thread; never inside the call, and within a few
  // seconds.
  virtual void introspect(IntrospectRequest request,
                          std::function<void(const IntrospectResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
