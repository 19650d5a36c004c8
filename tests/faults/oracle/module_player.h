// SPDX-License-Identifier: Apache-2.0
//
// The same logins through libpam and pam_latchkey.so: one after the other, a PAM transaction each,
// at the rate or as near to it as they end. A transaction that waits for the daemon holds up the
// next, so it is a sample beside the steady load of the socket, never the load itself.
#pragma once

#include <string>

#include "tests/faults/oracle/commands.h"
#include "tests/faults/oracle/records.h"
#include "tests/faults/oracle/schedule.h"

namespace latchkey::faults {

struct ModuleOptions {
  std::string confdir;  // where the service's file stands
  double rate = 10;
};

void play_module(const ModuleOptions& options, Schedule& schedule, Commands& commands,
                 Records& records);

}  // namespace latchkey::faults
