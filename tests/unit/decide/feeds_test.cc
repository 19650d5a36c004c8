// SPDX-License-Identifier: Apache-2.0
//
// What is not known of revocations: a source that is stale or was never read, per service.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/decide/host.h"
#include "tests/unit/decide/judge_cases.h"

namespace latchkey::test {
namespace {

using judge_test::judged;
using judge_test::sign_in;
using revocation::Feed;
using ::testing::HasSubstr;

constexpr std::string_view kList = R"(
revocation:
  lists:
    - name: fleet
      issuer: https://lists.example.com/corp
      url: https://lists.example.com/corp/list.jwt
      keys_file: /etc/latchkey/list-keys.json
)";

Feed::Known known(std::chrono::milliseconds age, std::chrono::seconds max_age = 1h) {
  return {kNow - age, kNow - age, max_age};
}

Decision decided(const std::string& service, const std::optional<Feed::Known>& known,
                 const std::string& more = {}, Operation operation = Operation::authenticate) {
  const Host host{.settings = std::string(kList) + more,
                  .access = "access:\n  - services: [ \"*\" ]\n    allow: { anyone: true }\n",
                  .known = known};
  return judged(
      {"", host, request(operation, service, "alice"), claims_of("alice"), Reason::allowed, ""});
}

TEST(Feeds, AFreshOneChangesNothing) {
  for (const std::string service : {"sshd", "sudo", "sudo-i"}) {
    const auto decision = decided(service, known(1h));
    EXPECT_EQ(code(decision.reason), "allowed") << service;
    EXPECT_EQ(decision.detail, "") << service;
  }
}

TEST(Feeds, AStaleOneRefusesSudoAndLetsOthersInAloud) {
  for (const std::string service : {"sudo", "sudo-i"}) {
    const auto decision = decided(service, known(1h + 1ms));
    EXPECT_EQ(code(decision.reason), "revocation_unknown") << service;
    EXPECT_THAT(decision.detail, HasSubstr("fleet are stale"));
  }
  const auto decision = decided("sshd", known(1h + 1ms));
  EXPECT_EQ(code(decision.reason), "allowed");
  EXPECT_THAT(decision.detail, HasSubstr("the revocations of fleet are stale"));
}

TEST(Feeds, OneFromTheFutureIsStaleBeyondFiveMinutes) {
  EXPECT_EQ(code(decided("sudo", known(-300s)).reason), "allowed");
  EXPECT_EQ(code(decided("sudo", known(-300s - 1ms)).reason), "revocation_unknown");
}

TEST(Feeds, AnAbsentOneRefusesEverythingUnlessSaidOtherwise) {
  EXPECT_EQ(code(decided("sshd", {}).reason), "revocation_unknown");
  EXPECT_THAT(decided("sshd", {}).detail, HasSubstr("fleet are absent"));
  EXPECT_EQ(code(decided("sshd", {}, "      absent_refuses: [ sudo ]\n").reason), "allowed");
  EXPECT_EQ(code(decided("sudo", {}, "      absent_refuses: [ sudo ]\n").reason),
            "revocation_unknown");
  EXPECT_EQ(code(decided("sudo", {}, "      absent_refuses: []\n").reason), "allowed");
}

TEST(Feeds, TheConfigurationNamesTheServicesThatRefuse) {
  const std::string any = "      stale_refuses: [ \"*\" ]\n";
  const std::string none = "      stale_refuses: []\n";
  EXPECT_EQ(code(decided("sshd", known(2h), any).reason), "revocation_unknown");
  EXPECT_EQ(code(decided("sudo", known(2h), none).reason), "allowed");
}

TEST(Feeds, WhatIsRevokedIsToldAsSuchHoweverOldTheSource) {
  Host host{.settings = std::string(kList), .known = known(2h)};
  host.revocations = {
      {.kind = revocation::Kind::token, .issuer = std::string(kIssuer), .value = "token-of-alice"}};
  const auto decision =
      judged({"", host, sign_in("alice", "sudo"), claims_of("alice"), Reason::allowed, ""});
  EXPECT_EQ(code(decision.reason), "revoked_token");
}

TEST(Feeds, AccountIsAGateToo) {
  const Host host{.settings = std::string(kList),
                  .access = "access:\n  - services: [ \"*\" ]\n    allow: { anyone: true }\n",
                  .bindings = {{"alice", subject_of("alice")}},
                  .known = known(2h)};
  const auto snapshot = host.snapshot();
  const LastSeen seen{claims_of("alice"), kNow};
  const auto later = [&](Operation operation, const std::string& service) {
    const auto login = login_of("alice", service);
    return code(
        judge_later_call(request(operation, service, "alice", "alice", std::string(kLoginId)),
                         &login, nullptr, snapshot, kNow)
            .reason);
  };
  EXPECT_EQ(later(Operation::account, "sudo"), "revocation_unknown");
  EXPECT_EQ(later(Operation::account, "sshd"), "allowed");
  EXPECT_EQ(later(Operation::close_session, "sudo"), "allowed");
  // Without a token: within sudo's timestamp.
  EXPECT_EQ(code(judge_later_call(request(Operation::account, "sudo", "alice"), nullptr, &seen,
                                  snapshot, kNow)
                     .reason),
            "revocation_unknown");
}

TEST(Feeds, ASnapshotWithoutThemAnswersNothing) {
  auto snapshot = Host{.settings = std::string(kList), .known = known(0s)}.snapshot();
  snapshot.feeds.clear();
  const auto decision = judge(claims::ValidatedClaims::recall(claims_of("alice")), 0,
                              sign_in("alice"), snapshot, kNow, {});
  EXPECT_EQ(code(decision.reason), "internal_error");
}

}  // namespace
}  // namespace latchkey::test
