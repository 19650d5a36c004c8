// SPDX-License-Identifier: Apache-2.0
//
// The revocations of the local store as the control thread lists them, and the set that the workers
// judge by. One more or one less changes the source that is there and makes no new one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/revocation/revocation_set.h"

namespace latchkey::latchkeyd {

class RevocationBook {
 public:
  // By rising id, as the state store gives them.
  explicit RevocationBook(std::vector<revocation::Revocation> stored);

  // With its id of the store; one that is there already changes nothing.
  void add(revocation::Revocation revocation);
  // What another one of the book revokes as well stays revoked.
  void remove(std::int64_t id);

  std::span<const revocation::Revocation> all() const { return revocations_; }

  // Under which all sources of this process hash: theirs and ours are looked for by one hash.
  const revocation::HashSecret& secret() const { return secret_; }

  const std::shared_ptr<const revocation::Source>& source() const { return source_; }

  // What it says, and what `others` say.
  std::shared_ptr<const revocation::RevocationSet> set(
      revocation::RevocationSet::Sources others = {}) const;

 private:
  std::vector<revocation::Revocation>::iterator at(std::int64_t id);
  void change(std::span<const revocation::Entry> removed, std::span<const revocation::Entry> added);

  std::vector<revocation::Revocation> revocations_;  // by rising id
  revocation::HashSecret secret_{};
  std::shared_ptr<const revocation::Names> names_;
  std::shared_ptr<const revocation::Source> source_;
};

}  // namespace latchkey::latchkeyd
