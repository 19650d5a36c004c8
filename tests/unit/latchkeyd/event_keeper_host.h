// SPDX-License-Identifier: Apache-2.0
//
// An event keeper between fakes, and a transmitter in the place of fetchd.
#pragma once

#include "daemon/latchkeyd/service/event_keeper.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/revocation/revocation_set.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd::event_keeper_test {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using nlohmann::json;
using revocation::EntryKind;
using revocation::FeedState;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;

inline const std::string kIssuer = "https://id.example.com/realms/corp";
inline const std::string kAudience = "https://hosts.example.com/events";
inline const std::string kCaep = "https://schemas.openid.net/secevent/caep/event-type/";

class EventKeeperTest : public ::testing::Test {
 protected:
  EventKeeperTest() {
    section.feed = {"corp-events", {"sudo"}, {"*"}};
    section.issuer = "corp";
    section.audiences = {kAudience};
    section.endpoint = "https://id.example.com/poll";
    section.digest = "digest-1";
    issuer.name = "corp";
    issuer.issuer = kIssuer;
    issuer.algorithms = {jose::Algorithm::eddsa};
    issuer.claims.max_token_age = 1h;
    issuer.claims.leeway = 60s;
    have_keys({&first});
    start();
  }

  void have_keys(const std::vector<const SigningKey*>& signers) {
    std::string all;
    for (const SigningKey* key : signers) all += (all.empty() ? "" : ",") + key->jwk();
    keys.keys = std::make_shared<const jose::JwkSet>(
        jose::JwkSet::parse("{\"keys\":[" + all + "]}").value());
    keys.fetched_at = clock.wall();
    ++keys.generation;
  }

  void start() {
    keeper.reset();
    fetcher.polls.clear();
    store.emplace(state.path(), journal);
    keeper = std::make_unique<EventKeeper>(EventKeeper::Parts{
        .control = loop,
        .disk = *disk,
        .clock = clock,
        .journal = journal,
        .poller = fetcher,
        .store = *store,
        .builder = *disk,
        .secret = secret,
        .keys = {
            .at_hand = [this](std::string_view name) { return name == "corp" ? &keys : nullptr; },
            .request =
                [this](std::string_view /*issuer*/, std::uint64_t seen, auto done) {
                  ++keys_asked;
                  if (fetched) fetched();
                  done(keys.generation > seen ? KeysOutcome::newer : otherwise);
                }},
        .key_revoked = [this](std::string_view thumbprint) { return thumbprint == revoked_key; },
        .hooks = {.publish =
                      [this](std::function<void()> done) {
                        ++published;
                        done();
                      },
                  .reload = [] {},
                  .rescheduled = {},
                  .random = [] { return 0U; }}});
    configure();
    keeper->tick();
  }

  void configure() {
    auto config = std::make_shared<config::Config>();
    config->issuers.push_back({.config = issuer, .groups = {}});
    config->max_claims_age = 2h;
    config->revocation.events = {section};
    keeper->configure(config);
  }

  json claims(const std::string& id, const std::string& event, json payload) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch();
    return {{"iss", kIssuer},
            {"aud", kAudience},
            {"iat", now.count()},
            {"jti", id},
            {"events", {{kCaep + event, std::move(payload)}}}};
  }
  static json user(const std::string& sub) {
    return {{"subject", {{"format", "iss_sub"}, {"iss", kIssuer}, {"sub", sub}}}};
  }
  std::string signed_by(const SigningKey& key, const json& payload,
                        const std::string& typ = "secevent+jwt") const {
    const json header{
        {"alg", jose::algorithm_name(key.algorithm())}, {"kid", key.kid()}, {"typ", typ}};
    return key.token(header.dump(), payload.dump());
  }
  std::string revokes(const std::string& id, const std::string& sub) const {
    return signed_by(first, claims(id, "session-revoked", user(sub)));
  }

  // The transmitter answers, the disk writes; the next poll is open then, where there is one.
  void answer(const json& body) {
    text = body.dump();
    fetcher.answer_poll({.status = FetchResult::Status::ok, .body = text});
    run();
  }
  void come(const std::map<std::string, std::string>& sets, bool more = false) {
    answer({{"sets", sets}, {"moreAvailable", more}});
  }
  void fail(const std::string& error, std::optional<std::chrono::seconds> retry_after = {}) {
    fetcher.answer_poll(
        {.status = FetchResult::Status::failed, .retry_after = retry_after, .error = error});
    run();
  }
  void run() {
    while (loop.run_ready() + disk->run_ready() > 0) {
    }
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    keeper->tick();
    run();
  }

  json poll() { return json::parse(fetcher.polls.at(0).first.text); }
  json acks() { return poll().value("ack", json::array()); }
  bool polls() const { return !fetcher.polls.empty(); }
  // A token of the beginning, however much later it is.
  bool revoked(const std::string& sub) { return revoked_at(sub, began); }
  bool revoked_at(const std::string& sub, WallTime issued_at) {
    RevocationFeed::Gathered gathered;
    keeper->gather(gathered);
    const auto digest = names->digest(EntryKind::subject, kIssuer, sub);
    const auto* mark = gathered.sources.at(0)->find(EntryKind::subject, *digest);
    return mark != nullptr && issued_at < mark->before;
  }
  std::string error() { return keeper->states().at(0).last_error.value_or(""); }
  FeedState freshness() {
    return revocation::feed_state(keeper->states().at(0).feed, clock.wall());
  }
  std::string folder() const { return std::string(state.path()) + "/events"; }
  std::string file() const { return folder() + '/' + event_file(kIssuer, kIssuer); }

  void damage_the_second_line() {
    std::fstream damage(file(), std::ios::in | std::ios::out);
    std::string line;
    std::getline(damage, line);
    const auto place = damage.tellg();
    damage.seekp(place);
    damage << "x";
  }

  std::string revoked_key;
  TempDir state;
  FakeClock clock;
  const WallTime began = clock.wall();
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop loop;
  std::unique_ptr<TestLoop> disk = std::make_unique<TestLoop>();
  revocation::HashSecret secret{7};
  std::shared_ptr<const revocation::Names> names = std::make_shared<const revocation::Names>();
  SigningKey first = SigningKey::of_the_rfc("first");
  config::EventSource section;
  issuer::IssuerConfig issuer;
  IssuerKeys keys;
  KeysOutcome otherwise = KeysOutcome::unchanged;
  std::function<void()> fetched;
  int keys_asked = 0;
  std::string text;
  std::optional<EventStore> store;
  std::unique_ptr<EventKeeper> keeper;
  int published = 0;
};

}  // namespace latchkey::latchkeyd::event_keeper_test
