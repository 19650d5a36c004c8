// SPDX-License-Identifier: Apache-2.0
//
// The revoked subjects, keys and users of one source, of which there are few: an ordered list that
// copies share, and beside it what has changed since, so that a change costs what has changed and
// not what is there.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/revocation/entry.h"

namespace latchkey::revocation {

class FewEntries {
 public:
  struct Mark {
    WallTime before{};  // of a subject
    std::optional<WallTime> end;

    bool operator==(const Mark&) const = default;
  };

  // Null where it is not there. Good until the entries change.
  const Mark* find(EntryKind kind, const NameDigest& digest) const;

  // Of two the later `before` and the later end hold.
  void add(const Entry& entry);
  void remove(EntryKind kind, const NameDigest& digest);

  // The same without what has ended, and with nothing to be changed any more.
  FewEntries merged(WallTime now) const;
  // The same on top of what merged() made of an earlier state of it, `from`.
  FewEntries following(const FewEntries& merged, const FewEntries& from) const;

  std::size_t size() const { return size_; }
  std::size_t changes() const { return changed_.size(); }
  std::size_t settled() const { return settled_ ? settled_->size() : 0; }
  std::size_t bytes() const;

 private:
  using Name = std::pair<EntryKind, NameDigest>;
  using Row = std::pair<Name, Mark>;

  const Mark* find_settled(const Name& name) const;
  void set(const Name& name, std::optional<Mark> mark);

  std::shared_ptr<const std::vector<Row>> settled_;  // by rising name; null: none
  std::map<Name, std::optional<Mark>> changed_;      // nothing: removed. A name stays until merged
  std::size_t size_ = 0;
};

}  // namespace latchkey::revocation
