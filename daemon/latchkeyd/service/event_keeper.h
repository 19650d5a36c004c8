// SPDX-License-Identifier: Apache-2.0
//
// Keeps the security events of providers (RFC 8417), that are asked for by polling (RFC 8936; the
// choices are in docs/decisions/keeping-events.md). An event that verifies by its issuer's keys
// goes to work in the call that brings it, is made durable, and is acknowledged only then; one that
// does not is refused by the RFC's code and changes nothing. An id that was heeded is known, also
// after a restart, so that what is served again is acknowledged again and does no more.
//
// Belongs to the control thread; the disk has one of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/json.h"
#include "core/jose/scratch.h"
#include "core/revocation/security_event.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/event_poller.h"
#include "daemon/latchkeyd/io/event_store.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/service/needs.h"
#include "daemon/latchkeyd/service/revocation_feed.h"

namespace latchkey::latchkeyd {

class EventKeeper final : public RevocationFeed {
 public:
  struct Keys {
    // Of the issuer with that short name, as decisions have them; null where there is none.
    std::function<const IssuerKeys*(std::string_view issuer)> at_hand;
    // As KeyKeeper::request(); may be done before it returns.
    std::function<void(std::string_view issuer, std::uint64_t seen_generation,
                       std::function<void(KeysOutcome)> done)>
        request;
  };

  // All that is referred to outlives it.
  struct Parts {
    Executor& control;
    Executor& disk;  // where `store` is waited for
    const Clock& clock;
    Journal& journal;
    EventPoller& poller;
    EventStore& store;
    Executor& builder;  // of a new base
    revocation::HashSecret secret;
    Keys keys;
    std::function<bool(std::string_view thumbprint)> key_revoked;
    Hooks hooks;
  };

  explicit EventKeeper(Parts parts);
  ~EventKeeper() override;

  void configure(std::shared_ptr<const config::Config> config) override;
  void hurry() override;
  void tick() override;
  SteadyTime next_tick() const override;
  void gather(Gathered& into) const override;
  std::vector<RevocationSourceState> states() const override;

 private:
  struct Source;
  struct Delivered;
  enum class Fate : std::uint8_t;
  using SourcePtr = std::shared_ptr<Source>;

  // Does it where the source is still ours to keep, and in the same round.
  template <typename Do>
  void in_round(const std::weak_ptr<Source>& source, std::uint64_t number, Do action);

  void load(Source& source);
  void forget(Source& source);
  WallTime ends_by(const Source& source) const;
  void adopt(Source& source, const config::EventSource& config, const config::Config& all);
  void date(Source& source, WallTime when);
  bool never_younger(Source& source);
  void make_room(Source& source);
  void read_again(Source& source);
  void note_loss(Source& source);
  void date_loss(Source& source);
  bool is_incomplete(const Source& source) const;
  void note_state(Source& source);

  void ask(const SourcePtr& source);
  void poll(const SourcePtr& source);
  void save(const SourcePtr& source);
  std::string poll_text(Source& source) const;
  void answered(const SourcePtr& source, const FetchResult& result);
  void no_answer(const SourcePtr& source, const FetchResult& result);
  void answer_came(const SourcePtr& source, std::string_view body);
  void judge(const SourcePtr& source);
  Fate judge(Source& source, const Delivered& set, const IssuerKeys* keys,
             revocation::Source::Editor& editor);
  void tell(Source& source, const Delivered& set, const revocation::SecurityEvent& event);
  void refuse(Source& source, const Delivered& set, revocation::ItemFault fault,
              const std::string& detail);
  void settle(const SourcePtr& source);
  void ask_for_keys(const SourcePtr& source);
  void wait_for_key(Source& source);
  void finish(const SourcePtr& source);
  SteadyTime next_poll(const Source& source) const;
  void keep(const SourcePtr& source);
  void kept(const SourcePtr& source, const EventStore::Result& result);
  EventRecord whole(Source& source);
  void failed(Source& source, std::string why, std::optional<std::chrono::seconds> retry_after);

  Parts parts_;
  std::unique_ptr<jose::Scratch> scratch_;
  std::unique_ptr<jose::JsonReader> reader_;
  revocation::Names names_;
  std::vector<SourcePtr> sources_;
};

}  // namespace latchkey::latchkeyd
