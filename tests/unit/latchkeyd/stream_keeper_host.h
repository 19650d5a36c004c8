// SPDX-License-Identifier: Apache-2.0
//
// A stream keeper between fakes, and writers in the place of Redis.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/service/stream_keeper.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd::stream_keeper_test {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using revocation::EntryKind;
using revocation::FeedState;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;

inline const std::string kStream = "https://fleet.example.com/revocations";

class StreamKeeperTest : public ::testing::Test {
 protected:
  StreamKeeperTest() { start(); }

  void start() {
    keeper.reset();
    fetcher.streams.clear();
    fetcher.lists.clear();
    store.emplace(state.path(), journal);
    list_store.emplace(state.path(), journal);
    keeper = std::make_unique<StreamKeeper>(
        StreamKeeper::Parts{.control = loop,
                            .disk = disk,
                            .clock = clock,
                            .journal = journal,
                            .fetcher = fetcher,
                            .store = *store,
                            .builder = disk,
                            .list_fetcher = fetcher,
                            .list_store = *list_store,
                            .secret = secret,
                            .hooks = {.publish =
                                          [this](std::function<void()> done) {
                                            ++published;
                                            done();
                                          },
                                      .reload = [] {},
                                      .rescheduled = {},
                                      .random = [] { return 0U; }},
                            .held_most = held_most});
    configure();
    keeper->tick();
  }

  void configure() {
    config::StreamSource section;
    section.feed = {"now", {"sudo"}, {"*"}};
    section.issuer = kStream;
    section.digest = digest;
    section.snapshot_url = snapshot_url;
    std::string all;
    for (const SigningKey* key : keys) all += (all.empty() ? "" : ",") + key->jwk();
    section.keys.document = "{\"keys\":[" + all + "]}";
    auto config = std::make_shared<config::Config>();
    config->revocation.streams.push_back(section);
    keeper->configure(config);
  }

  std::string user_entry(const std::string& user) const {
    std::string hex;
    const revocation::NameDigest bytes = *names->digest(EntryKind::user, "", user);
    for (const auto byte : bytes) {
      hex += "0123456789abcdef"[byte >> 4U];
      hex += "0123456789abcdef"[byte & 0xfU];
    }
    return "{\"kind\":\"user\",\"digest\":\"" + hex + "\"}";
  }
  std::string item(std::uint64_t seq, std::uint64_t prev, const std::string& entries,
                   const std::string& more = {}) {
    return signed_by(first, seq, prev, entries, more);
  }
  std::string signed_by(const SigningKey& key, std::uint64_t seq, std::uint64_t prev,
                        const std::string& entries, const std::string& more = {}) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch();
    return key.token("{\"alg\":\"" + std::string(jose::algorithm_name(key.algorithm())) +
                         "\",\"kid\":\"" + key.kid() + "\",\"typ\":\"latchkey-revocation+jwt\"}",
                     "{\"iss\":\"" + kStream +
                         "\",\"format\":1,\"iat\":" + std::to_string(now.count()) +
                         ",\"seq\":" + std::to_string(seq) + ",\"prev\":" + std::to_string(prev) +
                         ",\"entries\":[" + entries + "]" + more + "}");
  }
  std::string beat(std::uint64_t seq, std::uint64_t prev) {
    return item(seq, prev, "", ",\"max_age\":60");
  }

  // fetchd answers, the disk writes; the next request is open then.
  void come(std::vector<std::string> items, bool trimmed = false) {
    ipc::fetch::StreamBatch batch;
    batch.trimmed = trimmed;
    for (std::string& each : items)
      batch.items.push_back({std::to_string(++entry) + "-0", std::move(each)});
    answer({.status = FetchResult::Status::ok, .body = body = encode(batch)});
  }
  void answer(const FetchResult& result) {
    fetcher.answer_items(result);
    run();
  }
  void run() {
    while (loop.run_ready() + disk.run_ready() > 0) {
    }
  }

  bool revoked(const std::string& user) {
    RevocationFeed::Gathered gathered;
    keeper->gather(gathered);
    return revocation::RevocationSet(secret, names, std::move(gathered.sources)).user_revoked(user);
  }
  std::string after() { return fetcher.streams.at(0).first.after; }
  std::string error() { return keeper->states().at(0).last_error.value_or(""); }
  FeedState freshness() {
    return revocation::feed_state(keeper->states().at(0).feed, clock.wall());
  }
  std::string file() const { return std::string(state.path()) + "/streams/now"; }

  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop loop;
  TestLoop disk;
  revocation::HashSecret secret{7};
  std::shared_ptr<const revocation::Names> names = std::make_shared<const revocation::Names>();
  SigningKey first = SigningKey::of_the_rfc("first");
  SigningKey second = SigningKey::generate(jose::Algorithm::es256, "second");
  std::vector<const SigningKey*> keys{&first, &second};
  std::string digest = "digest-1";
  std::string body;
  std::string snapshot_url;  // empty: none
  std::optional<StreamStore> store;
  std::optional<ListStore> list_store;
  std::unique_ptr<StreamKeeper> keeper;
  int published = 0;
  std::size_t held_most = 1'000;
  std::uint64_t entry = 0;
};

}  // namespace latchkey::latchkeyd::stream_keeper_test
