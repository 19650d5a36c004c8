// SPDX-License-Identifier: Apache-2.0
//
// /etc/passwd, /etc/group, /etc/nsswitch.conf and the subordinate ids as they stand on the disk:
// read whole, and looked at cheaply to see whether they are still what was read. Never through NSS:
// a daemon that answers for logins must not ask itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "core/accounts/local_accounts.h"
#include "core/accounts/nsswitch.h"
#include "core/accounts/taken_names.h"

namespace latchkey::latchkeyd {

class AccountsFiles {
 public:
  // ROOT/etc/passwd and the others; an empty root is the host's own.
  explicit AccountsFiles(const std::string& root);

  struct Read {
    std::shared_ptr<const accounts::LocalAccounts> accounts;
    std::shared_ptr<const accounts::TakenNames> taken;
    accounts::NameSwitch sources;
    std::string unknown;  // why nobody knows what else gives names and ids away; empty: it is known
    std::uint64_t stamp = 0;  // of the files then
  };

  // Fails with a sentence that names the file, where passwd or group cannot be read: nobody may be
  // kept out by the others, without which no account is made and that is all. All but passwd are
  // empty where they are missing.
  tl::expected<Read, std::string> read() const;

  // Whether they are others than those that a read() of this stamp saw: five stat calls. From any
  // thread. Whoever holds accounts keeps their stamp beside them, so that nobody is told that
  // nothing changed because somebody else has seen it.
  bool changed_since(std::uint64_t stamp) const { return this->stamp() != stamp; }

  const std::string& folder() const { return folder_; }

 private:
  std::uint64_t stamp() const;
  static tl::expected<std::string, std::string> text(const std::string& path);

  std::string folder_;
  std::string passwd_;
  std::string group_;
  std::string switch_;
  std::string subuid_;
  std::string subgid_;
};

}  // namespace latchkey::latchkeyd
