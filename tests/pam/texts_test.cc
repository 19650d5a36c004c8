// SPDX-License-Identifier: Apache-2.0
//
// What the module shows of what the daemon says, and how long it listens.
#include "tests/pam/support/cmocka.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;
using wire::Result;

Reply allow() { return {}; }
Reply refuse(std::string text) {
  return {.result = Result::refused, .text = std::move(text), .environment = {}, .groups = {}};
}

void texts_are_shown_in_their_style_without_control_characters(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(
      sandbox.socket(), sends({tell_frame("two\nlines\tand \x1B[31mred\x07\r"),
                               tell_frame("C1: \xC2\x9B"
                                          "1m, around a control: \xC2\x1F\x9B\xC2\xC2\x9B\x9B"
                                          "., umlaut: \xC3\xA4, block: \xE2\x96\x88\x7F",
                                          wire::TellKind::error),
                               ask_frame("Name\x08: ", wire::Echo::on), ask_frame("Token: "),
                               verdict_frame(refuse("No (token_expired, request 00c0ffee)"))}));
  Host host(sandbox, "sshd", "alice", types("x"));
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_AUTH_ERR);
  assert_int_equal(host.shown.size(), 5);
  const Shown want[] = {
      {PAM_TEXT_INFO, "two\nlines\tand [31mred"},
      {PAM_ERROR_MSG, "C1: 1m, around a control: ., umlaut: \xC3\xA4, block: \xE2\x96\x88"},
      {PAM_PROMPT_ECHO_ON, "Name: "},
      {PAM_PROMPT_ECHO_OFF, "Token: "},
      {PAM_ERROR_MSG, "No (token_expired, request 00c0ffee)"}};
  for (std::size_t i = 0; i < 5; ++i) {
    expect_number(host.shown[i].style, want[i].style, want[i].text);
    expect_text(host.shown[i].text, want[i].text);
  }
}

void an_allowed_text_is_no_error(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  Reply reply = allow();
  reply.text = "Welcome";
  const ScriptedDaemon daemon(sandbox.socket(), answers(reply));
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SUCCESS);
  assert_int_equal(host.shown.size(), 1);
  assert_int_equal(host.shown[0].style, PAM_TEXT_INFO);
}

void silence_hides_texts_and_leaves_prompts(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), sends({tell_frame("text"), ask_frame("Token: "),
                                                       verdict_frame(refuse("No"))}));
  Host host(sandbox, "sshd", "alice", types("x"));
  const Module module;
  assert_int_equal(
      module.call(host, Operation::authenticate, {sandbox.socket_option()}, PAM_SILENT),
      PAM_AUTH_ERR);
  assert_int_equal(host.shown.size(), 1);
  expect_text(host.shown[0].text, "Token: ");
}

// A daemon that gave up while the user was typing has said so before it went: that is what the user
// is told.
void what_the_daemon_said_before_it_went_is_read(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(
      sandbox.socket(), sends({ask_frame("Token: "), verdict_frame({.result = Result::unavailable,
                                                                    .text = "It took too long",
                                                                    .environment = {},
                                                                    .groups = {}})}));
  // The script ends, and closes, before the answer is given: the second call of the daemon's
  // listener proves it.
  Host host(sandbox, "sshd", "alice", [&](const Shown& shown, pam_response** response) {
    if (shown.style == PAM_PROMPT_ECHO_OFF) {
      Host other(sandbox, "sshd", "bob", types(""));
      const Module again;
      again.call(other, Operation::account, {sandbox.socket_option()});
    }
    return types("token")(shown, response);
  });
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_AUTHINFO_UNAVAIL);
  expect_text(host.shown.back().text, "It took too long");
}

// The same where the daemon closes without reading what was sent: the kernel then reports a reset
// before it gives out what still lies there.
void what_a_daemon_that_does_not_listen_said_is_read(void**) {
  const Sandbox sandbox;
  int gone[2];
  assert_int_equal(pipe(gone), 0);
  ScriptedDaemon daemon(sandbox.socket(), [&](Peer& peer) {
    pollfd entry{.fd = peer.descriptor(), .events = POLLIN, .revents = 0};
    poll(&entry, 1, -1);  // Begin is there, and stays unread
    peer.send(tell_frame("wait"));
    peer.send(verdict_frame(refuse("No")));
    peer.close_now();
    const char byte = 0;
    if (write(gone[1], &byte, 1) != 1) abort();
  });
  Host host(sandbox, "sshd", "alice", [&](const Shown& shown, pam_response** response) {
    char byte = 0;
    if (shown.text == "wait" && read(gone[0], &byte, 1) != 1) abort();
    return types("")(shown, response);
  });
  const Module module;
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option()}),
                   PAM_PERM_DENIED);
  expect_text(host.shown.back().text, "No");
  daemon.finish();
  close(gone[0]);
  close(gone[1]);
}

// Texts do not buy time: a daemon that trickles them is as late as a silent one.
void texts_do_not_extend_the_deadline(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), [](Peer& peer) {
    peer.begin();
    for (unsigned i = 0; i < wire::kTellsMost; ++i) {
      if (!peer.send(tell_frame("wait"))) return;
      const timeval pause{.tv_sec = 0, .tv_usec = 300'000};
      setsockopt(peer.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
      if (std::byte byte{}; recv(peer.descriptor(), &byte, 1, 0) == 0) return;
    }
    peer.send(verdict_frame());
  });
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(
      module.call(host, Operation::authenticate, {sandbox.socket_option(), "timeout=1"}),
      PAM_AUTHINFO_UNAVAIL);
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_shown_in_their_style_without_control_characters),
      cmocka_unit_test(an_allowed_text_is_no_error),
      cmocka_unit_test(silence_hides_texts_and_leaves_prompts),
      cmocka_unit_test(what_the_daemon_said_before_it_went_is_read),
      cmocka_unit_test(what_a_daemon_that_does_not_listen_said_is_read),
      cmocka_unit_test(texts_do_not_extend_the_deadline),
  };
  return cmocka_run_group_tests_name("texts", tests, nullptr, nullptr);
}
