// SPDX-License-Identifier: Apache-2.0
//
// What issuers have said of tokens lately, so that a session and the sudo after it cost one
// question. An answer is found again under the issuer, its section of the configuration and the
// token together, so that one issuer's word never serves another's token, and a changed section
// never an old answer. It serves by the steady clock for the configured time, and never beyond the
// token's own end. Bounded in number and bytes: what lets nobody in makes room first, so that
// guesses never push out the answers that people's logins stand on. Shared by all threads under a
// mutex.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/time.h"
#include "core/introspection.h"

namespace latchkey::latchkeyd {

class IntrospectionMemory {
 public:
  using Answer = std::shared_ptr<const Introspected>;

  struct Limits {
    std::size_t answers = 8'192;
    std::size_t bytes = 4'194'304;
  };

  IntrospectionMemory() : IntrospectionMemory(Limits{}) {}
  explicit IntrospectionMemory(Limits limits) : limits_(limits) {}

  // Null where nothing is known that still serves. `generation` is that of the issuer's key set: an
  // answer that another one verified is none any more.
  Answer find(const Question& question, std::uint64_t generation, WallTime wall, SteadyTime now);

  // Keeps an answer until then, and drops what serves no more. Room is made by those that let
  // nobody in, and then, for one that lets somebody in, by the rest; the one that was kept first
  // goes first.
  void put(Answer answer, SteadyTime now, SteadyTime until);

  // The configuration has changed.
  void clear();

  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    Answer answer;
    SteadyTime until;
    std::size_t bytes;
    bool good;  // it lets somebody in
  };
  using Entries = std::list<Entry>;  // kept first comes first

  void erase(Entries::iterator entry);
  // False where only those make room that may not have to.
  bool make_room(std::size_t bytes, bool good);
  void drop_ended(Entries& entries, SteadyTime now);
  std::size_t count() const { return good_.size() + others_.size(); }

  Limits limits_;
  mutable std::mutex mutex_;
  Entries good_;
  Entries others_;
  std::unordered_map<std::string_view, Entries::iterator> index_;  // views of the entries' keys
  std::size_t bytes_ = 0;
};

}  // namespace latchkey::latchkeyd
