// SPDX-License-Identifier: Apache-2.0
//
// Who is shown provisional records.
#pragma once

#include <string>

#include "ipc/unix_socket.h"

namespace latchkey::namesd {

// Whether the peer is one of sshd's own processes: uid 0, called sshd, sshd-session or sshd-auth,
// and with the real uid 0 as well, since a set-uid program is called whatever its starter likes.
// Every root process can call itself so; nothing hangs on it but who sees a computed record. Nobody
// where `proc` does not show the process.
bool is_sshd(const ipc::Peer& peer, const std::string& proc = "/proc");

}  // namespace latchkey::namesd
