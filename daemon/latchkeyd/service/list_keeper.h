// SPDX-License-Identifier: Apache-2.0
//
// Keeps the signed revocation lists of the configuration (docs/REVOCATION-LIST.md section 5):
// starts from what is on disk, asks for manifests by their schedule, has the chunks that they name
// fetched one behind the other, and lets a set go to work when all of it is checked and durable.
// Whatever goes wrong, the set that was good last stays at work, and the fault is named in log and
// status. How old a set is goes by the date that it was signed with; the wall clock alone knows of
// restarts, but a set is never younger than the steady clock says, so setting the clock back
// prolongs nothing.
//
// Belongs to the control thread; what takes long runs on `builder`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/list_fetcher.h"
#include "daemon/latchkeyd/io/list_store.h"
#include "daemon/latchkeyd/service/list_work.h"
#include "daemon/latchkeyd/service/revocation_feed.h"

namespace latchkey::latchkeyd {

class ListKeeper final : public RevocationFeed {
 public:
  // All that is referred to outlives it.
  struct Parts {
    Executor& control;
    Executor& builder;
    const Clock& clock;
    Journal& journal;
    ListFetcher& fetcher;
    ListStore& store;
    revocation::HashSecret secret;
    Hooks hooks;
    // These are snapshots of streams: a stream says itself whether it is fresh.
    bool snapshots = false;
    // A round of the list of that name is over. `well`: though perhaps nothing is new.
    std::function<void(const std::string& name, bool well)> asked = {};
  };

  explicit ListKeeper(Parts parts);
  ~ListKeeper() override;

  void configure(std::shared_ptr<const config::Config> config) override;
  bool look_again() override;
  void hurry() override;
  void tick() override;
  SteadyTime next_tick() const override;
  void gather(Gathered& into) const override;
  std::vector<std::string> keys() const override;
  std::vector<RevocationSourceState> states() const override;

  // Of the list of that name; null where it is absent.
  const ListWork::Standing* standing(const std::string& name) const;
  // Asks for that one now, whatever pause there is.
  void hurry(const std::string& name);

 private:
  struct List;
  struct Round;
  using ListPtr = std::shared_ptr<List>;
  using Fault = revocation::ListError;

  // What is at hand now of a list that was answered about, if it is still ours to keep; and if what
  // the answer is for has not been given up.
  template <typename Do>
  void on_control(const ListPtr& list, Do action);
  template <typename Do>
  void in_turn(const ListPtr& list, std::uint64_t turn, Do action);

  void start(const ListPtr& list, bool wait);
  void loaded(List& list, ListWork::Result<ListWork::Standing> standing);
  void adopt(List& list, const config::ListSource& config);
  tl::expected<jose::JwkSet, std::string> read_keys(List& list);
  bool check_keys(List& list);
  void end_round_of_gone_key(List& list);

  void ask(const ListPtr& list);
  void answered(const ListPtr& list, std::uint64_t turn, const FetchResult& result);
  void manifest_came(const ListPtr& list, const FetchResult& result);
  void plan(const ListPtr& list, ListWork::Standing from);
  void next_chunk(const ListPtr& list);
  void chunk_came(const ListPtr& list, const FetchResult& result);
  void build(const ListPtr& list);
  void built(const ListPtr& list, ListWork::Result<ListWork::Built>& result);
  void committed(List& list, ListWork::Result<ListWork::Standing>& standing);

  void take(List& list, ListWork::Standing standing);
  bool never_younger(List& list);
  void note_state(List& list);
  LogField called(const List& list) const;
  void withdraw(List& list, std::string_view why);
  void end_round(List& list, std::chrono::milliseconds pause);
  void done(List& list);
  void refused(List& list, const Fault& fault);
  void failed(List& list, std::string why, std::optional<std::chrono::seconds> retry_after = {});
  void unreachable(List& list, std::string why);
  void no_answer(const ListPtr& list, const FetchResult& result);
  void complain(const List& list, std::string_view why, std::chrono::milliseconds delay);
  void give_back(std::shared_ptr<const revocation::Source> old);
  void publish(std::shared_ptr<const revocation::Source> old);

  Parts parts_;
  std::shared_ptr<ListWork> work_;  // of the builder, which may still be at it when this ends
  std::unique_ptr<jose::Scratch> scratch_;
  std::vector<ListPtr> lists_;
  bool started_ = false;
};

// The keys that sign a list, from its section or its file; else what is wrong with them.
tl::expected<jose::JwkSet, std::string> list_keys(const config::ListSource& config);

// What keeps the keys of lists from serving, each with its file: unreadable, of no use, or keys
// that an issuer of the configuration has as well.
std::vector<config::ConfigError> list_key_errors(const config::Config& config);

}  // namespace latchkey::latchkeyd
