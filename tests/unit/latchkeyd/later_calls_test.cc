// SPDX-License-Identifier: Apache-2.0
//
// Account, setcred and session calls.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

constexpr std::uint32_t kEstablish = 0x2;
constexpr std::uint32_t kDelete = 0x4;
constexpr std::uint32_t kReinitialize = 0x8;
constexpr std::uint32_t kRefresh = 0x10;

wire::Verdict call(Host& host, Client& client, const wire::Begin& begin) {
  client = host.connect();
  client.begin(begin);
  return client.verdict();
}

TEST(LaterCalls, AreJudgedByTheLoginOfTheirIdPersonAndService) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  host.clock.advance(25h);  // what was last seen is too old to speak for anybody
  struct Case {
    std::string_view name;
    wire::Begin begin;
    Reason want;
  };
  const Case cases[] = {
      {"let in by the login",
       {.operation = wire::Operation::open_session,
        .service = "sshd",
        .user = "alice",
        .login = id},
       Reason::allowed},
      {"refused for another user",
       {.operation = wire::Operation::open_session, .service = "sshd", .user = "bob", .login = id},
       Reason::binding_missing},
      {"refused for another service",
       {.operation = wire::Operation::account, .service = "cron", .user = "alice", .login = id},
       Reason::claims_too_old},
      {"refused with another id",
       {.operation = wire::Operation::open_session,
        .service = "sshd",
        .user = "alice",
        .login = "00000000000000000000000000000000"},
       Reason::claims_too_old},
      {"refused without an id",
       {.operation = wire::Operation::open_session, .service = "sshd", .user = "alice"},
       Reason::claims_too_old},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const wire::Verdict verdict = call(host, client, test.begin);
    EXPECT_EQ(verdict.result == wire::Result::allow, test.want == Reason::allowed);
    if (test.want != Reason::allowed) {
      EXPECT_EQ(code(host.last_reason()), code(test.want));
    }
  }
}

TEST(LaterCalls, OpenedSessionIsNotedAndItsLoginNamedToTheModule) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  wire::Begin open{.operation = wire::Operation::open_session,
                   .pid = 4711,
                   .service = "sshd",
                   .user = "alice",
                   .tty = "ssh",
                   .session = "c3",
                   .login = id};
  const wire::Verdict verdict = call(host, client, open);
  ASSERT_EQ(verdict.environment_count, 1U);
  EXPECT_EQ(verdict.environment[0], "LATCHKEY_LOGIN=" + id);
  const auto login = host.logins.find(id, "alice");
  ASSERT_TRUE(login && login->place);
  EXPECT_EQ(login->place->pid, 4711);
  EXPECT_EQ(login->place->tty, "ssh");
  EXPECT_EQ(login->place->session, "c3");
  EXPECT_EQ(login->place->opened_at, host.clock.wall());
}

TEST(LaterCalls, SessionOfNoLoginIsNamedToNobody) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  wire::Begin open{.operation = wire::Operation::open_session, .service = "sshd", .user = "alice"};
  EXPECT_EQ(call(host, client, open).environment_count, 0U) << "a key's, under the last sign-in";
  open.service = "login";
  open.login = id;
  EXPECT_EQ(call(host, client, open).environment_count, 0U) << "another service's";
  for (const auto operation : {wire::Operation::account, wire::Operation::setcred}) {
    EXPECT_EQ(call(host, client,
                   {.operation = operation, .service = "sshd", .user = "alice", .login = id})
                  .environment_count,
              0U);
  }
  EXPECT_FALSE(host.logins.find(id, "alice")->place);
}

TEST(LaterCalls, SessionIsNeitherMovedNorClosedByAnotherProcessThatNamesItsLogin) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  wire::Begin begin{.operation = wire::Operation::open_session,
                    .pid = 4711,
                    .service = "sshd",
                    .user = "alice",
                    .login = id};
  EXPECT_EQ(call(host, client, begin).environment_count, 1U);
  host.peer_pid = 4712;  // a key's session, into whose environment the person put the id
  EXPECT_EQ(call(host, client, begin).environment_count, 0U);
  begin.operation = wire::Operation::close_session;
  call(host, client, begin);
  const auto login = host.logins.find(id, "alice");
  ASSERT_TRUE(login && login->place);
  EXPECT_EQ(login->place->pid, 4711);
  host.peer_pid = 4711;
  call(host, client, begin);
  EXPECT_EQ(host.logins.find(id, "alice"), nullptr);
}

TEST(LaterCalls, SessionIsOfTheProcessThatTheKernelNamesWhateverTheModuleSays) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  const wire::Begin begin{.operation = wire::Operation::open_session,
                          .pid = 17,  // in a container, say
                          .service = "sshd",
                          .user = "alice",
                          .login = id};
  call(host, client, begin);
  EXPECT_EQ(host.logins.find(id, "alice")->place->pid, 4711);
  EXPECT_EQ(host.journal.count("a session was opened in another pid namespace"), 1U);
}

TEST(LaterCalls, SignInIsRefusedWhereItsLoginWouldTakeOneWithASessionOutOfReach) {
  Host host;
  Client client{ipc::Fd()};
  for (std::size_t i = 0; i < LoginBook::Limits{}.logins_per_person; ++i) {
    const std::string id = std::to_string(i);
    host.logins.put(std::make_shared<const Login>(Login{.id = id, .user = "alice"}));
    host.logins.place(id, "alice", {.pid = 1});
  }
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::budget_exhausted);
  host.logins.close("7", "alice");
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::allow);
  EXPECT_NE(host.logins.find("0", "alice"), nullptr);
}

TEST(LaterCalls, SessionOfALoginThatWasForgottenMeanwhileIsSaidToBeBeyondReach) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  host.logins.close(id, "alice");
  const wire::Begin open{
      .operation = wire::Operation::open_session, .service = "sshd", .user = "alice", .login = id};
  EXPECT_EQ(call(host, client, open).environment_count, 0U);
  EXPECT_EQ(host.journal.count("a session names a login that is not its own"), 1U);
}

TEST(LaterCalls, AccountWithoutALoginGoesByTheLastSignIn) {
  Host host;
  Client client{ipc::Fd()};
  const wire::Begin account{
      .operation = wire::Operation::account, .service = "sshd", .user = "alice"};
  EXPECT_EQ(call(host, client, account).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::binding_missing);
  EXPECT_EQ(host.last().decision.trace[Check::binding], Outcome::failed);
  host.sign_in(client, host.token());
  EXPECT_EQ(call(host, client, account).result, wire::Result::allow);
  host.revocations = {{.kind = revocation::Kind::user, .value = "alice"}};
  host.publish();
  const wire::Verdict verdict = call(host, client, account);
  EXPECT_EQ(verdict.result, wire::Result::refused);
  EXPECT_EQ(verdict.text, "Access has been revoked (revoked_user, request " + host.last().id + ")");
}

TEST(LaterCalls, ANameThatIsNotManagedIsLeftToTheStackWithoutAWord) {
  Host host;
  Client client{ipc::Fd()};
  for (const auto operation : {wire::Operation::account, wire::Operation::setcred,
                               wire::Operation::open_session, wire::Operation::close_session}) {
    const wire::Verdict verdict =
        call(host, client, {.operation = operation, .service = "cron", .user = "root"});
    EXPECT_EQ(verdict.result, wire::Result::not_managed);
    EXPECT_EQ(verdict.text, "");
  }
}

TEST(LaterCalls, AccountSeesAnAccountThatWasMadeAMomentAgo) {
  Host host;
  host.make_carol_a_moment_ago();
  Client client{ipc::Fd()};
  const wire::Begin account{
      .operation = wire::Operation::account, .service = "sshd", .user = "carol"};
  EXPECT_EQ(call(host, client, account).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::binding_missing);
}

// "Not managed" lets a stack go on, so it is no answer to a question that could not be looked into.
TEST(LaterCalls, ANameIsNotUnmanagedBecauseTheAccountFilesCannotBeRead) {
  struct Case {
    std::string_view name;
    std::string_view user;
    wire::Result want;
  };
  const Case cases[] = {
      {"no verdict on a name that may have been made since", "carol", wire::Result::unavailable},
      {"no verdict on a system account that may be none any more", "root",
       wire::Result::unavailable},
      {"left to the stack when the configuration says so", "backup", wire::Result::not_managed},
      {"judged as ever when the name is known", "alice", wire::Result::refused},
  };
  Host host;
  host.config_text += "unmanaged: [ backup ]\n";
  host.publish();
  host.needs.accounts_changed_ = true;
  Client client{ipc::Fd()};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const wire::Verdict verdict =
        call(host, client,
             {.operation = wire::Operation::account, .service = "sshd", .user = test.user});
    EXPECT_EQ(verdict.result, test.want);
  }
}

TEST(LaterCalls, SetcredGivesTheGroupsOfTheMap) {
  Host host;
  Client client{ipc::Fd()};
  const std::string token = host.token({{"groups", R"(["dev","ops","unmapped"])"}});
  const std::string ssh = testing::login_id(host.sign_in(client, token));
  const std::string sudo = testing::login_id(
      host.sign_in(client, token, {.service = "sudo", .user = "alice", .ruser = "alice"}));
  ASSERT_EQ(sudo.size(), wire::kLoginSize);
  struct Case {
    std::string_view name;
    wire::Begin begin;
    std::vector<std::uint32_t> want;
  };
  const auto setcred = [&](std::uint32_t flags) {
    return wire::Begin{.operation = wire::Operation::setcred,
                       .flags = flags,
                       .service = "sshd",
                       .user = "alice",
                       .login = ssh};
  };
  const Case cases[] = {
      {"when credentials are established", setcred(kEstablish), {2000, 2001}},
      {"when they are made anew", setcred(kReinitialize), {2000, 2001}},
      {"not when they are deleted", setcred(kDelete), {}},
      {"not when they are refreshed", setcred(kRefresh), {}},
      {"not in sudo, where they would be the target's",
       {.operation = wire::Operation::setcred,
        .flags = kEstablish,
        .service = "sudo",
        .user = "root",
        .ruser = "alice",
        .login = sudo},
       {}},
      {"not in another call",
       {.operation = wire::Operation::open_session,
        .flags = kEstablish,
        .service = "sshd",
        .user = "alice",
        .login = ssh},
       {}},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const wire::Verdict verdict = call(host, client, test.begin);
    EXPECT_EQ(verdict.result, wire::Result::allow);
    EXPECT_EQ(std::vector<std::uint32_t>(
                  verdict.groups.begin(),
                  verdict.groups.begin() + static_cast<std::ptrdiff_t>(verdict.groups_count)),
              test.want);
  }
}

TEST(LaterCalls, CloseEndsTheLogin) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  const auto close = [&](std::string_view service, std::string_view user) {
    call(host, client,
         {.operation = wire::Operation::close_session,
          .service = service,
          .user = user,
          .login = id});
    return host.logins.find(id, "alice") == nullptr;
  };
  EXPECT_FALSE(close("cron", "alice")) << "not for another service";
  EXPECT_FALSE(close("sshd", "bob")) << "not for another person";
  EXPECT_TRUE(close("sshd", "alice"));
  EXPECT_TRUE(host.store.logins().empty());
}

TEST(LaterCalls, SudoClosesTheLoginOfTheInvokingUser) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id =
      testing::login_id(host.sign_in(client, host.token({{"groups", R"(["ops"])"}}),
                                     {.service = "sudo", .user = "alice", .ruser = "alice"}));
  ASSERT_NE(host.logins.find(id, "alice"), nullptr);
  call(host, client,
       {.operation = wire::Operation::close_session,
        .service = "sudo",
        .user = "root",
        .ruser = "alice",
        .login = id});
  EXPECT_EQ(host.logins.find(id, "alice"), nullptr);
}

TEST(LaterCalls, RoutineDoesNotPushOutWhatPeopleAskAbout) {
  Host host;
  Client client{ipc::Fd()};
  const std::string id = testing::login_id(host.sign_in(client, host.token()));
  for (int i = 0; i < 10; ++i) {
    call(host, client,
         {.operation = wire::Operation::open_session,
          .service = "sshd",
          .user = "alice",
          .login = id});
  }
  EXPECT_EQ(host.decisions.last(100).size(), 1U);
  EXPECT_EQ(host.counters.counted(ReasonClass::allowed), 11);
}

}  // namespace
}  // namespace latchkey::latchkeyd
