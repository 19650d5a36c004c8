// SPDX-License-Identifier: Apache-2.0
//
// Who asks what, and what is answered (docs/NAMES.md): the calls of io.systemd.UserDatabase,
// without a socket, a file or a clock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/accounts/served_names.h"
#include "daemon/namesd/answer.h"
#include "daemon/namesd/guests.h"
#include "ipc/fault.h"
#include "ipc/unix_socket.h"
#include "ipc/userdb.h"
#include "ipc/varlink.h"
#include "ipc/varlink_service.h"

namespace latchkey::namesd {

using Book = accounts::ServedNames;

class Desk {
 public:
  using TimePoint = Guests::TimePoint;
  using Shown = std::shared_ptr<const Book>;

  static constexpr std::string_view kService = "io.latchkey.Names";

  // `is_sshd` says whether a peer is shown provisional records.
  Desk(ipc::varlink::ServiceInfo info, std::function<bool(const ipc::Peer&)> is_sshd);

  // `message` as it came, without its NUL, from anybody. `book` is what may be served now; nothing
  // where that cannot be known. A fault (malformed) means: close the connection.
  ipc::Result<Answer> answer(std::string_view message, const ipc::Peer& peer, const Shown& book,
                             TimePoint now);

 private:
  using Call = ipc::varlink::Call;
  using RecordQuery = ipc::userdb::RecordQuery;

  Answer answer_user(const Call& call, const ipc::Peer& peer, const Shown& book, TimePoint now);
  Answer answer_group(const Call& call, const ipc::Peer& peer, const Shown& book, TimePoint now);
  static Answer answer_members(const Call& call, const Shown& book);

  // The name of the provisional record that is asked for and may be shown to the peer, with its id.
  struct Guest {
    std::string name;
    std::uint32_t id = 0;
  };
  std::optional<Guest> find_guest(const RecordQuery& query, const ipc::Peer& peer, const Book& book,
                                  TimePoint now);

  ipc::varlink::Service service_;
  std::function<bool(const ipc::Peer&)> is_sshd_;
  Guests guests_;
};

}  // namespace latchkey::namesd
