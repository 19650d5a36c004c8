// SPDX-License-Identifier: Apache-2.0
//
// Whether an access rule can ever decide behind another one. Rather none found than one that is
// none: whoever is warned takes the rule away.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/policy/access_config.h"

namespace latchkey::config {

// What is left for a rule to decide: nothing, or about accounts with a uid below 1000 alone,
// because the one before it allows and opens none of those.
enum class Left : std::uint8_t { nothing, system_accounts };

struct Shadow {
  std::size_t earlier = 0;  // indices of the rules
  std::size_t later = 0;
  Left left = Left::nothing;
};

// Of each rule that is shadowed the first one that does it. Labels are compared, whichever this
// host has: one file serves a fleet.
std::vector<Shadow> find_shadows(std::span<const policy::AccessRule> rules);

}  // namespace latchkey::config
