// SPDX-License-Identifier: Apache-2.0
//
// Which reasons are the service's alone: they are about the conversation, budgets and the state
// store, which the core does not see. The core's test of reasons (tests/unit/decide) produces every
// other one; the service's tests produce these. Between the two lists nothing is left out, so that
// no reason exists that nothing gives.
#pragma once

#include <array>

#include "core/base/reason.h"

namespace latchkey::test {

inline constexpr std::array kServiceReasons = {
    Reason::token_cut,           Reason::token_parts_invalid,
    Reason::conversation_failed, Reason::conversation_timeout,
    Reason::budget_exhausted,    Reason::state_unavailable,
};

}  // namespace latchkey::test
