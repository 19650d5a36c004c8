// SPDX-License-Identifier: Apache-2.0
//
// Keeps the status lists that tokens refer to (docs/decisions/token-status.md). A list is asked for
// when a verified token first refers to it, and from then on as often as its section and its own
// `ttl` want it, for as long as it is used. All who wait for a list share one question, and after a
// failure nobody asks until a pause is over. Each section has its share of the room and its own few
// questions under way, so that no issuer's lists and no silent server take another's: within it the
// one that was used longest ago leaves first, and one that a running login refers to never leaves
// for another.
// Whatever goes wrong with a list, the one at hand counts until its time is over, and what it
// revokes stays revoked, also where the key that signed it is gone, and over a restart.
//
// Belongs to the control thread; what takes long runs on `builder`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decision.h"
#include "core/jose/jwk_set.h"
#include "core/revocation/status_lists.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/status_fetcher.h"
#include "daemon/latchkeyd/io/status_store.h"
#include "daemon/latchkeyd/service/needs.h"
#include "daemon/latchkeyd/service/revocation_feed.h"

namespace latchkey::latchkeyd {

class StatusKeeper final : public RevocationFeed {
 public:
  struct Limits {
    std::size_t lists = 1'024;
    std::size_t bytes = 67'108'864;  // unpacked, of all
    std::size_t shown = 512;         // by status, whose answer is bounded
  };

  // All that is referred to outlives it.
  struct Parts {
    Executor& control;
    Executor& builder;  // also waits for the disk
    const Clock& clock;
    Journal& journal;
    StatusFetcher& fetcher;
    StatusStore& store;
    // The keys at hand of the issuer at that place of the configuration; null: none.
    std::function<std::shared_ptr<const jose::JwkSet>(std::size_t issuer)> issuer_keys;
    // Has those of the issuer with that short name fetched anew; `done` runs on this thread.
    std::function<void(const std::string& issuer, std::function<void()> done)> newer_keys;
    // Whether a key is revoked, by its thumbprint.
    std::function<bool(std::string_view thumbprint)> key_revoked;
    // Issuer and URI of each list that an open login refers to.
    std::function<std::vector<std::pair<std::string, std::string>>()> in_use;
    Hooks hooks;
    Limits limits = {};
  };

  explicit StatusKeeper(Parts parts);
  ~StatusKeeper() override;

  // Once, after the first configure() and when the issuers' keys are at hand: reads what is on
  // disk.
  void take_up();

  // As Needs::request_status_list; `done` runs once on this thread, perhaps within the call.
  void request(const StatusNeed& need, std::function<void(StatusReply)> done);

  void configure(std::shared_ptr<const config::Config> config) override;
  bool look_again() override;
  void hurry() override;
  void tick() override;
  SteadyTime next_tick() const override;
  void gather(Gathered& into) const override;
  std::vector<std::string> keys() const override;
  std::vector<RevocationSourceState> states() const override;

 private:
  struct List;
  struct Came;
  struct Verified;
  using ListPtr = std::shared_ptr<List>;
  using Keys = std::shared_ptr<const jose::JwkSet>;
  using Id = std::pair<std::string, std::string>;  // issuer, URI

  // Does it where the list is still ours and that question is still the last one.
  template <typename Do>
  void on_control(const ListPtr& list, std::uint64_t round, Do action);

  bool place(List& list) const;
  ListPtr find_or_add(const StatusNeed& need);
  std::size_t share_of(std::size_t all) const;
  bool crowded(const List& asker) const;
  bool make_room(const List& asker, bool one_more, std::size_t bytes);
  ListPtr next_to_leave(const List& asker, bool of_any_size) const;
  void drop(const ListPtr& list, std::string_view why);
  void look_at_use();

  void read_section_keys();
  bool key_stands(const List& list) const;
  bool heed_key(List& list) const;
  std::optional<std::string> key_trouble(const List& list, std::string_view key) const;
  std::optional<std::string> trouble(const List& list) const;
  std::vector<std::string> revoked_of(const jose::JwkSet& keys) const;
  Keys trusted(const List& list);
  Keys trusted_at_hand(const List& list) const;
  std::vector<jose::Algorithm> algorithms_of(const List& list) const;
  std::optional<WallTime> accepted_by(const List& list) const;
  revocation::ItemResult<revocation::StatusListToken> read_stored(
      List& list, const StatusStore::Stored& stored);
  void restore(StatusStore::Stored stored);

  std::map<std::string_view, std::size_t> under_way() const;
  SteadyTime due_at(const List& list) const;
  void ask_next();
  void ask(const ListPtr& list);
  void put_off(const ListPtr& list, const FetchResult& result);
  void unreachable(const ListPtr& list, const FetchResult& result);
  void reload(const ListPtr& list, const FetchResult& result);
  void answered(const ListPtr& list, const FetchResult& result);
  void read(const ListPtr& list, std::shared_ptr<const Came> came);
  void was_read(const ListPtr& list, std::shared_ptr<const Came> came, Verified& verified);
  void take(const ListPtr& list, const std::shared_ptr<const Came>& came, Verified verified);
  void undo(const ListPtr& list, const Verified& verified);
  void confirmed(const ListPtr& list, const FetchResult& result);
  void date(List& list, SteadyTime fetched);
  bool never_younger(List& list);
  void keep_dates(const List& list);
  void succeeded(const ListPtr& list);
  void complain(List& list, const std::string& why, std::chrono::milliseconds pause) const;
  void forget_waiting(List& list) const;
  void failed(const ListPtr& list, std::string why,
              std::optional<std::chrono::seconds> retry_after = {});
  void stored(const StatusStore::Result<void>& result);
  StatusRecord record_of(const List& list) const;
  RevocationSourceState state_of(const List& list) const;

  Parts parts_;
  std::shared_ptr<const config::Config> config_;
  std::map<Id, ListPtr> lists_;
  std::map<std::string, Keys> section_keys_;  // by the section's name; those with keys of their own
  std::map<std::string, SteadyTime> put_off_;       // by the section's name: nobody asks until then
  std::map<std::string, SteadyTime> reload_again_;  // likewise: ours is not read anew until then
  std::uint64_t generation_ = 0;
  SteadyTime next_look_{};
  std::optional<std::string> disk_trouble_;
};

// The keys that sign the lists of a section that has keys of its own; else what is wrong with them.
tl::expected<jose::JwkSet, std::string> status_keys(const config::StatusListSource& config);

// As list_key_errors(), of status lists.
std::vector<config::ConfigError> status_key_errors(const config::Config& config);

}  // namespace latchkey::latchkeyd
