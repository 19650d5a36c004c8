// SPDX-License-Identifier: Apache-2.0
//
// Which sessions a revocation hits, and which the end of a token does.
#include "tests/unit/latchkeyd/session_keeper_host.h"

namespace latchkey::latchkeyd::session_keeper_test {
namespace {

TEST_F(SessionKeeperTest, EachKindOfRevocationHitsItsLoginAndNoOther) {
  const std::string iss = snapshot.config->issuers[0].config.issuer;
  const std::string alice = open('a', "alice");
  open('b', "bob");
  struct Case {
    revocation::Revocation revocation;
    Reason want;
  };
  const Case cases[] = {
      {{.kind = Kind::token, .issuer = iss, .value = "jti-a"}, Reason::revoked_token},
      {{.kind = Kind::subject, .issuer = iss, .value = "s-alice", .before = clock.wall()},
       Reason::revoked_subject},
      {{.kind = Kind::user, .value = "alice"}, Reason::revoked_user},
  };
  for (const Case& each : cases) {
    revoked({each.revocation});
    const auto hit = hits(snapshot, logins.all());
    ASSERT_EQ(hit.size(), 1U) << row(each.want).code;
    EXPECT_EQ(hit[0].login->id, alice);
    EXPECT_EQ(hit[0].reason, each.want);
  }
  revoked(
      {{.kind = Kind::subject, .issuer = iss, .value = "s-alice", .before = clock.wall() - 1h}});
  EXPECT_THAT(hits(snapshot, logins.all()), IsEmpty()) << "its token is a later one";
}

// Whatever rules there are by now: that of the shared account may be gone.
TEST_F(SessionKeeperTest, SessionAsASharedAccountIsHitByEitherName) {
  for (const char name : {'a', 'b'}) {
    open(name, "deploy");
    for (const auto& each : logins.all()) {
      if (each->id.front() != name) continue;
      Login login = *each;
      login.claims.users = {name == 'a' ? "alice" : "bob"};
      logins.close(login.id, login.user);
      logins.put(std::make_shared<const Login>(login));
    }
  }
  open('c', "alice");
  const auto hit_by = [&](const std::string& user) {
    revoked({{.kind = Kind::user, .value = user}});
    std::string names;
    for (const Hit& hit : hits(snapshot, logins.all())) names += hit.login->id.front();
    std::sort(names.begin(), names.end());
    return names;
  };
  EXPECT_EQ(hit_by("alice"), "ac");
  EXPECT_EQ(hit_by("bob"), "b");
  EXPECT_EQ(hit_by("deploy"), "ab");
  // Bound meanwhile, by another name than the token said.
  EXPECT_EQ(hit_by("alias"), "");
  snapshot.bindings = std::make_shared<const accounts::Bindings>(
      accounts::Bindings().with("alias", {snapshot.config->issuers[0].config.issuer, "s-deploy"}));
  EXPECT_EQ(hit_by("alias"), "ab");
  EXPECT_EQ(hits(snapshot, logins.all()).front().user, "alias");
}

TEST_F(SessionKeeperTest, LoginThatHasOpenedNoSessionIsNotHit) {
  logins.put(std::make_shared<const Login>(Login{.id = std::string(32, 'c'), .user = "alice"}));
  revoked({{.kind = Kind::user, .value = "alice"}});
  EXPECT_THAT(hits(snapshot, logins.all()), IsEmpty());
}

TEST_F(SessionKeeperTest, LoginWhoseStatusListRevokesItsTokenIsHitAndOthersOfTheListAreNot) {
  const std::string iss = snapshot.config->issuers[0].config.issuer;
  const std::string uri = "https://status.example.com/1";
  const auto refer = [&](char name, std::uint64_t index) {
    const std::string id = open(name, std::string(1, name));
    for (const auto& each : logins.all()) {
      if (each->id != id) continue;
      Login login = *each;
      login.claims.status_uri = uri;
      login.claims.status_index = index;
      logins.close(login.id, login.user);
      logins.put(std::make_shared<const Login>(login));
    }
    return id;
  };
  refer('v', 0);
  const std::string revoked_one = refer('r', 1);
  const std::string suspended = refer('s', 2);
  auto list = revocation::StatusList::unpack(
      2, std::string_view("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9), 100);
  ASSERT_TRUE(list);
  snapshot.statuses =
      std::make_shared<const revocation::StatusLists>(std::vector{revocation::HeldStatusList{
          .issuer = iss,
          .uri = uri,
          .token = std::make_shared<const revocation::StatusListToken>(
              revocation::StatusListToken{*std::move(list), uri, {}, {}, {}, ""})}});
  EXPECT_THAT(logins.status_lists(), ElementsAre(std::pair(iss, uri)));
  std::vector<std::string> hit;
  for (const Hit& each : hits(snapshot, logins.all()))
    hit.push_back(each.login->id + " " + std::string(row(each.reason).code));
  EXPECT_THAT(hit, ::testing::UnorderedElementsAre(revoked_one + " status_revoked",
                                                   suspended + " status_suspended"));
  keeper.revocations_changed();
  EXPECT_EQ(journal.count("entry=" + uri + " source=status list"), 2U);
}

TEST_F(SessionKeeperTest, TokensEndEndsTheSessionWhereItsRuleSaysSo) {
  const std::string alice = open('a', "alice", "short");
  open('b', "bob", "long");
  const auto leeway = snapshot.config->issuers[0].config.claims.leeway;
  ender.seen = {.live = {alice, std::string(32, 'b')}};
  pass(1h + leeway - 1ms);
  EXPECT_THAT(ender.asked, IsEmpty());
  EXPECT_LE(keeper.next_tick(), clock.steady() + 1ms);
  pass(1ms);
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s expired session"));
}

TEST_F(SessionKeeperTest, RuleThatIsGoneEndsNoSession) {
  open('a', "alice", "a rule of yesterday");
  ender.seen = {.live = {std::string(32, 'a')}};
  pass(10h);
  EXPECT_THAT(ender.asked, IsEmpty());
}

}  // namespace
}  // namespace latchkey::latchkeyd::session_keeper_test
