// SPDX-License-Identifier: Apache-2.0
//
// F27: what an application's conversation function may do. None of it is a success by accident,
// nothing of an answer stays behind, and the answer reaches the daemon byte for byte.
#include <poll.h>
#include <security/pam_modules.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;
using wire::Result;

// Asks once, and allows exactly what a test calls right: the daemon's word about what it saw.
Script wants(std::string right) {
  return [right = std::move(right)](Peer& peer) {
    if (!peer.begin() || !peer.send(ask_frame("Token: "))) return;
    const std::string seen = peer.answer();
    Reply reply;
    reply.result = seen == right                   ? Result::allow
                   : seen.starts_with("no answer") ? Result::conversation
                                                   : Result::refused;
    peer.send(verdict_frame(reply));
  };
}

int authenticate(const Script& script, const Converse& converse) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), script);
  Host host(sandbox, "sshd", "alice", converse);
  const Module module;
  return module.call(host, Operation::authenticate, {sandbox.socket_option()});
}

// An answer whose place is noted, to be looked for among what was wiped.
struct Noted {
  const char* start = nullptr;
  std::size_t size = 0;
};
Converse types_noted(const std::string& text, Noted& noted, int code = PAM_SUCCESS) {
  return [&noted, text, code](const Shown&, pam_response** response) {
    *response = response_of(text);
    noted = {.start = (*response)->resp, .size = strlen((*response)->resp)};
    return code;
  };
}

void answers_of_every_length_arrive_whole_and_are_wiped(void**) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{1'023}, std::size_t{16'000},
        wire::kTokenMost - 1, wire::kTokenMost}) {
    std::string token(size, 'x');
    for (std::size_t i = 0; i < size; ++i) token[i] = static_cast<char>('!' + i % 90);
    Noted noted;
    forget_wiped();
    expect_number(authenticate(wants("answer " + token), types_noted(token, noted)), PAM_SUCCESS,
                  std::to_string(size) + " bytes");
    expect_true(size == 0 || was_wiped(noted.start, noted.size), "the answer is not wiped");
  }
}

void an_answer_too_long_is_not_sent_and_is_wiped(void**) {
  for (const std::size_t size : {wire::kTokenMost + 1, std::size_t{1'048'576}}) {
    Noted noted;
    forget_wiped();
    expect_number(authenticate(wants("no answer 2"), types_noted(std::string(size, 'x'), noted)),
                  PAM_SUCCESS, std::to_string(size) + " bytes");
    expect_true(was_wiped(noted.start, noted.size), "the answer is not wiped");
  }
}

void an_answer_ends_at_its_first_nul(void**) {
  expect_number(authenticate(wants("answer abc"), types(std::string("abc\0def", 7))), PAM_SUCCESS,
                "NUL inside");
}

void a_failing_conversation_gives_no_answer(void**) {
  struct Case {
    const char* name;
    Converse converse;
  };
  const Case cases[] = {
      {"it fails", [](const Shown&, pam_response**) { return PAM_CONV_ERR; }},
      {"it wants to be called again", [](const Shown&, pam_response**) { return PAM_CONV_AGAIN; }},
      {"it aborts", [](const Shown&, pam_response**) { return PAM_ABORT; }},
      {"it gives a code that there is none of", [](const Shown&, pam_response**) { return -7; }},
      {"it succeeds without a response", [](const Shown&, pam_response**) { return PAM_SUCCESS; }},
      {"it gives a response without a text",
       [](const Shown&, pam_response** response) {
         *response = empty_response();
         return PAM_SUCCESS;
       }},
  };
  for (const Case& c : cases) {
    expect_number(authenticate(wants("no answer 1"), c.converse), PAM_SUCCESS, c.name);
  }
}

void an_answer_of_a_failed_conversation_is_not_taken_and_is_wiped(void**) {
  Noted noted;
  forget_wiped();
  assert_int_equal(authenticate(wants("no answer 1"), types_noted("secret", noted, PAM_CONV_ERR)),
                   PAM_SUCCESS);
  assert_true(was_wiped(noted.start, noted.size));
}

void a_missing_conversation_gives_no_answer(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  ScriptedDaemon daemon(sandbox.socket(), wants("no answer 1"));
  Host host(sandbox, "sshd", "alice");
  const pam_conv none{.conv = nullptr, .appdata_ptr = nullptr};
  assert_int_equal(pam_set_item(host.handle(), PAM_CONV, &none), PAM_SUCCESS);
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_SUCCESS);
}

// The user's time is not the daemon's: its deadline starts anew when the user is done.
void a_user_may_take_longer_than_the_daemon_may(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), [](Peer& peer) {
    peer.begin();
    peer.send(ask_frame("Token: "));
    peer.answer();
    poll(nullptr, 0, 100);  // so that the module has to wait for the verdict
    peer.send(verdict_frame());
  });
  Host host(sandbox, "sshd", "alice", [](const Shown& shown, pam_response** response) {
    poll(nullptr, 0, 1'100);
    return types("token")(shown, response);
  });
  const Module module;
  assert_int_equal(
      module.call(host, Operation::authenticate, {sandbox.socket_option(), "timeout=1"}),
      PAM_SUCCESS);
}

void an_empty_answer_is_an_answer(void**) {
  assert_int_equal(authenticate(wants("answer "), types("")), PAM_SUCCESS);
}

// The answer is the daemon's to judge; that it was given changes nothing when the verdict does not
// come.
void an_answer_is_wiped_when_the_daemon_is_gone(void**) {
  const auto gone = [](Peer& peer) {
    peer.begin();
    peer.send(ask_frame("Token: "));
  };
  Noted noted;
  forget_wiped();
  assert_int_equal(authenticate(gone, types_noted("secret", noted)), PAM_AUTHINFO_UNAVAIL);
  assert_true(was_wiped(noted.start, noted.size));
}

void a_text_that_cannot_be_shown_changes_no_verdict(void**) {
  const auto script =
      sends({tell_frame("text"),
             verdict_frame(
                 {.result = Result::allow, .text = "Welcome", .environment = {}, .groups = {}})});
  assert_int_equal(authenticate(script, [](const Shown&, pam_response**) { return PAM_CONV_ERR; }),
                   PAM_SUCCESS);
}

// Applications may answer a text as if it were a prompt.
void an_answer_to_a_text_is_wiped_and_freed(void**) {
  Noted noted;
  forget_wiped();
  assert_int_equal(
      authenticate(sends({tell_frame("text"), verdict_frame()}), types_noted("a habit", noted)),
      PAM_SUCCESS);
  assert_true(was_wiped(noted.start, noted.size));
}

void a_conversation_that_forks_does_not_disturb_the_verdict(void**) {
  assert_int_equal(authenticate(wants("answer token"),
                                [](const Shown& shown, pam_response** response) {
                                  const pid_t child = fork();
                                  if (child == 0) _exit(0);
                                  waitpid(child, nullptr, 0);
                                  return types("token")(shown, response);
                                }),
                   PAM_SUCCESS);
}

// The application may never come back: nothing that the next call needs is lost with it.
void a_conversation_that_jumps_away_leaves_the_module_usable(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  int calls = 0;
  const ScriptedDaemon daemon(sandbox.socket(), [&](Peer& peer) {
    if (++calls == 2) return wants("answer token")(peer);
    peer.begin();
    peer.send(ask_frame("Token: "));  // and then the end: the module's descriptor is never closed
  });
  static jmp_buf away;
  static volatile bool jumps = true;
  Host host(sandbox, "sshd", "alice", [](const Shown&, pam_response** response) {
    if (jumps) longjmp(away, 1);
    *response = response_of("token");
    return PAM_SUCCESS;
  });
  const Module module;
  const std::vector<std::string> options = {sandbox.socket_option()};
  if (setjmp(away) == 0) {
    module.call(host, Operation::authenticate, options);
    give_up("the conversation came back");
  }
  jumps = false;
  assert_int_equal(module.call(host, Operation::authenticate, options), PAM_SUCCESS);
}

void no_part_of_an_answer_is_logged(void**) {
  take_log();
  authenticate(wants("never"), types("eyJhbGciOiJub25lIn0"));
  authenticate(
      [](Peer& peer) {
        peer.begin();
        peer.send(ask_frame("Token: "));
        peer.answer();
        peer.send_text("garbage");
      },
      types("eyJhbGciOiJub25lIn0"));
  const auto log = take_log();
  assert_int_equal(log.size(), 1);
  for (const std::string& line : log) expect_true(line.find("eyJ") == std::string::npos, line);
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(answers_of_every_length_arrive_whole_and_are_wiped),
      cmocka_unit_test(an_answer_too_long_is_not_sent_and_is_wiped),
      cmocka_unit_test(an_answer_ends_at_its_first_nul),
      cmocka_unit_test(a_failing_conversation_gives_no_answer),
      cmocka_unit_test(an_answer_of_a_failed_conversation_is_not_taken_and_is_wiped),
      cmocka_unit_test(a_missing_conversation_gives_no_answer),
      cmocka_unit_test(a_user_may_take_longer_than_the_daemon_may),
      cmocka_unit_test(an_empty_answer_is_an_answer),
      cmocka_unit_test(an_answer_is_wiped_when_the_daemon_is_gone),
      cmocka_unit_test(a_text_that_cannot_be_shown_changes_no_verdict),
      cmocka_unit_test(an_answer_to_a_text_is_wiped_and_freed),
      cmocka_unit_test(a_conversation_that_forks_does_not_disturb_the_verdict),
      cmocka_unit_test(a_conversation_that_jumps_away_leaves_the_module_usable),
      cmocka_unit_test(no_part_of_an_answer_is_logged),
  };
  return cmocka_run_group_tests_name("conversation", tests, nullptr, nullptr);
}
