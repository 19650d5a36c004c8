// SPDX-License-Identifier: Apache-2.0
//
// Reads what the configuration requires of one claim or header member:
//
//   name: value                      equals; a text, a whole number, true or false
//   name: { one_of: [ a, b ] }       equals one of them
//   name: { contains: a }            is an array with an element that equals it
//   name: { present: true }          is there, and not null
//   name: { min: 1, max: 3 }         is a number within; one of the two may be left out
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "core/claims/requirement.h"
#include "core/config/yaml_tree.h"

namespace latchkey::config {

// What was expected instead, and where.
struct RequirementFault {
  const YamlNode* at;
  std::string expected;
};

// `name` has been looked at by the caller.
tl::expected<claims::RequiredClaim, RequirementFault> read_requirement(const YamlNode& name,
                                                                       const YamlNode& value);

}  // namespace latchkey::config
