// SPDX-License-Identifier: Apache-2.0
//
// A JWK set that stands in the configuration: YAML that means the same as its JSON, or the JSON as
// a text. It was written by hand, so nothing of it is dropped in silence as a provider's odd key
// is: each key must be public and of use.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "core/config/yaml_tree.h"
#include "core/issuer/issuer_config.h"

namespace latchkey::config {

// The set as JSON without control characters, which reads as the same keys again; else what was
// expected instead, as a sentence part. A private key is named, never repeated.
tl::expected<issuer::InlineKeys, std::string> read_inline_keys(const YamlNode& node);

}  // namespace latchkey::config
