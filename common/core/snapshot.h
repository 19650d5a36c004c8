// SPDX-License-Identifier: Apache-2.0
//
// Everything that a decision may know, immutable and swapped whole. The control thread makes a new
// one and hands it to every worker; a worker holds its `shared_ptr` for as long as one decision
// takes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/accounts/bindings.h"
#include "core/accounts/local_accounts.h"
#include "core/accounts/served_names.h"
#include "core/base/time.h"
#include "core/config/config.h"
#include "core/jose/jwk_set.h"
#include "core/jose/symmetric_key.h"
#include "core/revocation/feed.h"
#include "core/revocation/revocation_set.h"
#include "core/revocation/status_lists.h"

namespace latchkey {

// The keys of one issuer as they were last fetched or read well. Null while there are none; an
// issuer with a symmetric key of its own has that and no set, every other one a set and no such
// key.
struct IssuerKeys {
  std::shared_ptr<const jose::JwkSet> keys;
  WallTime fetched_at{};
  std::uint64_t generation =
      0;  // counts good fetches that changed the set; remembered tokens hold it
  std::shared_ptr<const jose::SymmetricKey> symmetric = nullptr;

  bool any() const { return keys != nullptr || symmetric != nullptr; }
};

struct Snapshot {
  std::shared_ptr<const config::Config> config;
  std::vector<IssuerKeys> keys;  // same order and size as config->issuers
  std::shared_ptr<const revocation::RevocationSet> revocations;
  std::shared_ptr<const revocation::StatusLists> statuses =
      std::make_shared<const revocation::StatusLists>();
  std::vector<revocation::Feed> feeds;  // same order and size as config->revocation.feeds()
  std::shared_ptr<const accounts::LocalAccounts> accounts;  // of this host, served ones included
  // What latchkey-namesd shows of the names file, which `accounts` has as well. Null where that is
  // not known: no file that could be read.
  std::shared_ptr<const accounts::ServedNames> names;
  WallTime names_loosened_at{};      // when a name became free, or those of nobody got other ids
  std::uint64_t accounts_stamp = 0;  // of the files that `accounts` were read from; opaque here
  std::shared_ptr<const accounts::Bindings> bindings;
  std::uint64_t number = 0;  // grows with each swap
};

}  // namespace latchkey
