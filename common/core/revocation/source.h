// SPDX-License-Identifier: Apache-2.0
//
// What one source of revocations says (the local store, one signed list, one stream): an immutable
// base of very many hashes that copies share, and a small change on top of it, made anew for each
// change. A source takes back what it said itself, and nothing of another's: whoever asks, asks all
// of them (RevocationSet).
//
// A state of a source never changes, so any number of threads may ask it while the next one is
// made. The big part of that, merged(), needs nothing but the state: it runs on a thread that no
// login waits for, and following() then brings over what changed meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "core/base/time.h"
#include "core/revocation/entry.h"
#include "core/revocation/few_entries.h"
#include "core/revocation/hash_table.h"

namespace latchkey::revocation {

// The key of the hashes: random, one for each start of a process and all sources in it, told to
// nobody. So no name can be chosen to fall on another's hash.
using HashSecret = std::array<std::uint8_t, 16>;

// What stands for an entry of the many kinds.
std::uint64_t name_hash(const HashSecret& secret, EntryKind kind, const NameDigest& digest);

class Source {
 public:
  // Says nothing yet.
  explicit Source(const HashSecret& secret, WallTime now = {}, TableMemory memory = nullptr);

  bool contains(std::uint64_t hash) const;
  void prefetch(std::uint64_t hash) const;
  // Of a subject, a key or a user; null where it is not revoked.
  const FewEntries::Mark* find(EntryKind kind, const NameDigest& digest) const {
    return few_.find(kind, digest);
  }
  // Whether there was ever an entry of the kind; what there never was need not be hashed.
  bool has(EntryKind kind) const { return (kinds_ & bit(kind)) != 0; }

  // The same after these removals and then these additions. Costs what has changed since the last
  // merge, not what is there.
  Source with(std::span<const Entry> removed, std::span<const Entry> added) const;

  // For changes that come one by one and are very many: what it is made of is copied once.
  class Editor;

  // Whether the change on top has grown so that it should go into a new base.
  bool wants_merge() const;
  // The same with all of it in a new base, without what has ended at `now`. 0.1 s for 10 million.
  Source merged(WallTime now) const;
  // This, on top of the base that merged() made of an earlier state of it, `from`. Where the base
  // has been replaced since, this as it is.
  Source following(const Source& merged, const Source& from) const;
  // Whether following() would bring something over.
  bool follows(const Source& from) const { return base_ == from.base_; }

  std::size_t size() const;
  std::size_t base_size() const;                   // as of the last merge
  std::size_t delta_size() const;                  // what changed since, removals counted as well
  std::size_t few() const { return few_.size(); }  // subjects, keys and users
  std::size_t bytes() const;
  const HashSecret& secret() const { return secret_; }

 private:
  friend class SourceBuilder;
  static std::uint8_t bit(EntryKind kind) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
  }
  void add(const Entry& entry);
  void add_hash(std::uint64_t hash, EndStep end);
  void remove(const Entry& entry);

  HashSecret secret_;
  std::shared_ptr<const HashTable> base_;
  HashTable removed_;  // of the base
  HashTable added_;    // none that stays of the base
  FewEntries few_;
  std::uint8_t kinds_ = 0;
};

// The next state of a source while it is made: in the order of the calls.
class Source::Editor {
 public:
  explicit Editor(const Source& from) : next_(from) {}

  void add(const Entry& entry) { next_.add(entry); }
  void remove(const Entry& entry) { next_.remove(entry); }
  const Source& source() const { return next_; }
  Source finish() { return std::move(next_); }

 private:
  Source next_;
};

// Makes the first state of a source, or one that begins anew, entry by entry in any order, without
// holding them a second time.
class SourceBuilder {
 public:
  // `many`: how many entries of the many kinds come; more are no error, but cost time.
  SourceBuilder(const HashSecret& secret, std::size_t many, WallTime now,
                TableMemory memory = nullptr);

  void add(const Entry& entry);
  std::size_t few() const { return source_.few(); }
  Source finish();

 private:
  struct Pending {
    std::uint64_t hash = 0;
    EndStep end = 0;
  };

  void insert_later(Pending next);

  Source source_;
  HashTable table_;
  WallTime now_;
  std::array<Pending, 32> pending_;  // their places are being read
  std::size_t seen_ = 0;
};

}  // namespace latchkey::revocation
