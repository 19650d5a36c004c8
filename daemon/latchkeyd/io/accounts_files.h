// SPDX-License-Identifier: Apache-2.0
//
// /etc/passwd and /etc/group as they stand on the disk: read whole, and looked at cheaply to see
// whether they are still what was read. Never through NSS: a daemon that answers for logins must
// not ask itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "core/accounts/local_accounts.h"

namespace latchkey::latchkeyd {

class AccountsFiles {
 public:
  // ROOT/etc/passwd and ROOT/etc/group; an empty root is the host's own.
  explicit AccountsFiles(const std::string& root);

  struct Read {
    std::shared_ptr<const accounts::LocalAccounts> accounts;
    std::uint64_t stamp = 0;  // of the files then
  };

  // Fails with a sentence that names the file; a group file that is missing is an empty one.
  tl::expected<Read, std::string> read() const;

  // Whether they are others than those that a read() of this stamp saw: two stat calls. From any
  // thread. Whoever holds accounts keeps their stamp beside them, so that nobody is told that
  // nothing changed because somebody else has seen it.
  bool changed_since(std::uint64_t stamp) const { return this->stamp() != stamp; }

  const std::string& folder() const { return folder_; }

 private:
  std::uint64_t stamp() const;

  std::string folder_;
  std::string passwd_;
  std::string group_;
};

}  // namespace latchkey::latchkeyd
