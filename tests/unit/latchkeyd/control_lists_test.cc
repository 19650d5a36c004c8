// SPDX-License-Identifier: Apache-2.0
//
// Signed lists beside the keys of issuers: one plane, and neither may undo the other.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/control_host.h"
#include "tests/unit/latchkeyd/list_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using list_keeper_test::kIssuer;
using list_keeper_test::SignedList;
using revocation::EntryKind;
using testing::kKeysOne;

class ControlListsTest : public control_test::ControlTest {
 protected:
  ControlListsTest() { list_.issuer = kIssuer; }

  config::Config with_list(std::string digest) {
    config::Config config = control_test::corp_config(std::move(digest));
    config::ListSource section;
    section.feed = {"fleet", {"sudo"}, {"*"}};
    section.issuer = kIssuer;
    section.url = "https://lists.example.com/corp/list.jwt";
    section.keys.document = latchkey::testing::jwk_set({list_.key.jwk()});
    section.digest = config.digest;
    config.revocation.lists.push_back(section);
    return config;
  }
  void settle() {
    for (int i = 0; i < 4; ++i) {
      loop.run_ready();
      for (auto& worker : workers) worker.run_ready();
    }
  }
  void take_up(config::Config config) {
    next_config = std::move(config);
    plane->reload([](const auto& outcome) { EXPECT_TRUE(outcome); });
    settle();
  }
  // The provider's set: a key of its own, and the public half of the list's.
  std::string poisoned() const {
    const std::string jwk = latchkey::testing::jwk_set({list_.key.jwk()});
    const std::string key = jwk.substr(jwk.find('[') + 1, jwk.rfind(']') - jwk.find('[') - 1);
    return kKeysOne.substr(0, kKeysOne.rfind(']')) + "," + key + "]}";
  }
  void serve_list() {
    plane->tick();
    settle();
    while (!fetcher.lists.empty()) {
      const std::string sha256 = fetcher.lists.front().first.sha256;
      fetcher.answer_list({.status = FetchResult::Status::ok,
                           .body = sha256.empty() ? manifest_ : list_.chunks.at(sha256)});
      settle();
    }
  }
  void serve_keys(const std::string& document) {
    plane->tick();
    while (!fetcher.open.empty()) fetcher.answer_ok(document);
    settle();
  }
  std::vector<std::string> kids() const {
    std::vector<std::string> kids;
    for (const jose::Jwk& key : taken[0]->keys.at(0).keys->keys())
      kids.emplace_back(key.kid().value_or(""));
    return kids;
  }

  SignedList list_;
  std::string manifest_;
};

// Attack: whoever serves a key set writes the list's public key into it, so that the list counts
// for nothing any more, and what it revoked is let in, or everybody is locked out.
TEST_F(ControlListsTest, AListStandsWhateverKeysAnIssuerPublishes) {
  const auto published = [&](std::uint64_t version) {
    manifest_ =
        list_.manifest(version, clock.wall(),
                       SignedList::step(0, version, list_.chunk(EntryKind::user, {"mallory"})));
  };
  published(1);
  take_up(with_list("digest-2"));
  serve_keys(kKeysOne);
  serve_list();
  ASSERT_TRUE(taken[0]->revocations->user_revoked("mallory"));
  const std::uint64_t generation = taken[0]->keys[0].generation;
  clock.advance(std::chrono::hours(1));
  serve_keys(poisoned());
  EXPECT_THAT(kids(), ::testing::ElementsAre("one")) << "the provider's own key serves";
  EXPECT_EQ(
      journal.count("a key of an issuer is refused: a revocation list or stream is signed by it"),
      1U);
  const auto status = call<ipc::control::Issuers>({})->issuers.front();
  ASSERT_EQ(status.dropped.size(), 1U);
  EXPECT_EQ(status.dropped.front().kid, "list");
  EXPECT_EQ(taken[0]->keys[0].generation, generation) << "what serves is as it was";
  published(2);
  serve_list();
  EXPECT_TRUE(taken[0]->revocations->user_revoked("mallory"));
  EXPECT_EQ(plane->revocation_sources().at(1).version, 2U);
  EXPECT_EQ(plane->revocation_sources().at(1).last_error, std::nullopt);
  EXPECT_EQ(revocation::feed_state(taken[0]->feeds.at(0), clock.wall()),
            revocation::FeedState::fresh);
}

TEST_F(ControlListsTest, AKeyOfANewListVerifiesNoTokenFromThenOn) {
  take_up(control_test::corp_config("digest-2"));
  serve_keys(poisoned());
  EXPECT_THAT(kids(), ::testing::ElementsAre("one", "list"));
  const std::uint64_t generation = taken[0]->keys[0].generation;
  take_up(with_list("digest-3"));
  EXPECT_THAT(kids(), ::testing::ElementsAre("one"));
  EXPECT_GT(taken[0]->keys[0].generation, generation) << "remembered tokens are looked at anew";
  take_up(control_test::corp_config("digest-4"));
  EXPECT_THAT(kids(), ::testing::ElementsAre("one", "list"));
}

TEST_F(ControlListsTest, ASetOfNothingButAListsKeyVerifiesNothing) {
  take_up(with_list("digest-2"));
  serve_keys(latchkey::testing::jwk_set({list_.key.jwk()}));
  EXPECT_THAT(kids(), ::testing::IsEmpty());
}

// A provider's set that is copied here is its own word, too: it decides about no reload.
TEST_F(ControlListsTest, AListsKeyInAFileOfAProvidersKeysIsBarredAndHoldsNoReloadUp) {
  config::Config config = with_list("digest-2");
  config.issuers[0].config.jwks_file = write_keys(poisoned());
  take_up(config);
  EXPECT_THAT(kids(), ::testing::ElementsAre("one"));
  EXPECT_EQ(
      journal.count("a key of an issuer is refused: a revocation list or stream is signed by it"),
      1U);
  // Nor the reload that takes the list away.
  config::Config without = control_test::corp_config("digest-3");
  without.issuers[0].config.jwks_file = config.issuers[0].config.jwks_file;
  take_up(std::move(without));
  EXPECT_THAT(kids(), ::testing::ElementsAre("one", "list"));
}

TEST_F(ControlListsTest, KeysThatTheConfigurationItselfGivesToAnIssuerAreRefusedForAList) {
  const auto refused = [&](config::Config config) {
    next_config = std::move(config);
    bool taken_up = true;
    plane->reload([&](const auto& outcome) { taken_up = outcome.has_value(); });
    settle();
    return !taken_up;
  };
  config::Config config = with_list("digest-2");
  config.issuers[0].config.keys.document = poisoned();
  EXPECT_TRUE(refused(config));
  config = with_list("digest-3");
  config.issuers[0].config.jwks_file = write_keys(config.revocation.lists[0].keys.document);
  config.revocation.lists[0].keys_file = config.issuers[0].config.jwks_file;
  config.revocation.lists[0].keys.document.clear();
  EXPECT_TRUE(refused(config)) << "the same file";
}

// A server that asked for patience is well again, and an administrator knows.
TEST_F(ControlListsTest, AReloadAsksForListsAtOnce) {
  take_up(with_list("digest-2"));
  plane->tick();
  settle();
  fetcher.answer_list({.status = FetchResult::Status::failed,
                       .retry_after = std::chrono::seconds(86'400),
                       .error = "HTTP status 503"});
  plane->tick();
  EXPECT_TRUE(fetcher.lists.empty());
  take_up(with_list("digest-2"));
  plane->tick();
  EXPECT_EQ(fetcher.lists.size(), 1U);
  fetcher.answer_list({.status = FetchResult::Status::reload, .error = "another one"});
  settle();
  plane->tick();
  EXPECT_TRUE(fetcher.lists.empty()) << "that is fetchd's wish, and no circle comes of it";
}

}  // namespace
}  // namespace latchkey::latchkeyd
