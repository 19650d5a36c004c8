// SPDX-License-Identifier: Apache-2.0
//
// The daemon's two listening sockets, from the service manager or made by ourselves.
#pragma once

#include <optional>

#include <sys/types.h>

#include "daemon/latchkeyd/options.h"
#include "ipc/fault.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

struct Listeners {
  ipc::Fd pam;
  ipc::Fd control;
};

// Takes LISTEN_* out of the environment; to be called once, early. `admin_group` owns a control
// socket that we make ourselves. An empty descriptor: neither handed over nor asked for.
ipc::Result<Listeners> find_listeners(const Options& options, std::optional<gid_t> admin_group);

}  // namespace latchkey::latchkeyd
