// SPDX-License-Identifier: Apache-2.0
//
// The logins that this host has allowed and that are not closed yet, and the claims each name last
// signed in with. In memory, bounded, shared by all workers; loaded from the state store at start.
// A login is kept by its id *and* its person, because that is how it is heeded (DESIGN section 5).
//
// Locks: a call takes that of its person's shard and no other. put() into a book that is full lets
// go of it and takes all of them, in their order.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/decide.h"

namespace latchkey::latchkeyd {

class LoginBook {
 public:
  struct Limits {
    // Open at once, whosever they are. The oldest without a session is forgotten, where the person
    // has as many as may be his own one.
    std::size_t logins = 16'384;
    std::size_t logins_per_person = 256;
    // With claims last seen, a sixteenth in each shard; there the one seen longest ago is
    // forgotten.
    std::size_t names = 16'384;
  };

  LoginBook() : LoginBook(Limits{}) {}
  explicit LoginBook(Limits limits);

  // Before the threads start: oldest logins first.
  void load(std::vector<Login> logins, std::vector<std::pair<std::string, LastSeen>> last_seen);

  // Ids of the logins that had to be forgotten for it; the caller closes them in the state store,
  // too. A login that has a session is never forgotten for another, since no revocation would end
  // it any more: nothing where there is no room without that, and the new one is not kept.
  std::optional<std::vector<std::string>> put(std::shared_ptr<const Login> login);
  // Null where the person has no open login of that id. The service is for judge_later_call() to
  // compare.
  std::shared_ptr<const Login> find(std::string_view id, std::string_view person) const;
  // Notes the session that it opened, and gives what it is now; null where there is no such login.
  std::shared_ptr<const Login> place(std::string_view id, std::string_view person,
                                     LoginPlace place);
  // Whether it was open.
  bool close(std::string_view id, std::string_view person);

  // Keeps the one that came last, whatever the clock said then: it may have been set back since.
  void saw(std::string_view name, LastSeen seen);
  std::shared_ptr<const LastSeen> last_seen(std::string_view name) const;

  // All that are open.
  std::vector<std::shared_ptr<const Login>> all() const;

  // Issuer and URI of each status list that one of them refers to, each once.
  std::vector<std::pair<std::string, std::string>> status_lists() const;

  std::size_t logins() const;
  std::size_t names() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Entry {
    std::shared_ptr<const Login> login;
    std::uint64_t age = 0;  // how many came before it
  };
  using Logins = std::list<Entry>;       // oldest first
  using Names = std::list<std::string>;  // seen longest ago first
  struct Person {
    std::vector<Logins::iterator> logins;  // oldest first
    std::shared_ptr<const LastSeen> last_seen;
    Names::iterator name;  // where last_seen is set
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Persons = std::unordered_map<std::string, Person, Hash, std::equal_to<>>;
  struct Shard {
    mutable std::mutex mutex;
    Persons persons;
    Logins idle;    // without a session
    Logins placed;  // with one; in the order in which they got it
    Names names;
  };

  Shard& shard(std::string_view person);
  const Shard& shard(std::string_view person) const;
  // Whether there was room, which is taken then.
  bool take_room();
  bool make_room_of_own(Shard& shard, std::string_view person, std::vector<std::string>& forgotten);
  bool make_room(std::vector<std::string>& forgotten);
  void insert(Shard& shard, std::shared_ptr<const Login> login);
  static void erase(Shard& shard, Person& person, std::size_t index);
  static void forget_if_empty(Shard& shard, Persons::iterator person);
  static std::string forget(Shard& shard, Logins::iterator login);
  static void forget_oldest_name(Shard& shard);

  Limits limits_;
  std::array<Shard, kShards> shards_;
  // In all shards, and for a moment those that find no room.
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> came_{0};
};

}  // namespace latchkey::latchkeyd
