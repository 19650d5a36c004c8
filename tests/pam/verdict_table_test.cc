// SPDX-License-Identifier: Apache-2.0
//
// The verdict table of DESIGN section 5, row by row and call by call, at the module's own entry
// points.
#include "tests/pam/support/cmocka.h"

#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;
using wire::Result;

struct Row {
  const char* name;
  int codes[5];  // in the order of kOperations
};

void expect_row(const Row& row, const std::function<int(Operation)>& call) {
  for (std::size_t i = 0; i < 5; ++i) {
    const Operation operation = kOperations[i];
    expect_number(call(operation), row.codes[i], std::string(row.name) + ", " + name(operation));
  }
}

constexpr Row kUnavailable = {
    "no verdict",
    {PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_CRED_ERR, PAM_SESSION_ERR, PAM_SUCCESS}};
constexpr Row kBroken = {
    "broken",
    {PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR}};

// What one call comes to with a daemon that does so.
int call_with(const Script& script, Operation operation, std::vector<std::string> options = {},
              const char* user = "alice", const Converse& converse = types("answer")) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), script);
  Host host(sandbox, "sshd", user, converse);
  const Module module;
  options.push_back(sandbox.socket_option());
  return module.call(host, operation, options);
}

void each_verdict_gives_the_code_of_its_row(void**) {
  struct Case {
    Result result;
    Row row;
  };
  const Case cases[] = {
      {Result::allow, {"allow", {PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS}}},
      {Result::refused,
       {"refused", {PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_CRED_ERR, PAM_SESSION_ERR, PAM_SUCCESS}}},
      {Result::user_unknown,
       {"no such user",
        {PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, PAM_CRED_ERR, PAM_SESSION_ERR, PAM_SUCCESS}}},
      {Result::unavailable, kUnavailable},
      {Result::not_managed,
       {"not managed", {PAM_AUTH_ERR, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE}}},
      {Result::conversation,
       {"conversation",
        {PAM_CONV_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR}}},
  };
  for (const Case& c : cases) {
    expect_row(c.row, [&](Operation operation) {
      return call_with(answers({.result = c.result, .text = "", .environment = {}, .groups = {}}),
                       operation);
    });
  }
}

void no_socket_is_no_verdict(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  Host host(sandbox, "sshd", "alice");
  const Module module;
  expect_row(kUnavailable, [&](Operation operation) {
    take_log();
    const int code = module.call(host, operation, {sandbox.socket_option()});
    expect_number(static_cast<long long>(take_log().size()), 1, "log lines");
    return code;
  });
}

void a_socket_that_nobody_serves_is_no_verdict(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  { const ScriptedDaemon gone(sandbox.socket(), answers({})); }
  Host host(sandbox, "sshd", "alice");
  const Module module;
  expect_row(kUnavailable, [&](Operation operation) {
    return module.call(host, operation, {sandbox.socket_option()});
  });
}

void a_connection_closed_before_the_verdict_is_no_verdict(void**) {
  expect_row(kUnavailable, [&](Operation operation) {
    return call_with([](Peer& peer) { peer.begin(); }, operation);
  });
  expect_row(kUnavailable, [&](Operation operation) {
    return call_with([](Peer& peer) { peer.close_now(); }, operation);
  });
}

void an_end_told_before_the_last_message_loses_no_verdict(void**) {
  const Row allowed = {"allow", {PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS}};
  expect_row(allowed, [](Operation operation) {
    tell_an_early_end(1);
    const int code = call_with(answers({}), operation);
    expect_number(early_ends_untold(), 0, "ends that nobody was told");
    return code;
  });
  // As where the daemon left something unread.
  expect_row(allowed, [](Operation operation) {
    tell_an_early_end(1, 1);
    const int code = call_with(answers({}), operation);
    expect_number(early_ends_untold(), 0, "ends that nobody was told");
    return code;
  });
  for (const bool twice : {true, false}) {
    expect_row(kUnavailable, [&](Operation operation) {
      tell_an_early_end(twice ? 2 : 0, twice ? 0 : 2);
      return call_with(answers({}), operation);
    });
  }
}

void an_empty_message_is_a_broken_frame(void**) {
  expect_row(kBroken, [](Operation operation) {
    return call_with(
        [](Peer& peer) {
          peer.begin();
          peer.send_text("");
          peer.answer();  // the module's end: it does not wait for more
        },
        operation);
  });
  // Nor is it passed over for one that says something.
  expect_row(kBroken, [](Operation operation) {
    return call_with(
        [](Peer& peer) {
          peer.begin();
          peer.send_text("");
          peer.send(verdict_frame({}));
          peer.answer();
        },
        operation);
  });
}

void a_daemon_that_is_silent_past_the_deadline_is_no_verdict(void**) {
  // The module closes its end when it gives up: that is what the script waits for.
  const Script silent = [](Peer& peer) {
    peer.begin();
    peer.answer();
  };
  for (const Operation operation : {Operation::authenticate, Operation::open_session}) {
    take_log();
    const int want = operation == Operation::authenticate ? PAM_AUTHINFO_UNAVAIL : PAM_SESSION_ERR;
    expect_number(call_with(silent, operation, {"timeout=1"}), want, name(operation));
    const auto log = take_log();
    assert_int_equal(log.size(), 1);
    expect_true(log[0].find("no answer in time") != std::string::npos, log[0]);
  }
}

void an_exempt_name_is_ignored_and_the_daemon_is_not_asked(void**) {
  const Row ignored = {"exempt", {PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE}};
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  for (const char* user : {"root", "rescue"}) {
    Host host(sandbox, "sshd", user);
    expect_row(ignored, [&](Operation operation) {
      return module.call(host, operation, {sandbox.socket_option(), "exempt=root,rescue"});
    });
  }
  daemon.finish();
  assert_int_equal(daemon.begins().size(), 0);
}

void a_name_that_only_looks_exempt_is_asked_about(void**) {
  for (const char* user : {"roo", "root2", "ROOT", "root,rescue", "", "rescue,", "oot"}) {
    const int code =
        call_with(answers({.result = Result::refused, .text = "", .environment = {}, .groups = {}}),
                  Operation::account, {"exempt=root,rescue"}, user);
    expect_number(code, PAM_PERM_DENIED, user);
  }
}

void a_bad_option_is_a_service_error(void**) {
  expect_row(kBroken,
             [&](Operation operation) { return call_with(answers({}), operation, {"debug"}); });
}

void a_bad_option_refuses_exempt_names_too(void**) {
  expect_row(kBroken, [&](Operation operation) {
    return call_with(answers({}), operation, {"exempt=root", "timeout=0"}, "root");
  });
}

void a_broken_frame_is_a_service_error(void**) {
  expect_row(kBroken, [&](Operation operation) {
    return call_with(
        [](Peer& peer) {
          peer.begin();
          peer.send_text("HTTP/1.1 200 OK\r\n\r\n");
        },
        operation);
  });
}

void a_failed_conversation_is_told_to_the_daemon_and_is_a_conversation_error(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  ScriptedDaemon daemon(sandbox.socket(), [](Peer& peer) {
    peer.begin();
    peer.send(ask_frame("Token: "));
    const bool told = peer.answer() == "no answer 1";
    peer.send(verdict_frame({.result = told ? Result::conversation : Result::allow,
                             .text = "",
                             .environment = {},
                             .groups = {}}));
  });
  Host host(sandbox, "sshd", "alice", [](const Shown&, pam_response**) { return PAM_CONV_ERR; });
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_CONV_ERR);
}

void an_application_without_a_user_is_asked_for_one_in_authenticate_alone(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("login", "");
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  for (const Operation operation : kOperations) {
    if (operation == Operation::authenticate) continue;
    Host host(sandbox, "login", nullptr);
    expect_number(module.call(host, operation, {sandbox.socket_option()}), PAM_SERVICE_ERR,
                  name(operation));
    assert_int_equal(host.shown.size(), 0);
  }
  Host failing(sandbox, "login", nullptr,
               [](const Shown&, pam_response**) { return PAM_CONV_ERR; });
  assert_int_equal(module.call(failing, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_CONV_ERR);
  Host host(sandbox, "login", nullptr, types("alice"));
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_SUCCESS);
  daemon.finish();
  assert_int_equal(daemon.begins().size(), 1);
  expect_text(daemon.begins()[0].user, "alice");
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(each_verdict_gives_the_code_of_its_row),
      cmocka_unit_test(no_socket_is_no_verdict),
      cmocka_unit_test(a_socket_that_nobody_serves_is_no_verdict),
      cmocka_unit_test(a_connection_closed_before_the_verdict_is_no_verdict),
      cmocka_unit_test(an_end_told_before_the_last_message_loses_no_verdict),
      cmocka_unit_test(an_empty_message_is_a_broken_frame),
      cmocka_unit_test(a_daemon_that_is_silent_past_the_deadline_is_no_verdict),
      cmocka_unit_test(an_exempt_name_is_ignored_and_the_daemon_is_not_asked),
      cmocka_unit_test(a_name_that_only_looks_exempt_is_asked_about),
      cmocka_unit_test(a_bad_option_is_a_service_error),
      cmocka_unit_test(a_bad_option_refuses_exempt_names_too),
      cmocka_unit_test(a_broken_frame_is_a_service_error),
      cmocka_unit_test(a_failed_conversation_is_told_to_the_daemon_and_is_a_conversation_error),
      cmocka_unit_test(an_application_without_a_user_is_asked_for_one_in_authenticate_alone),
  };
  return cmocka_run_group_tests_name("verdict table", tests, nullptr, nullptr);
}
