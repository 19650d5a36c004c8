// SPDX-License-Identifier: Apache-2.0
//
// The revocations of the local store as the control thread knows them, and the set that the workers
// judge by. One more or one less changes the source that is there; a new base for it is made
// elsewhere. Names stay in the store, which lists them; here each has 64 bytes.
//
// What has ended revokes no more, and is forgotten here an hour later (the store does it in its own
// time): a clock that was ahead for a moment takes nothing back for good.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/service/source_merger.h"

namespace latchkey::latchkeyd {

class RevocationBook {
 public:
  // By rising id, as the state store gives them.
  explicit RevocationBook(std::span<const revocation::Revocation> stored);

  // With their ids of the store. One that is there already keeps the later end.
  void add(std::span<const revocation::Revocation> revocations);
  // What another one of the book revokes as well stays revoked.
  void remove(std::int64_t id);
  // Lets go of what has ended at `now`, and takes up again what has not, where the clock was set
  // back. Whether the source is another one by that.
  bool settle(WallTime now);
  // Those that the store has removed, and that have ended. Whether the source is another one by
  // that.
  bool forget(WallTime ended);
  // Where so much has changed that the source should have a new base: see source_merger.h.
  void merge_in(Executor& builder, Executor& control, SourceMerger::Publish publish);

  std::size_t size() const { return rows_.size(); }

  // Under which all sources of this process hash: theirs and ours are looked for by one hash.
  const revocation::HashSecret& secret() const { return secret_; }
  const revocation::Names& names() const { return *names_; }

  const std::shared_ptr<const revocation::Source>& source() const { return source_; }

  // What it says, and what `others` say.
  std::shared_ptr<const revocation::RevocationSet> set(
      revocation::RevocationSet::Sources others = {},
      revocation::RevocationSet::Called called = {}) const;

 private:
  struct Row {
    std::int64_t id = 0;
    std::optional<revocation::Entry> entry;  // nothing: it names nothing
  };

  std::vector<Row>::iterator at(std::int64_t id);
  static bool over(const Row& row, WallTime at);
  void build();
  void note_end(const Row& row);
  void replace(std::vector<revocation::Entry> gone, std::vector<revocation::Entry> said);
  void change(std::span<const revocation::Entry> removed, std::span<const revocation::Entry> added);

  std::vector<Row> rows_;              // by rising id
  WallTime settled_{};                 // what ended by then revokes no more
  std::optional<WallTime> first_end_;  // of those that have not ended
  std::optional<WallTime> last_ended_;
  revocation::HashSecret secret_{};
  std::shared_ptr<const revocation::Names> names_;
  std::shared_ptr<const revocation::Source> source_;
  SourceMerger merger_;
};

}  // namespace latchkey::latchkeyd
