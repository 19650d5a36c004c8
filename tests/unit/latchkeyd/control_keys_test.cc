// SPDX-License-Identifier: Apache-2.0
//
// What an administrator is told of issuers' keys, and may wish of them.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/service/control_records.h"
#include "tests/unit/latchkeyd/control_host.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::kKeysOne;
using testing::kKeysTwo;
namespace control = ipc::control;
using Kind = control::MethodError::Kind;

class ControlKeysTest : public control_test::ControlTest {
 protected:
  void fetched(const std::string& keys) {
    plane->tick();
    fetcher.answer_ok(keys);
    settle();
  }
  void settle() {
    loop.run_ready();
    for (auto& worker : workers) worker.run_ready();
    loop.run_ready();
  }
  // The answer to a refresh, as soon as the provider has `answered`.
  control::RefreshedIssuer refreshed(const std::function<void()>& answered) {
    std::optional<std::string> reply;
    begin<control::RefreshKeys>({}, reply);
    answered();
    while (!reply) settle();
    const auto answer = finish<control::RefreshKeys>(*reply);
    EXPECT_EQ(answer->issuers.size(), 1U);
    return answer->issuers.front();
  }
  control::IssuerStatus issuer() { return call<control::Issuers>({})->issuers.front(); }
};

TEST_F(ControlKeysTest, IssuersSaysWhereKeysComeFromAndHowLongTheyServe) {
  control::IssuerStatus before = issuer();
  EXPECT_EQ(before.freshness, "none");
  EXPECT_TRUE(before.stale);
  EXPECT_FALSE(before.serves_until);
  fetched(kKeysOne);
  const control::IssuerStatus status = issuer();
  EXPECT_EQ(status.place, "https://corp.example.com/.well-known/openid-configuration");
  EXPECT_EQ(status.provider, "");
  EXPECT_EQ(status.freshness, "fresh");
  EXPECT_EQ(status.serves_until, clock.wall() + hours(24));
  EXPECT_EQ(status.keys.front().type, "EC P-256");
  clock.advance(seconds(300));
  EXPECT_EQ(issuer().freshness, "stale");
  EXPECT_FALSE(issuer().stale) << "they still serve";
  clock.advance(hours(24));
  EXPECT_EQ(issuer().freshness, "too_stale");
  EXPECT_TRUE(issuer().stale);
}

TEST_F(ControlKeysTest, IssuersSaysHowEachIsAskedAboutTokens) {
  EXPECT_FALSE(issuer().introspection);
  next_config->issuers[0].config.introspection.mode = issuer::IntrospectionMode::required;
  next_config->issuers[0].config.digest = "another";
  next_config->digest = "digest-2";
  ASSERT_TRUE(call<control::Reload>({})->changed);
  ASSERT_TRUE(issuer().introspection);
  EXPECT_EQ(issuer().introspection->mode, "required");
  EXPECT_EQ(issuer().introspection->state, "not_asked");
  EXPECT_EQ(issuer().introspection->down, "refuse");
  IntrospectionState asked;
  const auto state_of = [&](const issuer::IssuerConfig& config) {
    return introspection_status(config, &asked)->state;
  };
  const issuer::IssuerConfig& config = next_config->issuers[0].config;
  asked.failed_at = asked.answered_at = WallTime{};
  EXPECT_EQ(state_of(config), "answers");
  asked.last_error = "HTTP status 500";
  EXPECT_EQ(state_of(config), "fails");
  auto lenient = config;
  lenient.introspection.down = issuer::WhenDown::signature;
  EXPECT_EQ(introspection_status(lenient, &asked)->down, "signature");
}

TEST_F(ControlKeysTest, IssuersOfANameIsThatOneOrNone) {
  EXPECT_EQ(call<control::Issuers>({.issuer = "corp"})->issuers.size(), 1U);
  EXPECT_EQ(call<control::Issuers>({.issuer = "other"}).error().kind, Kind::not_found);
}

TEST_F(ControlKeysTest, RefreshIsAnsweredWhenEveryWorkerHasTheKeys) {
  fetched(kKeysOne);
  clock.advance(seconds(60));
  std::optional<std::string> reply;
  begin<control::RefreshKeys>({.issuer = "corp"}, reply);
  ASSERT_EQ(fetcher.open.size(), 1U) << "asked at once, before it is due";
  fetcher.answer_ok(kKeysTwo);
  loop.run_ready();
  workers[0].run_ready();
  loop.run_ready();
  EXPECT_FALSE(reply) << "one worker has not got them yet";
  settle();
  ASSERT_TRUE(reply);
  EXPECT_EQ(finish<control::RefreshKeys>(*reply)->issuers.front().outcome, "changed");
  EXPECT_EQ(taken[1]->keys[0].keys->keys().front().kid(), "two");
  EXPECT_EQ(journal.count("fresh keys were asked for issuer=corp"), 1U) << journal.text();
}

TEST_F(ControlKeysTest, RefreshInALoopIsOneLineOfTheJournalInTenSecondsForEachUidAndCounted) {
  fetched(kKeysOne);
  constexpr std::string_view kLine = "fresh keys were asked for";
  for (int i = 0; i < 100; ++i) refreshed([] {});
  EXPECT_EQ(journal.count(kLine), 1U);
  peer.uid = 1'000;
  refreshed([] {});
  EXPECT_EQ(journal.count(kLine), 2U) << "another one's loop hides nobody";
  peer.uid = 0;
  clock.advance(seconds(10) - milliseconds(1));
  refreshed([] {});
  EXPECT_EQ(journal.count(kLine), 2U);
  clock.advance(milliseconds(1));
  refreshed([] {});
  EXPECT_EQ(journal.count(kLine), 3U);
  EXPECT_EQ(journal.count("unsaid_before=100 peer_uid=0"), 1U) << journal.text();
}

TEST_F(ControlKeysTest, RefreshNotesOfManyUidsTakeABoundedPlace) {
  fetched(kKeysOne);
  for (uid_t uid = 0; uid < 300; ++uid) {
    peer.uid = uid;
    refreshed([] {});
  }
  EXPECT_EQ(journal.count("fresh keys were asked for"), 256U);
  clock.advance(seconds(10));
  refreshed([] {});
  EXPECT_EQ(journal.count("fresh keys were asked for"), 257U);
}

TEST_F(ControlKeysTest, RefreshSaysWhatCameOfIt) {
  fetched(kKeysOne);
  EXPECT_EQ(refreshed([] {}).outcome, "too_soon");
  EXPECT_EQ(refreshed([] {}).again_at, clock.wall() + seconds(60));
  EXPECT_TRUE(fetcher.open.empty());
  clock.advance(seconds(60));
  EXPECT_EQ(refreshed([&] { fetcher.answer_ok(kKeysOne); }).outcome, "unchanged");
  clock.advance(seconds(60));
  const auto failed = refreshed([&] { fetcher.fail("corp: jwks: HTTP status 500"); });
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_EQ(failed.error, "corp: jwks: HTTP status 500");
  EXPECT_EQ(call<control::RefreshKeys>({.issuer = "other"}).error().kind, Kind::not_found);
}

}  // namespace
}  // namespace latchkey::latchkeyd
