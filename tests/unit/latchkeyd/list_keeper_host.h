// SPDX-License-Identifier: Apache-2.0
//
// A list keeper between fakes, and a maker of signed lists in the place of the web server.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/revocation/list_chunk.h"
#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/io/serial_thread.h"
#include "daemon/latchkeyd/service/list_keeper.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd::list_keeper_test {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using revocation::Entry;
using revocation::EntryKind;
using revocation::FeedState;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using testing::TempDir;
using testing::TestLoop;

inline const std::string kIssuer = "https://lists.example.com/corp";
inline const std::string kToken = "https://id.example.com";  // whose tokens are revoked

// What a web server has: manifests and chunks.
struct SignedList {
  SigningKey key = SigningKey::of_the_rfc("list");
  std::string issuer = kIssuer;
  std::map<std::string, std::string> chunks;  // by digest

  // A chunk of these, as the manifest names it.
  std::string chunk(EntryKind kind, std::vector<std::string> names, bool remove = false,
                    const std::string& more = {}) {
    revocation::Names digests;
    std::vector<Entry> entries;
    for (const std::string& name : names) {
      entries.push_back({.kind = kind, .digest = *digests.digest(kind, kToken, name)});
      entries.back().before = WallTime(1'900'000'000s);
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.digest < b.digest; });
    std::string bytes;
    for (const Entry& entry : entries) revocation::append_record(entry, remove, bytes);
    const std::string sha256 = *jose::sha256_hex(bytes);
    const std::string json = "{\"sha256\":\"" + sha256 +
                             "\",\"size\":" + std::to_string(bytes.size()) + ",\"kind\":\"" +
                             std::string(revocation::entry_kind_name(kind)) + "\",\"op\":\"" +
                             (remove ? "remove" : "add") +
                             "\",\"entries\":" + std::to_string(entries.size()) + more + "}";
    chunks[sha256] = std::move(bytes);
    return json;
  }

  static std::string step(std::uint64_t from, std::uint64_t to, const std::string& chunks = {}) {
    return "{\"from\":" + std::to_string(from) + ",\"to\":" + std::to_string(to) + ",\"chunks\":[" +
           chunks + "]}";
  }

  std::string manifest(std::uint64_t version, WallTime issued_at, const std::string& steps,
                       std::chrono::seconds max_age = 1h, const std::string& alg = "EdDSA",
                       const std::string& kid = "list") const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(issued_at).time_since_epoch();
    return key.token(
        "{\"alg\":\"" + alg + "\",\"kid\":\"" + kid + "\",\"typ\":\"latchkey-revocations+jwt\"}",
        "{\"iss\":\"" + issuer + "\",\"format\":1,\"iat\":" + std::to_string(seconds.count()) +
            ",\"version\":" + std::to_string(version) +
            ",\"max_age\":" + std::to_string(max_age.count()) + ",\"steps\":[" + steps + "]}");
  }
};

class ListKeeperTest : public ::testing::Test {
 protected:
  ListKeeperTest() { source_.issuer = kIssuer; }

  config::ListSource section() const {
    config::ListSource section;
    section.feed = {"fleet", {"sudo", "sudo-i"}, {"*"}};
    section.issuer = kIssuer;
    section.url = "https://lists.example.com/corp/list.jwt";
    section.keys.document = latchkey::testing::jwk_set({source_.key.jwk()});
    section.digest = "digest-1";
    return section;
  }

  ListKeeper& keeper() {
    if (keeper_) return *keeper_;
    store.emplace(state.path(), journal);
    keeper_ = std::make_unique<ListKeeper>(
        ListKeeper::Parts{.control = control,
                          .builder = thread ? static_cast<Executor&>(*thread) : builder,
                          .clock = clock,
                          .journal = journal,
                          .fetcher = fetcher,
                          .store = *store,
                          .secret = secret,
                          .issuer_of_key = [this](std::string_view) { return issuer_with_the_key; },
                          .hooks = {.publish =
                                        [this](std::function<void()> done) {
                                          ++published;
                                          done();
                                        },
                                    .reload = [this] { ++reloads; },
                                    .rescheduled = {},
                                    .random = [] { return 0U; }}});
    return *keeper_;
  }
  void configure(std::vector<config::ListSource> lists) {
    auto config = std::make_shared<config::Config>();
    config->revocation.lists = std::move(lists);
    keeper().configure(config);
  }
  void configure() { configure({section()}); }
  // The daemon ends and another one starts on the same state.
  void restart() { restart({section()}); }
  void restart(std::vector<config::ListSource> lists) {
    keeper_.reset();
    fetcher.lists.clear();
    configure(std::move(lists));
  }

  void run() {
    while (control.run_ready() + builder.run_ready() > 0) {
    }
  }
  // Answers for as long as something is asked, as the web server would.
  void serve() {
    run();
    while (!fetcher.lists.empty()) {
      const ListRequest& request = fetcher.lists.front().first;
      asked.push_back(request.sha256.empty() ? "manifest" : request.sha256.substr(0, 8));
      tags.push_back(request.etag);
      if (request.sha256.empty()) {
        if (!etag.empty() && request.etag == etag) {
          fetcher.answer_list({.status = FetchResult::Status::not_modified, .etag = etag});
        } else {
          fetcher.answer_list({.status = FetchResult::Status::ok, .body = manifest, .etag = etag});
        }
      } else if (const auto found = source_.chunks.find(request.sha256);
                 found != source_.chunks.end()) {
        fetcher.answer_list({.status = FetchResult::Status::ok, .body = found->second});
      } else {
        fetcher.answer_list({.status = FetchResult::Status::failed, .error = "HTTP status 404"});
      }
      run();
    }
  }
  void tick_and_serve() {
    keeper().tick();
    serve();
  }
  // The next round comes when it is due.
  void next_round() {
    clock.advance(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(keeper().next_tick() - clock.steady(), SteadyTime::duration(0))));
    tick_and_serve();
  }
  // Version 1 with the token "one".
  void begin() {
    manifest = source_.manifest(1, clock.wall(),
                                SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
    configure();
    tick_and_serve();
  }

  bool revoked(const std::string& token) {
    RevocationFeed::Gathered gathered;
    keeper().gather(gathered);
    const revocation::RevocationSet set(secret, names, std::move(gathered.sources));
    claims::ClaimsRecord record;
    record.issuer = kToken;
    record.token_id = token;
    return set.find(*claims::ValidatedClaims::recall(record)).has_value();
  }
  bool user_revoked(const std::string& user) {
    RevocationFeed::Gathered gathered;
    keeper().gather(gathered);
    return revocation::RevocationSet(secret, names, std::move(gathered.sources)).user_revoked(user);
  }
  RevocationSourceState state_of() { return keeper().states().at(0); }
  std::string error() { return state_of().last_error.value_or(""); }
  std::uint64_t version() { return state_of().version.value_or(0); }
  FeedState freshness() { return revocation::feed_state(state_of().feed, clock.wall()); }

  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop control;
  TestLoop builder;
  revocation::HashSecret secret{7};
  std::shared_ptr<const revocation::Names> names = std::make_shared<const revocation::Names>();
  std::optional<ListStore> store;
  std::optional<SerialThread> thread;  // in the place of `builder`
  SignedList source_;
  std::string manifest;
  std::string etag;
  std::vector<std::string> asked;
  std::vector<std::string> tags;
  std::string issuer_with_the_key;
  int published = 0;
  int reloads = 0;

 private:
  std::unique_ptr<ListKeeper> keeper_;
};

}  // namespace latchkey::latchkeyd::list_keeper_test
