// SPDX-License-Identifier: Apache-2.0
//
// What an administrator may ask of the daemon: the methods of io.latchkey.Control, bound to a
// Varlink service. Who may ask was decided by the socket's mode. Every change is journaled with the
// peer that asked for it; wishes for fresh keys, which change nothing by themselves, once in a
// while for each uid, with their number. Belongs to the control thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/service/control_plane.h"
#include "daemon/latchkeyd/service/counters.h"
#include "daemon/latchkeyd/service/decision_log.h"
#include "daemon/latchkeyd/service/login_book.h"
#include "daemon/latchkeyd/service/session_keeper.h"
#include "daemon/latchkeyd/service/token_memory.h"
#include "ipc/control.h"
#include "ipc/control_calls.h"
#include "ipc/varlink_service.h"

namespace latchkey::latchkeyd {

class Control {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const Clock& clock;
    Journal& journal;
    ControlPlane& plane;
    const DecisionLog& decisions;
    const LoginBook& logins;
    SessionKeeper& sessions;
    const TokenMemory& memory;
    const Counters& counters;
    std::function<std::optional<std::string>()> state_error;  // of the state store, while it stands
    std::function<std::optional<std::string>()>
        fetch_error;  // why fetchd cannot be reached, while it cannot
    std::string version;
    std::size_t workers = 0;
    WallTime started_at{};
  };

  explicit Control(Parts parts) : parts_(std::move(parts)) {}

  // Adds the methods and their description. `service` may be used for as long as this lives.
  void serve(ipc::varlink::Service& service);

 private:
  template <typename Answer>
  using Done = std::function<void(ipc::control::Outcome<Answer>)>;

  ipc::control::StatusAnswer status() const;
  std::vector<ipc::control::IssuerStatus> all_issuers() const;
  ipc::control::Outcome<ipc::control::IssuersAnswer> issuers(
      const std::optional<std::string>& issuer) const;
  void refresh_keys(const ipc::Peer& peer, const std::optional<std::string>& issuer,
                    Done<ipc::control::RefreshKeysAnswer> done);
  ipc::control::Outcome<ipc::control::GetKeysAnswer> keys(std::string_view issuer) const;
  ipc::control::Outcome<ipc::control::ExplainAnswer> explain(
      const ipc::control::ExplainRequest& request) const;
  ipc::control::Outcome<ipc::control::DecisionsAnswer> decisions(
      const ipc::control::DecisionsRequest& request) const;
  void revocations(const ipc::control::RevocationsRequest& request,
                   Done<ipc::control::RevocationsAnswer> done) const;
  ipc::control::Outcome<ipc::control::BindingsAnswer> bindings(
      const ipc::control::BindingsRequest& request) const;
  ipc::control::Outcome<ipc::control::SessionsAnswer> sessions(
      const ipc::control::SessionsRequest& request) const;
  void end_session(const ipc::Peer& peer, const std::string& id,
                   Done<ipc::control::EndSessionAnswer> done);
  ipc::control::NamesStatus names_status() const;
  ipc::control::Outcome<ipc::control::AccountsAnswer> accounts(
      const ipc::control::AccountsRequest& request) const;
  void change_account(const ipc::Peer& peer, const ipc::control::ChangeAccountRequest& request,
                      Done<ipc::control::Empty> done);
  void import_accounts(const ipc::Peer& peer, const ipc::control::ImportAccountsRequest& request,
                       Done<ipc::control::ImportAccountsAnswer> done);
  void serve_accounts(ipc::varlink::Service& service);
  void reload(const ipc::Peer& peer, Done<ipc::control::ReloadAnswer> done);
  void revoke(const ipc::Peer& peer, const ipc::control::RevokeRequest& request,
              Done<ipc::control::RevokeAnswer> done);
  void revoke_many(const ipc::Peer& peer, const ipc::control::RevokeManyRequest& request,
                   Done<ipc::control::RevokeManyAnswer> done);
  void note_revoked(const ipc::Peer& peer, const revocation::Revocation& revocation);
  void remove_revocation(const ipc::Peer& peer, std::int64_t id, Done<ipc::control::Empty> done);
  void remove_binding(const ipc::Peer& peer, std::string user, Done<ipc::control::Empty> done);
  void note(const ipc::Peer& peer, std::string_view message,
            std::initializer_list<LogField> fields);
  void note_refresh(const ipc::Peer& peer, std::string_view issuer);

  // Who asked for fresh keys.
  struct Asker {
    SteadyTime noted_at{};
    std::uint64_t unsaid = 0;  // calls since then
  };

  Parts parts_;
  std::map<uid_t, Asker> askers_;
};

}  // namespace latchkey::latchkeyd
