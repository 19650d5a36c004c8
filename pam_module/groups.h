// SPDX-License-Identifier: Apache-2.0
//
// The extra groups of a login, added to the process's own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace latchkey::pam_module {

// How many groups a process may have here, ours included: the list lives on the stack of the host.
inline constexpr std::size_t kProcessGroupsMost = 4'096;

// Adds those that the process does not have; removes none. Does nothing for a process that is not
// root (a screen locker refreshing credentials cannot change its groups, and need not). False, with
// nothing changed, where the system refuses or the list would be longer than kProcessGroupsMost.
[[nodiscard]] bool add_groups(std::span<const std::uint32_t> groups) noexcept;

}  // namespace latchkey::pam_module
