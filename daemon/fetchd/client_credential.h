// SPDX-License-Identifier: Apache-2.0
//
// The form that asks about a token (RFC 7662 section 2.1), and how the client shows who it is: by a
// secret in the header or in the form (RFC 6749 section 2.3.1), or by an assertion that its key
// signs (RFC 7523 section 2.2). All of it in memory that is wiped; no error quotes any of it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/issuer/issuer_config.h"
#include "wire/secret_buffer.h"

namespace latchkey::fetchd {

struct IntrospectionForm {
  std::shared_ptr<const wire::SecretBuffer> body;           // application/x-www-form-urlencoded
  std::shared_ptr<const wire::SecretBuffer> authorization;  // of that header; null: none
};

// An assertion is good for that long, from `now`.
inline constexpr std::chrono::seconds kAssertionLife{60};

// `endpoint` is where the form will be sent, `unique` what nobody has said before: the assertion's
// `jti`. Reads the secret or key anew. The error is a sentence part.
tl::expected<IntrospectionForm, std::string> make_form(const issuer::IssuerConfig& config,
                                                       std::string_view endpoint,
                                                       const wire::SecretBuffer& token,
                                                       std::string_view unique, WallTime now);

}  // namespace latchkey::fetchd
