// SPDX-License-Identifier: Apache-2.0
//
// /etc/passwd and /etc/group as they stand on the disk: read whole, and looked at cheaply to see
// whether they are still what was read. Never through NSS: a daemon that answers for logins must
// not ask itself.
#pragma once

#include <atomic>
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

  // One thread at a time. Fails with a sentence that names the file; a group file that is missing
  // is an empty one.
  tl::expected<std::shared_ptr<const accounts::LocalAccounts>, std::string> read();

  // Whether they are others than the last read() saw, successful or not: two stat calls. From any
  // thread.
  bool changed() const;

  const std::string& folder() const { return folder_; }

 private:
  std::uint64_t stamp() const;

  std::string folder_;
  std::string passwd_;
  std::string group_;
  std::atomic<std::uint64_t> seen_{0};
};

}  // namespace latchkey::latchkeyd
