// SPDX-License-Identifier: Apache-2.0
//
// A status keeper between fakes, and a server of lists in the place of fetchd.
#pragma once

#include "daemon/latchkeyd/service/status_keeper.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/revocation/packed.h"

namespace latchkey::latchkeyd::status_keeper_test {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using revocation::TokenStatus;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;

inline const std::string kIssuer = "https://corp.example.com";
inline const std::string kPlace = "https://status.example.com/";
inline const std::string kUri = kPlace + "1";
inline const std::string kOtherPlace = "https://status.another.example.com/";
// Two bits each; 0b11100100 and 0b11100101: the first status is valid, or revoked.
inline const std::string kValid("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9);
inline const std::string kRevoked("\x78\xda\x7b\x0a\x00\x00\xe6\x00\xe6", 9);

class StatusKeeperTest : public ::testing::Test {
 protected:
  StatusKeeperTest() { start(); }

  void start() {
    run();  // as the daemon drains its queues when it ends
    keeper.reset();
    fetcher.statuses.clear();
    run();
    store.emplace(state.path(), journal);
    keeper = std::make_unique<StatusKeeper>(StatusKeeper::Parts{
        .control = loop,
        .builder = builder,
        .clock = clock,
        .journal = journal,
        .fetcher = fetcher,
        .store = *store,
        .issuer_keys = [this](std::size_t) { return issuer_keys; },
        .newer_keys =
            [this](const std::string&, std::function<void()> done) {
              ++keys_asked;
              if (on_keys) on_keys();
              done();
            },
        .key_revoked = [this](std::string_view key) { return key == revoked_key; },
        .in_use = [this] { return in_use; },
        .hooks = {.publish =
                      [this](std::function<void()> done) {
                        ++published;
                        done();
                      },
                  .reload = [this] { ++reloads; },
                  .rescheduled = {},
                  .random = [] { return 0U; }},
        .limits = limits});
    configure();
    keeper->take_up();
  }

  void configure() {
    config::StatusListSource section;
    section.name = "corp-status";
    section.issuers = {"corp"};
    section.uris = {kPlace};
    section.unknown_refuses = {"*"};
    section.digest = digest;
    section.keys = section_keys;
    section.keys_file = keys_file;
    section.max_signed_age = signed_most;
    section.max_list_bytes = list_bytes_most;
    auto config = std::make_shared<config::Config>(
        *testing::config_of({testing::issuer_config("corp"), testing::issuer_config("another")}));
    if (!algorithms.empty()) config->issuers[0].config.algorithms = algorithms;
    if (with_section) config->revocation.status_lists.push_back(section);
    section.name = "another-status";
    section.issuers = {"another"};
    section.uris = {kOtherPlace};
    if (with_another) config->revocation.status_lists.push_back(section);
    keeper->configure(config);
  }

  std::string token(const std::string& lst, const std::string& more = {},
                    const std::string& uri = kUri, const SigningKey* by = nullptr,
                    std::chrono::seconds ago = 0s) const {
    const SigningKey& key = by != nullptr ? *by : own;
    const auto iat =
        std::chrono::floor<std::chrono::seconds>(clock.wall() - ago).time_since_epoch().count();
    return key.token("{\"alg\":\"" + std::string(jose::algorithm_name(key.algorithm())) +
                         "\",\"kid\":\"" + key.kid() + "\",\"typ\":\"statuslist+jwt\"}",
                     "{\"sub\":\"" + uri + "\",\"iat\":" + std::to_string(iat) + more +
                         ",\"status_list\":{\"bits\":2,\"lst\":\"" + jose::encode_base64url(lst) +
                         "\"}}");
  }

  void run() {
    while (loop.run_ready() + builder.run_ready() > 0) {
    }
  }
  void answer(const FetchResult& result) {
    fetcher.answer_status(result);
    run();
  }
  // Gives each question its list.
  void serve() {
    while (!fetcher.statuses.empty()) come(token(kValid, "", fetcher.statuses[0].first.uri));
  }
  std::vector<std::string> asked_for() const {
    std::vector<std::string> all;
    for (const auto& [request, done] : fetcher.statuses) all.push_back(request.uri);
    return all;
  }
  void come(const std::string& text, std::string etag = "\"1\"") {
    answer({.status = FetchResult::Status::ok, .body = text, .etag = std::move(etag)});
  }
  void fail(std::string why, std::optional<std::chrono::seconds> retry_after = {}) {
    answer({.status = FetchResult::Status::failed,
            .retry_after = retry_after,
            .error = std::move(why)});
  }
  // A login wants it: "newer", why not, or "" while it waits.
  std::shared_ptr<std::string> want(const std::string& uri = kUri, std::uint64_t seen = 0) {
    auto said = std::make_shared<std::string>();
    const bool others = uri.starts_with(kOtherPlace);
    keeper->request({others ? "another" : "corp", uri, seen}, [said](const StatusReply& reply) {
      *said = reply.newer ? "newer" : "not: " + reply.error;
    });
    return said;
  }
  void have(const std::string& lst = kValid, const std::string& more = {}) {
    want();
    come(token(lst, more));
  }
  std::shared_ptr<const revocation::StatusLists> lists() {
    RevocationFeed::Gathered gathered;
    keeper->gather(gathered);
    return gathered.statuses;
  }
  const revocation::HeldStatusList* held(const std::string& uri = kUri) {
    kept = lists();
    return kept->find(kIssuer, uri);
  }
  std::string first() {
    return held() == nullptr ? "none" : std::string(token_status_name(held()->token->list.at(0)));
  }
  bool stands() { return held() != nullptr && held()->key_stands; }
  std::string freshness() {
    const auto feed = keeper->states().at(0).feed;
    return std::string(revocation::feed_state_name(revocation::feed_state(feed, clock.wall())));
  }
  bool usable() { return held() != nullptr && clock.wall() < held()->usable_until; }
  std::string error() { return keeper->states().at(0).last_error.value_or(""); }
  std::size_t asked() const { return fetcher.statuses.size(); }

  std::string revoked_key;
  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop loop;
  TestLoop builder;
  SigningKey own = SigningKey::of_the_rfc("own");
  SigningKey other = SigningKey::generate(jose::Algorithm::es256, "other");
  std::shared_ptr<const jose::JwkSet> issuer_keys = set_of({own.jwk()});
  issuer::InlineKeys section_keys;
  std::string keys_file;
  std::optional<std::chrono::seconds> signed_most;
  std::function<void()> on_keys;
  std::vector<std::pair<std::string, std::string>> in_use;
  StatusKeeper::Limits limits;
  std::string digest = "d1";
  std::vector<jose::Algorithm> algorithms;
  bool with_section = true;
  bool with_another = false;  // section, of issuer "another"
  std::size_t list_bytes_most = 2'097'152;
  int published = 0;
  int reloads = 0;
  int keys_asked = 0;
  std::optional<StatusStore> store;
  std::unique_ptr<StatusKeeper> keeper;
  std::shared_ptr<const revocation::StatusLists> kept;

  static std::shared_ptr<const jose::JwkSet> set_of(std::initializer_list<std::string> jwks) {
    return std::make_shared<const jose::JwkSet>(
        jose::JwkSet::parse(latchkey::testing::jwk_set(jwks)).value());
  }
};

}  // namespace latchkey::latchkeyd::status_keeper_test
