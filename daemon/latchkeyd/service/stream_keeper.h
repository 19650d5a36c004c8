// SPDX-License-Identifier: Apache-2.0
//
// Keeps the revocation streams of the configuration (docs/REVOCATION-STREAM.md section 3): starts
// from the items that are on disk, asks for what lies behind the last one, and lets each item that
// verifies go to work in the very call that brings it. That it is durable decides only what is
// asked for next: an item that the disk did not take is read again, and is known by then. What
// cannot be verified is named and passed over; nothing takes an entry back but its own end, its
// key's leaving the configuration, or a snapshot that covers its item.
//
// A stream's snapshot is a list, and a list keeper of this one's own fetches and keeps it. Its set
// is a source beside that of the items which it does not cover, so neither is built anew for the
// other.
//
// Belongs to the control thread; the disk has one of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/revocation/stream_item.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/stream_fetcher.h"
#include "daemon/latchkeyd/io/stream_store.h"
#include "daemon/latchkeyd/service/list_keeper.h"
#include "daemon/latchkeyd/service/revocation_feed.h"
#include "ipc/stream_batch.h"

namespace latchkey::latchkeyd {

class StreamKeeper final : public RevocationFeed {
 public:
  // All that is referred to outlives it.
  struct Parts {
    Executor& control;
    Executor& disk;  // where `store` is waited for
    const Clock& clock;
    Journal& journal;
    StreamFetcher& fetcher;
    StreamStore& store;
    Executor& builder;  // of a new base, and of snapshots, which are lists
    ListFetcher& list_fetcher;
    ListStore& list_store;
    revocation::HashSecret secret;
    Hooks hooks;
    std::size_t held_most = 1'000'000;  // items above the snapshot, of each stream
  };

  explicit StreamKeeper(Parts parts);
  ~StreamKeeper() override;

  void configure(std::shared_ptr<const config::Config> config) override;
  bool look_again() override;
  void hurry() override;
  void tick() override;
  SteadyTime next_tick() const override;
  void gather(Gathered& into) const override;
  std::vector<std::string> keys() const override;
  std::vector<RevocationSourceState> states() const override;

 private:
  struct Stream;
  struct Held;
  using StreamPtr = std::shared_ptr<Stream>;

  // Does it where the stream is still ours to keep.
  template <typename Do>
  void on_control(const StreamPtr& stream, Do action);

  void load(Stream& stream);
  void adopt(const StreamPtr& stream, const config::StreamSource& config);
  bool check_keys(Stream& stream);
  void replay(Stream& stream, const jose::JwkSet& keys);
  void take_date(Stream& stream, WallTime issued_at, std::chrono::seconds max_age);
  bool never_younger(Stream& stream);
  void note_state(Stream& stream);

  // stream_snapshot.cc
  void snapshots_changed();
  void snapshot_asked(const std::string& name, bool well);
  void follow(Stream& stream);
  void cover(Stream& stream, const revocation::ListManifest& manifest);
  void unbase(Stream& stream);
  void read_anew(Stream& stream);
  void resync_where_due(Stream& stream);

  void ask(const StreamPtr& stream);
  void answered(const StreamPtr& stream, const FetchResult& result);
  void no_batch(const StreamPtr& stream, const FetchResult& result);
  void go_on(const StreamPtr& stream);
  void batch_came(const StreamPtr& stream, const ipc::fetch::StreamBatch& batch);
  std::optional<StreamLine> take(Stream& stream, const ipc::fetch::StreamBatch::Item& item,
                                 const jose::JwkSet& keys, revocation::Source::Editor& work);
  std::vector<StreamLine> take_all(Stream& stream, const ipc::fetch::StreamBatch& batch,
                                   const jose::JwkSet& keys);
  void note_trimming(Stream& stream, const ipc::fetch::StreamBatch& batch,
                     std::vector<StreamLine>& lines);
  void refuse(Stream& stream, const std::string& id, std::string why);
  void put_to_work(const Stream& stream, const Held& held, revocation::Source::Editor& work);
  void keep(const StreamPtr& stream, std::vector<StreamLine> lines, std::string last);
  void kept(const StreamPtr& stream, const StreamStore::Result<void>& result, std::string last);
  std::vector<StreamLine> all_lines(const Stream& stream, const std::string& last) const;
  void failed(Stream& stream, std::string why);

  Parts parts_;
  std::unique_ptr<ListKeeper> snapshots_;  // of the streams that have one
  std::unique_ptr<jose::Scratch> scratch_;
  std::vector<StreamPtr> streams_;
};

// The keys that sign a stream's items, from its section or its file; else what is wrong with them.
tl::expected<jose::JwkSet, std::string> stream_keys(const config::StreamSource& config);

// As list_key_errors(), of the streams.
std::vector<config::ConfigError> stream_key_errors(const config::Config& config);

}  // namespace latchkey::latchkeyd
