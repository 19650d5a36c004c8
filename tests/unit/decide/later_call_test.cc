// SPDX-License-Identifier: Apache-2.0
//
// account, setcred and session calls: with a login id, and without (DESIGN section 5 "Account
// without a login id").
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/decide/host.h"

namespace latchkey::test {
namespace {

using revocation::Kind;

const Host kBound{.bindings = {{"alice", subject_of("alice")}, {"svc", subject_of("svc")}}};

LastSeen seen(const std::string& user, std::chrono::milliseconds ago = 1h) {
  return {claims_of(user), kNow - ago};
}

Host with_revocation(Host host, Kind kind, std::string value) {
  const WallTime before = kind == Kind::subject ? kNow : WallTime{};
  host.revocations.push_back(
      {.kind = kind, .issuer = std::string(kIssuer), .value = std::move(value), .before = before});
  return host;
}

Host with(Host host, std::string access, std::string settings = {}) {
  host.access = std::move(access);
  host.settings = std::move(settings);
  return host;
}

constexpr const char* kStepUp =
    "access: [ { name: step-up, services: [ sshd, sudo ], allow: { groups: [ developers ], acr: [ "
    "mfa ] } } ]\n";
constexpr const char* kFresh =
    "access: [ { name: fresh, services: [ sshd ], allow: { groups: [ developers ], max_auth_age: "
    "15m } } ]\n";

struct Case {
  std::string name;
  Host host;
  LoginRequest request;
  std::optional<LastSeen> last_seen;
  Reason want;
};

// ---- without a login id

TEST(AccountWithoutLogin, StandsOnBindingRevocationAndTheClaimsLastSeen) {
  const auto alice = request(Operation::account, "sshd", "alice");
  const auto after_removal = with_revocation(kBound, Kind::subject, "subject-of-alice");
  auto of_other_subject = seen("alice");
  of_other_subject.claims.subject = "someone";
  auto of_other_issuer = seen("alice");
  of_other_issuer.claims.issuer = "https://other.example.com";
  Host at_gone_issuer;
  at_gone_issuer.bindings = {{"alice", {"https://gone.example.com", "s"}}};
  auto of_gone_issuer = seen("alice");
  of_gone_issuer.claims.issuer = "https://gone.example.com";
  of_gone_issuer.claims.subject = "s";
  auto expired = seen("alice");
  expired.claims.expires_at = kNow - 1min;
  auto without_group = seen("alice");
  without_group.claims.groups.clear();
  auto carol = seen("alice");
  carol.claims.users = {"carol"};
  const std::vector<Case> cases = {
      {"allowed for a bound user seen lately", kBound, alice, seen("alice"), Reason::allowed},
      {"allowed though the last token has expired since", kBound, alice, expired, Reason::allowed},
      {"allowed at max_claims_age exactly", kBound, alice, seen("alice", 24h), Reason::allowed},
      {"refused a millisecond later", kBound, alice, seen("alice", 24h + 1ms),
       Reason::claims_too_old},
      {"refused when the clock went back further than that", kBound, alice, seen("alice", -25h),
       Reason::claims_too_old},
      {"refused by a shorter max_claims_age",
       with(kBound, std::string(kAccess), "max_claims_age: 10m\n"), alice, seen("alice"),
       Reason::claims_too_old},
      {"refused where nothing was seen", kBound, alice, std::nullopt, Reason::claims_too_old},
      {"refused where another subject was seen", kBound, alice, of_other_subject,
       Reason::claims_too_old},
      {"refused where another issuer's subject was seen", kBound, alice, of_other_issuer,
       Reason::claims_too_old},
      {"refused without a binding", {}, alice, seen("alice"), Reason::binding_missing},
      {"refused for a revoked user", with_revocation(kBound, Kind::user, "alice"), alice,
       seen("alice"), Reason::revoked_user},
      {"refused for a revoked user without a binding too", with_revocation({}, Kind::user, "alice"),
       alice, std::nullopt, Reason::revoked_user},
      {"refused for a revoked subject", after_removal, alice, seen("alice"),
       Reason::revoked_subject},
      {"refused for the revoked last token", with_revocation(kBound, Kind::token, "token-of-alice"),
       alice, seen("alice"), Reason::revoked_token},
      {"refused where the issuer is configured no more", at_gone_issuer, alice, of_gone_issuer,
       Reason::issuer_unknown},
      {"refused where the last claims name somebody else", kBound, alice, carol,
       Reason::user_mismatch},
      {"refused where no rule allows it", kBound, alice, without_group, Reason::access_denied},
      {"refused for another service", kBound, request(Operation::account, "login", "alice"),
       seen("alice"), Reason::access_denied},
      {"refused by a rule with acr", with(kBound, kStepUp), alice, seen("alice"),
       Reason::live_login_required},
      {"refused by a rule with max_auth_age", with(kBound, kFresh), alice, seen("alice"),
       Reason::live_login_required},
      {"refused in sudo alike, where PAM_USER is the person", with(kBound, kStepUp),
       request(Operation::account, "sudo", "alice", "alice"), seen("alice"),
       Reason::live_login_required},
      {"root is not managed", kBound, request(Operation::account, "sshd", "root"), std::nullopt,
       Reason::not_managed},
      {"an account of the system is not managed", kBound,
       request(Operation::account, "cron", "daemon"), std::nullopt, Reason::not_managed},
      {"refused as unknown where no local file has the name", kBound,
       request(Operation::account, "sshd", "nosuch"), std::nullopt, Reason::user_unknown},
      {"refused as unknown without a name", kBound, request(Operation::account, "sshd", ""),
       std::nullopt, Reason::user_unknown},
      {"a name that no local file has is left alone where it is listed",
       with(kBound, std::string(kAccess), "unmanaged: [ nosuch ]\n"),
       request(Operation::account, "sshd", "nosuch"), std::nullopt, Reason::not_managed},
      {"refused for a revoked user that no local file has",
       with_revocation(kBound, Kind::user, "nosuch"), request(Operation::account, "sshd", "nosuch"),
       std::nullopt, Reason::revoked_user},
      {"refused for a revoked user that is not managed",
       with_revocation(with(kBound, std::string(kAccess), "unmanaged: [ alice ]\n"), Kind::user,
                       "alice"),
       alice, seen("alice"), Reason::revoked_user},
      {"refused for a revoked account of the system", with_revocation(kBound, Kind::user, "daemon"),
       request(Operation::account, "cron", "daemon"), std::nullopt, Reason::revoked_user},
      {"a listed name is not managed", with(kBound, std::string(kAccess), "unmanaged: [ alice ]\n"),
       alice, seen("alice"), Reason::not_managed},
      {"a regular user is managed without a binding",
       {},
       request(Operation::account, "sshd", "bob"),
       std::nullopt,
       Reason::binding_missing},
      {"a bound account of the system is refused without a rule", kBound,
       request(Operation::account, "sshd", "svc"), seen("svc"), Reason::system_account},
  };
  for (const auto& c : cases) {
    const auto* last_seen = c.last_seen ? &*c.last_seen : nullptr;
    const auto decision = judge_later_call(c.request, nullptr, last_seen, c.host.snapshot(), kNow);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    EXPECT_FALSE(decision.binding) << c.name;
  }
}

TEST(AccountWithoutLogin, CanBeAskedInEveryLaterOperation) {
  const auto last = seen("alice");
  auto without_group = seen("alice");
  without_group.claims.groups.clear();
  const auto revoked = with_revocation(kBound, Kind::user, "alice");
  for (const auto operation :
       {Operation::setcred, Operation::open_session, Operation::close_session}) {
    const auto call = request(operation, "sshd", "alice");
    const auto decision = judge_later_call(call, nullptr, &last, kBound.snapshot(), kNow);
    EXPECT_EQ(decision.reason, Reason::allowed);
    EXPECT_EQ(decision.identity->gids, std::vector<std::uint32_t>{2000});
    EXPECT_EQ(judge_later_call(call, nullptr, &without_group, kBound.snapshot(), kNow).reason,
              Reason::allowed)
        << "access is decided in authenticate and account";
    EXPECT_EQ(judge_later_call(call, nullptr, &last, revoked.snapshot(), kNow).reason,
              Reason::revoked_user);
    EXPECT_EQ(judge_later_call(call, nullptr, &last, Host{}.snapshot(), kNow).reason,
              Reason::binding_missing);
    EXPECT_EQ(judge_later_call(request(operation, "sshd", "root"), nullptr, nullptr,
                               kBound.snapshot(), kNow)
                  .reason,
              Reason::not_managed);
  }
}

TEST(LaterCall, IsNeverAuthenticate) {
  const auto login = login_of("alice");
  const auto call = request(Operation::authenticate, "sshd", "alice", "", std::string(kLoginId));
  EXPECT_EQ(judge_later_call(call, &login, nullptr, kBound.snapshot(), kNow).reason,
            Reason::request_invalid);
}

// ---- with a login id

struct LoginCase {
  std::string name;
  Host host;
  std::function<void(LoginRequest&, Login&)> change;
  Reason want;
};

TEST(LaterCallWithLogin, IsJudgedByTheLoginsClaims) {
  const auto nothing = [](LoginRequest&, Login&) {};
  const auto later = [](std::chrono::milliseconds after) {
    return [after](LoginRequest&, Login& l) {
      l.started_at = kNow - after;
      l.claims.expires_at = kNow - 1min;
    };
  };
  const std::vector<LoginCase> cases = {
      {"allowed", kBound, nothing, Reason::allowed},
      {"allowed where an administrator removed the binding since", {}, nothing, Reason::allowed},
      {"allowed for a name that is unmanaged",
       with(kBound, std::string(kAccess), "unmanaged: [ alice ]\n"), nothing, Reason::allowed},
      {"refused where the name was bound to another subject since",
       {.bindings = {{"alice", subject_of("bob")}}},
       nothing,
       Reason::subject_conflict},
      {"refused where other claims of hers are bound than the login has", kBound,
       [](LoginRequest&, Login& l) { l.claims.person = "oid=o,tid=t"; }, Reason::subject_conflict},
      {"allowed where the claims that it has are bound, whatever the subject",
       {.bindings = {{"alice", {std::string(kIssuer), "oid=o,tid=t"}}}},
       [](LoginRequest&, Login& l) {
         l.claims.subject = "another";
         l.claims.person = "oid=o,tid=t";
       },
       Reason::allowed},
      {"refused for a revoked user", with_revocation(kBound, Kind::user, "alice"), nothing,
       Reason::revoked_user},
      {"refused for a revoked subject", with_revocation(kBound, Kind::subject, "subject-of-alice"),
       nothing, Reason::revoked_subject},
      {"refused for a revoked token", with_revocation(kBound, Kind::token, "token-of-alice"),
       nothing, Reason::revoked_token},
      {"refused where the issuer is configured no more", kBound,
       [](LoginRequest&, Login& l) { l.claims.issuer = "https://gone.example.com"; },
       Reason::issuer_unknown},
      {"refused where the account is gone",
       {},
       [](LoginRequest& r, Login& l) {
         r.user = l.user = "dave";
         l.claims.users = {"dave"};
       },
       Reason::user_unknown},
      {"refused by a rule with acr that the token lacks", with(kBound, kStepUp), nothing,
       Reason::acr_insufficient},
      {"allowed by a rule with acr that the token has", with(kBound, kStepUp),
       [](LoginRequest&, Login& l) { l.claims.acr = "mfa"; }, Reason::allowed},
      {"refused by max_auth_age without auth_time", with(kBound, kFresh), nothing,
       Reason::authentication_too_old},
      {"allowed by max_auth_age", with(kBound, kFresh),
       [](LoginRequest&, Login& l) { l.claims.auth_time = kNow - 15min; }, Reason::allowed},
      {"allowed though the token expired five minutes after sign-in", kBound, later(5min),
       Reason::allowed},
      {"refused for a token that expired, a millisecond later", kBound, later(5min + 1ms),
       Reason::token_expired},
      {"allowed a day later with a token that still holds", kBound,
       [](LoginRequest&, Login& l) { l.started_at = kNow - 20h; }, Reason::allowed},
  };
  for (const auto& c : cases) {
    auto call = request(Operation::account, "sshd", "alice", "", std::string(kLoginId));
    auto login = login_of("alice");
    c.change(call, login);
    const auto decision = judge_later_call(call, &login, nullptr, c.host.snapshot(), kNow);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    EXPECT_EQ(decision.trace[Check::login], Outcome::passed) << c.name;
  }
}

// Whatever does not fit makes the call one without a login: here one without a binding.
TEST(LaterCallWithLogin, HeedsTheIdOnlyWithItsUserAndService) {
  const std::vector<LoginCase> cases = {
      {"another id",
       {},
       [](LoginRequest& r, Login&) { r.login[0] = 'f'; },
       Reason::binding_missing},
      {"an id in another case",
       {},
       [](LoginRequest& r, Login&) { r.login = "0123456789ABCDEF0123456789ABCDEF"; },
       Reason::binding_missing},
      {"another user",
       {},
       [](LoginRequest& r, Login&) { r.user = "bob"; },
       Reason::binding_missing},
      {"another service",
       {},
       [](LoginRequest& r, Login&) { r.service = "login"; },
       Reason::binding_missing},
      {"a login of sudo, where PAM_USER is the person in account",
       {},
       [](LoginRequest& r, Login& l) {
         r.service = l.service = "sudo";
         r.user = "bob";
         r.ruser = "alice";
       },
       Reason::binding_missing},
  };
  for (const auto& c : cases) {
    auto call = request(Operation::account, "sshd", "alice", "", std::string(kLoginId));
    auto login = login_of("alice");
    c.change(call, login);
    const auto decision = judge_later_call(call, &login, nullptr, c.host.snapshot(), kNow);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name;
    EXPECT_EQ(decision.trace[Check::login], Outcome::failed) << c.name;
  }
  const auto unknown = request(Operation::account, "sshd", "alice", "", std::string(kLoginId));
  EXPECT_EQ(judge_later_call(unknown, nullptr, nullptr, Host{}.snapshot(), kNow).reason,
            Reason::binding_missing)
      << "an id that nobody knows";
  auto without_id = login_of("alice");
  without_id.id.clear();
  const auto no_id = request(Operation::account, "sshd", "alice");
  EXPECT_EQ(judge_later_call(no_id, &without_id, nullptr, Host{}.snapshot(), kNow).reason,
            Reason::binding_missing)
      << "an empty id is none";
}

TEST(LaterCallWithLogin, ASessionOutlivesItsToken) {
  auto login = login_of("alice");
  login.started_at = kNow - 20h;
  login.claims.expires_at = kNow - 19h;
  for (const auto operation :
       {Operation::setcred, Operation::open_session, Operation::close_session}) {
    const auto call = request(operation, "sshd", "alice", "", std::string(kLoginId));
    EXPECT_EQ(judge_later_call(call, &login, nullptr, kBound.snapshot(), kNow).reason,
              Reason::allowed);
    const auto revoked = with_revocation(kBound, Kind::token, "token-of-alice");
    EXPECT_EQ(judge_later_call(call, &login, nullptr, revoked.snapshot(), kNow).reason,
              Reason::revoked_token);
  }
}

// ---- sudo: the person is PAM_RUSER where the process is the target's

TEST(Sudo, ThePersonIsTheInvokingUser) {
  struct PersonCase {
    std::string name;
    Operation operation;
    std::string service;
    std::string want;
  };
  const std::vector<PersonCase> cases = {
      {"PAM_USER in authenticate", Operation::authenticate, "sudo", "user"},
      {"PAM_USER in account", Operation::account, "sudo", "user"},
      {"PAM_RUSER in setcred", Operation::setcred, "sudo", "ruser"},
      {"PAM_RUSER when the session opens", Operation::open_session, "sudo-i", "ruser"},
      {"PAM_RUSER when the session closes", Operation::close_session, "sudo", "ruser"},
      {"PAM_USER in sshd's setcred", Operation::setcred, "sshd", "user"},
      {"PAM_USER in su's setcred", Operation::setcred, "su", "user"},
      {"PAM_USER where the service only starts alike", Operation::setcred, "sudo2", "user"},
  };
  const auto snapshot = kBound.snapshot();
  for (const auto& c : cases) {
    const auto call = request(c.operation, c.service, "user", "ruser");
    EXPECT_EQ(person(call, *snapshot.config), c.want) << c.name;
  }
}

TEST(Sudo, GivesTheTargetsProcessNoGroups) {
  auto login = login_of("alice", "sudo");
  login.claims.groups = {"sre"};
  for (const auto operation : {Operation::setcred, Operation::open_session}) {
    const auto call = request(operation, "sudo", "root", "alice", std::string(kLoginId));
    const auto decision = judge_later_call(call, &login, nullptr, kBound.snapshot(), kNow);
    ASSERT_EQ(decision.reason, Reason::allowed) << decision.detail;
    EXPECT_EQ(decision.identity->user, "alice");
    EXPECT_TRUE(decision.identity->groups.empty());
    EXPECT_TRUE(decision.identity->gids.empty());
  }
}

TEST(Sudo, WithinItsTimestampARevocationCounts) {
  const auto call = request(Operation::account, "sudo", "alice", "alice");
  auto last = seen("alice");
  last.claims.groups = {"sre"};
  EXPECT_EQ(judge_later_call(call, nullptr, &last, kBound.snapshot(), kNow).reason,
            Reason::allowed);
  for (const auto& [kind, value, want] :
       {std::tuple{Kind::user, "alice", Reason::revoked_user},
        std::tuple{Kind::subject, "subject-of-alice", Reason::revoked_subject},
        std::tuple{Kind::token, "token-of-alice", Reason::revoked_token}}) {
    const auto host = with_revocation(kBound, kind, value);
    EXPECT_EQ(judge_later_call(call, nullptr, &last, host.snapshot(), kNow).reason, want);
  }
}

TEST(Sudo, ByRootIsNotOurs) {
  const auto call = request(Operation::open_session, "sudo", "alice", "root");
  EXPECT_EQ(judge_later_call(call, nullptr, nullptr, kBound.snapshot(), kNow).reason,
            Reason::not_managed);
}

}  // namespace
}  // namespace latchkey::test
