// SPDX-License-Identifier: Apache-2.0
//
// Shared accounts: whom a rule lets in as somebody whom no token names.
#include <algorithm>
#include <optional>

#include "core/own_names.h"
#include "tests/unit/decide/judge_cases.h"

namespace latchkey::test::judge_test {
namespace {

using revocation::Kind;
using Bound = std::vector<std::pair<std::string, accounts::Subject>>;

constexpr std::string_view kShared = R"(
access:
  - name: nobody from outside
    services: [ sudo ]
    deny: { users: [ bob ] }
  - name: developers deploy
    services: [ sshd, sudo ]
    accounts: [ carol, svc, missing ]
    allow: { groups: [ developers ] }
  - name: alice alone
    services: [ sshd ]
    accounts: [ nogroups ]
    allow: { users: [ alice, root ] }
  - name: elsewhere
    services: [ sshd ]
    hosts: [ elsewhere ]
    accounts: [ daemon, dave ]
    allow: { anyone: true }
  - name: login
    services: [ sshd ]
    allow: { anyone: true }
)";

Host shared(Bound bindings = {}) {
  return {.access = std::string(kShared), .bindings = std::move(bindings)};
}

Host revoked(Kind kind, std::string value, Bound bindings = {}) {
  Host host = shared(std::move(bindings));
  host.revocations.push_back({.kind = kind,
                              .issuer = kind == Kind::user ? "" : std::string(kIssuer),
                              .value = std::move(value),
                              .before = kind == Kind::subject ? kNow : WallTime{}});
  return host;
}

// Claims of that user's subject, called otherwise.
claims::ClaimsRecord called(std::vector<std::string> names, const std::string& whose = "alice") {
  return changed(whose, [&](claims::ClaimsRecord& record) { record.users = std::move(names); });
}

TEST(SharedAccount, IsGrantedByARuleAndByNothingElse) {
  const auto nobodys = [](claims::ClaimsRecord& record) { record.groups = {}; };
  const auto named_like_it = [](claims::ClaimsRecord& record) {
    record.groups = {};
    record.users = {"carol"};
  };
  expect({
      {"a rule grants it", shared(), sign_in("carol"), claims_of("alice"), Reason::allowed,
       "developers deploy"},
      {"in sudo as well", shared({{"alice", subject_of("alice")}}), sign_in("carol", "sudo"),
       claims_of("alice"), Reason::allowed, "developers deploy"},
      {"with a uid below 1000", shared(), sign_in("svc"), claims_of("alice"), Reason::allowed,
       "developers deploy"},
      {"of somebody who has no account here", shared(), sign_in("carol"), claims_of("dave"),
       Reason::allowed, "developers deploy"},
      {"of somebody who has no name", shared(), sign_in("carol"), called({}), Reason::allowed,
       "developers deploy"},
      {"to nobody without the group", shared(), sign_in("carol"), changed("alice", nobodys),
       Reason::user_mismatch, "developers deploy"},
      {"nor to somebody without a name, who is told what such are told", shared(), sign_in("carol"),
       changed("alice",
               [](claims::ClaimsRecord& record) {
                 record.groups = {};
                 record.users = {};
               }),
       Reason::name_unusable, "developers deploy"},
      {"nor to whose own name it would be", shared(), sign_in("carol"),
       changed("carol", named_like_it), Reason::user_mismatch, "developers deploy"},
      {"nor by a rule that is for anyone, about own names", shared(), sign_in("nogroups"),
       claims_of("bob"), Reason::user_mismatch, "alice alone"},
      {"nor by one of other hosts", shared(), sign_in("daemon"), claims_of("alice"),
       Reason::user_mismatch, ""},
      {"a rule that denies and lists no account is about it, too", shared(),
       sign_in("carol", "sudo"), claims_of("bob"), Reason::user_mismatch, "nobody from outside"},
      {"that does not exist", shared(), sign_in("missing"), claims_of("alice"),
       Reason::user_unknown, "developers deploy"},
      {"whether it exists is for those who may be it", shared(), sign_in("missing"),
       changed("alice", nobodys), Reason::user_mismatch, "developers deploy"},
      {"users of such a rule are no accounts that it opens", shared(), sign_in("root"),
       claims_of("root"), Reason::not_managed, ""},
      {"own names go on as before", shared(), sign_in("alice"), claims_of("alice"), Reason::allowed,
       "login"},
  });
}

TEST(SharedAccount, HasNoneOfThePersonsGroupsAndBindsNothing) {
  for (const Bound& bound : {Bound{}, Bound{{"alice", subject_of("alice")}}}) {
    const auto decision =
        judged({"", shared(bound), sign_in("carol"), claims_of("alice"), Reason::allowed, ""});
    ASSERT_TRUE(decision.identity.has_value());
    EXPECT_EQ(decision.identity->user, "carol");
    EXPECT_EQ(decision.identity->uid, 1002U);
    EXPECT_TRUE(decision.identity->groups.empty());
    EXPECT_TRUE(decision.identity->gids.empty());
    EXPECT_EQ(decision.detail,
              bound.empty()
                  ? "a shared account, for somebody to whom no name is bound, called \"alice\""
                  : "a shared account, for \"alice\"");
    EXPECT_FALSE(decision.binding.has_value());
  }
}

// `users` of a rule that allows is somebody in particular: who was bound to the name before.
TEST(SharedAccount, IsForAUserWhoseNameIsBound) {
  const Bound bound{{"alice", subject_of("alice")}};
  expect({
      {"bound", shared(bound), sign_in("nogroups"), claims_of("alice"), Reason::user_unknown,
       "alice alone"},
      {"the second of two that are bound",
       shared({{"a", subject_of("alice")}, {"alice", subject_of("alice")}}), sign_in("nogroups"),
       called({"a", "alice"}), Reason::user_unknown, "alice alone"},
      {"not bound yet", shared(), sign_in("nogroups"), claims_of("alice"), Reason::user_mismatch,
       "alice alone"},
      {"another's", shared(bound), sign_in("nogroups"), called({"alice"}, "bob"),
       Reason::user_mismatch, "alice alone"},
  });
}

TEST(SharedAccount, IsForNobodyWhoIsCalledOtherwiseThanBefore) {
  const Bound alices{{"alice", subject_of("alice")}};
  expect({
      {"the own name", shared(alices), sign_in("carol"), claims_of("alice"), Reason::allowed,
       "developers deploy"},
      {"the own name and another", shared(alices), sign_in("carol"), called({"other", "alice"}),
       Reason::allowed, "developers deploy"},
      {"another", shared(alices), sign_in("carol"), called({"other"}), Reason::subject_conflict,
       "developers deploy"},
      {"none", shared(alices), sign_in("carol"), called({}), Reason::subject_conflict,
       "developers deploy"},
      {"the system's", shared(alices), sign_in("carol"), called({"root"}), Reason::subject_conflict,
       "developers deploy"},
      {"that of another", shared(alices), sign_in("carol"), called({"alice"}, "bob"),
       Reason::subject_conflict, "developers deploy"},
      {"that of another and a free one", shared(alices), sign_in("carol"),
       called({"alice", "free"}, "bob"), Reason::subject_conflict, "developers deploy"},
  });
}

TEST(SharedAccount, IsForNobodyWhoIsRevokedByAnyNameThatWasEverTheirs) {
  const Bound alices{{"alice", subject_of("alice")}};
  expect({
      {"the name of the token", revoked(Kind::user, "alice"), sign_in("carol"), claims_of("alice"),
       Reason::revoked_user, "developers deploy"},
      {"one of them", revoked(Kind::user, "alice"), sign_in("carol"), called({"dave", "alice"}),
       Reason::revoked_user, "developers deploy"},
      {"one that is bound and is not said",
       revoked(Kind::user, "second",
               {{"alice", subject_of("alice")}, {"second", subject_of("alice")}}),
       sign_in("carol"), claims_of("alice"), Reason::revoked_user, "developers deploy"},
      {"that of a shared account is nobody's", revoked(Kind::user, "svc", alices), sign_in("carol"),
       called({"alice", "svc"}), Reason::allowed, "developers deploy"},
      {"the account is", revoked(Kind::user, "carol"), sign_in("carol"), claims_of("alice"),
       Reason::revoked_user, "developers deploy"},
      {"the token is", revoked(Kind::token, "token-of-alice"), sign_in("carol"), claims_of("alice"),
       Reason::revoked_token, ""},
      {"the subject is", revoked(Kind::subject, "subject-of-alice"), sign_in("carol"),
       claims_of("alice"), Reason::revoked_subject, ""},
      {"who has no grant does not learn it", revoked(Kind::user, "bob"), sign_in("nogroups"),
       claims_of("bob"), Reason::user_mismatch, "alice alone"},
  });
}

TEST(SharedAccount, WhoIsDeniedByNameIsDeniedByEachOfThem) {
  const auto sudo = sign_in("carol", "sudo");
  const std::string denies = "nobody from outside";
  const Bound alices{{"alice", subject_of("alice")}};
  expect({
      {"another", shared(alices), sudo, called({"alice"}), Reason::allowed, "developers deploy"},
      {"another whom nobody knows", shared(), sudo, called({"alice"}), Reason::user_mismatch,
       denies},
      {"the second of a bound one's", shared(alices), sudo, called({"alice", "bob"}),
       Reason::user_mismatch, denies},
      {"the first of two", shared(), sudo, called({"bob", "alice"}), Reason::user_mismatch, denies},
      {"the second of two", shared(), sudo, called({"alice", "bob"}), Reason::user_mismatch,
       denies},
      {"one that is bound", shared({{"bob", subject_of("alice")}}), sudo, called({"alice"}),
       Reason::user_mismatch, denies},
      {"of no name nobody knows", shared(), sudo, called({}), Reason::name_unusable, denies},
      {"nor of one that cannot be", shared(), sudo, called({"-x", ""}), Reason::name_unusable,
       denies},
      {"nor of one of the system's", shared(), sudo, called({"root"}), Reason::user_mismatch,
       denies},
  });
  Host unmanaged = shared();
  unmanaged.settings = "unmanaged: [ alice, bob ]\n";
  expect({
      {"unmanaged", unmanaged, sudo, called({"bob"}), Reason::user_mismatch, denies},
  });
}

// ---- later calls

TEST(SharedAccount, IsOpenedByATokenAloneAndHeldByItsLogin) {
  Login login = login_of("alice");
  login.user = "carol";
  const LastSeen seen{claims_of("alice"), kNow - 1min};
  const std::string id(kLoginId);
  Host gone = shared();
  gone.access = std::string(kAccess);
  auto deleted = request(Operation::setcred, "sshd", "carol");
  deleted.flags = 4;
  auto silently = deleted;
  silently.flags = 0x8004;
  auto both = deleted;
  both.flags = 6;
  struct Case {
    std::string name;
    Host host;
    LoginRequest request;
    bool with_login = true;
    Reason want = Reason::allowed;
  };
  const std::vector<Case> cases = {
      {"account", shared(), request(Operation::account, "sshd", "carol", "", id)},
      {"setcred", shared(), request(Operation::setcred, "sshd", "carol", "", id)},
      {"session", shared(), request(Operation::open_session, "sshd", "carol", "", id)},
      {"what comes after the session", shared(), deleted, false},
      {"silently", shared(), silently, false},
      {"what establishes besides", shared(), both, false, Reason::live_login_required},
      {"setcred without it", shared(), request(Operation::setcred, "sshd", "carol"), false,
       Reason::live_login_required},
      {"a key", shared(), request(Operation::account, "sshd", "carol"), false,
       Reason::live_login_required},
      {"a key of somebody to whom it was bound before", shared({{"carol", subject_of("alice")}}),
       request(Operation::account, "sshd", "carol"), false, Reason::live_login_required},
      {"the person is revoked meanwhile", revoked(Kind::user, "alice"),
       request(Operation::open_session, "sshd", "carol", "", id), true, Reason::revoked_user},
      {"the account is", revoked(Kind::user, "carol"),
       request(Operation::open_session, "sshd", "carol", "", id), true, Reason::revoked_user},
      {"the account is, and a key", revoked(Kind::user, "carol"),
       request(Operation::account, "sshd", "carol"), false, Reason::revoked_user},
      {"shared no more", gone, request(Operation::open_session, "sshd", "carol", "", id), true,
       Reason::user_mismatch},
  };
  for (const auto& c : cases) {
    const auto decision = judge_later_call(c.request, c.with_login ? &login : nullptr, &seen,
                                           c.host.snapshot(), kNow);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    EXPECT_FALSE(decision.binding.has_value()) << c.name;
    EXPECT_TRUE(!decision.identity || decision.identity->gids.empty()) << c.name;
  }
}

TEST(SharedAccount, IsManagedWhereTheNamesThatAreAreListed) {
  Host host = shared();
  host.settings = "managed: [ alice ]\n";
  const auto snapshot = host.snapshot();
  EXPECT_TRUE(managed("carol", snapshot));
  EXPECT_TRUE(managed("svc", snapshot));
  EXPECT_FALSE(managed("bob", snapshot));
  EXPECT_FALSE(managed("dave", snapshot)) << "a rule of other hosts grants it";
  EXPECT_FALSE(managed("daemon", snapshot)) << "of the system, and no rule of this host grants it";
}

TEST(SharedAccount, TakesForAPersonsOwnWhatIsSaidAndWhatIsBound) {
  const auto snapshot = shared({{"alice", subject_of("alice")},
                                {"old", subject_of("alice")},
                                {"bob", subject_of("bob")}})
                            .snapshot();
  const auto record = called({"new", "carol", "alice", "bob", "new"});
  const auto own = own_names(*claims::ValidatedClaims::recall(record), snapshot);
  auto all = own.all;
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"alice", "bob", "new", "old"}));
  EXPECT_EQ(own.bound, (std::vector<std::string>{"alice", "old"}));
  EXPECT_EQ(own.others, "bob");
  EXPECT_TRUE(own.said);
  EXPECT_FALSE(own.conflict());
}

}  // namespace
}  // namespace latchkey::test::judge_test
