// SPDX-License-Identifier: Apache-2.0
//
// systemd-logind, where there is one. It grants these calls to uid 0 without any capability
// (measured), which is all that latchkey-endd is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

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

class Logind final : public SessionManager {
 public:
  std::optional<std::string> find(pid_t leader, uid_t uid) override;
  ipc::Result<void> terminate(const std::string& session) override;
  ipc::Result<void> kill(const std::string& session) override;
  ipc::Result<void> terminate_user(uid_t uid) override;
};

}  // namespace latchkey::endd
