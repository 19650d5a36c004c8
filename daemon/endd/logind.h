// SPDX-License-Identifier: Apache-2.0
//
// systemd-logind, where there is one. It grants these calls to uid 0 without any capability
// (measured), which is all that latchkey-endd is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "ipc/fault.h"

namespace latchkey::endd {

class SessionManager {
 public:
  virtual ~SessionManager() = default;

  // The session whose leader is that very process and whose user has that uid; nothing where there
  // is none, or no logind. A process that merely lies in a session, such as a sudo, has none.
  virtual std::optional<std::string> find(pid_t leader, uid_t uid) = 0;
  virtual ipc::Result<void> terminate(const std::string& session) = 0;
  virtual ipc::Result<void> kill(const std::string& session) = 0;
  virtual ipc::Result<void> terminate_user(uid_t uid) = 0;
};

// What logind says of sessions; nothing where it says nothing.
struct LogindWord {
  std::function<std::optional<std::string>(pid_t)> session_of;
  std::function<std::optional<uid_t>(const std::string& session)> owner_of;
  std::function<std::optional<std::uint32_t>(const std::string& session)> leader_of;
};
LogindWord logind_word();

class Logind final : public SessionManager {
 public:
  explicit Logind(LogindWord word = logind_word()) : word_(std::move(word)) {}

  std::optional<std::string> find(pid_t leader, uid_t uid) override;
  ipc::Result<void> terminate(const std::string& session) override;
  ipc::Result<void> kill(const std::string& session) override;
  ipc::Result<void> terminate_user(uid_t uid) override;

 private:
  LogindWord word_;
};

}  // namespace latchkey::endd
