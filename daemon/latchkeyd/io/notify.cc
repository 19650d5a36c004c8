// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/notify.h"

#include <ctime>
#include <string>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace latchkey::latchkeyd::notify {
namespace {

void send(const std::string& state) { (void)sd_notify(0, state.c_str()); }

// A line break would begin another assignment.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, 512));
  for (char& byte : line) {
    if (byte < ' ') byte = ' ';
  }
  return line;
}

}  // namespace

void ready(std::string_view text) { send("READY=1\nSTATUS=" + one_line(text)); }

void reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                   std::chrono::duration_cast<std::chrono::microseconds>(since).count()));
}

void stopping() { send("STOPPING=1\nSTATUS=stopping"); }

void status(std::string_view text) { send("STATUS=" + one_line(text)); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval_us = 0;
  if (sd_watchdog_enabled(0, &interval_us) <= 0) return std::nullopt;
  return std::chrono::microseconds(interval_us);
}

void alive() { send("WATCHDOG=1"); }

}  // namespace latchkey::latchkeyd::notify
