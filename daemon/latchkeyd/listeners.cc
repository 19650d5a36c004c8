// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/listeners.h"

#include <string>
#include <utility>

#include <unistd.h>

#include "ipc/activation.h"
#include "ipc/unix_socket.h"

namespace latchkey::latchkeyd {
namespace {

ipc::Result<ipc::Fd> find(std::vector<ipc::ActivatedSocket>& activated, std::string_view name,
                          ipc::ListenOptions own) {
  auto listener = ipc::take_named(activated, name, own.type);
  if (!listener || *listener || own.path.empty()) return listener;
  return ipc::listen_at(own);
}

}  // namespace

ipc::Result<Listeners> find_listeners(const Options& options, std::optional<gid_t> admin_group) {
  auto activated = ipc::take_activated_sockets();
  if (!activated) return tl::unexpected(activated.error());
  auto pam = find(*activated, "pam",
                  {.path = options.pam_socket, .type = ipc::SocketType::seqpacket, .mode = 0600});
  if (!pam) return tl::unexpected(pam.error());
  ipc::ListenOptions own{
      .path = options.control_socket, .type = ipc::SocketType::stream, .mode = 0600};
  if (admin_group && ::geteuid() == 0) {
    own.mode = 0660;
    own.group = admin_group;
  }
  auto control = find(*activated, "control", std::move(own));
  if (!control) return tl::unexpected(control.error());
  return Listeners{*std::move(pam), *std::move(control)};
}

}  // namespace latchkey::latchkeyd
