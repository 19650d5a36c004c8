// SPDX-License-Identifier: Apache-2.0
//
// What the service manager is told (sd_notify(3)). Without one all of it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace latchkey::latchkeyd::notify {

void ready(std::string_view status);
// Between this and the next ready() the unit shows as reloading.
void reloading();
void stopping();
void status(std::string_view text);

// How often alive() is expected at the least; nothing where the unit has no watchdog.
std::optional<std::chrono::microseconds> watchdog_interval();
void alive();

}  // namespace latchkey::latchkeyd::notify
