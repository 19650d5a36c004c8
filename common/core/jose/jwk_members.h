// SPDX-License-Identifier: Apache-2.0
//
// The members of a JWK that every kind of key has (RFC 7517 section 4), each read or refused with a
// sentence part for the administrator ("its 'use' is not 'sig'").
#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "core/jose/json.h"

namespace latchkey::jose {

// `kid`, at most limits::kKidBytes; nothing where the key has none.
tl::expected<std::optional<std::string>, std::string> read_kid(const JsonValue& jwk);

// `use` and `key_ops`, where they are there, must allow verification.
tl::expected<void, std::string> check_use(const JsonValue& jwk);
tl::expected<void, std::string> check_operations(const JsonValue& jwk);

}  // namespace latchkey::jose
