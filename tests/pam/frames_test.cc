// SPDX-License-Identifier: Apache-2.0
//
// What the module says, and what it makes of a daemon that says what the table does not allow: cut,
// stretched, out of order, too much, too long, or with a descriptor in tow. Each of those refuses
// with one line in the log.
#include "tests/pam/support/cmocka.h"

#include <fcntl.h>
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

const std::string kLogin = "0123456789abcdef0123456789abcdef";

int call_with(const Script& script, Operation operation = Operation::authenticate, int flags = 0) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), script);
  Host host(sandbox, "sshd", "alice", types("token"));
  const Module module;
  take_log();
  return module.call(host, operation, {sandbox.socket_option()}, flags);
}

void expect_broken(const Script& script, std::string_view which,
                   Operation operation = Operation::authenticate) {
  expect_number(call_with(script, operation), PAM_SERVICE_ERR, which);
  const auto log = take_log();
  expect_number(static_cast<long long>(log.size()), 1, std::string(which) + ", log lines");
}

Frame with_true_length(Frame frame) {
  const std::size_t body = frame.size() - wire::kHeaderSize;
  for (std::size_t i = 0; i < 4; ++i) {
    frame[8 + i] = static_cast<std::byte>((body >> (8 * i)) & 0xFFU);
  }
  return frame;
}

Reply allow() { return {}; }

void begin_carries_the_items_of_pam(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sudo", "");
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  Host host(sandbox, "sudo", "root");
  host.set_item(PAM_RUSER, "alice");
  host.set_item(PAM_RHOST, "192.0.2.7");
  host.set_item(PAM_TTY, "/dev/pts/3");
  pam_putenv(host.handle(), "XDG_SESSION_ID=c2");
  pam_putenv(host.handle(), ("LATCHKEY_LOGIN=" + kLogin).c_str());
  assert_int_equal(module.call(host, Operation::setcred, {sandbox.socket_option()},
                               PAM_REINITIALIZE_CRED | PAM_SILENT),
                   PAM_SUCCESS);
  Host bare(sandbox, "sudo", "bob");
  assert_int_equal(module.call(bare, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_SUCCESS);
  daemon.finish();
  const auto begins = daemon.begins();
  assert_int_equal(begins.size(), 2);
  const SeenBegin& full = begins[0];
  assert_true(full.operation == Operation::setcred);
  assert_int_equal(full.flags, PAM_REINITIALIZE_CRED | PAM_SILENT);
  assert_int_equal(full.pid, getpid());
  assert_int_equal(full.ppid, getppid());
  expect_text(full.service, "sudo");
  expect_text(full.user, "root");
  expect_text(full.ruser, "alice");
  expect_text(full.rhost, "192.0.2.7");
  expect_text(full.tty, "/dev/pts/3");
  expect_text(full.session, "c2");
  expect_text(full.login, kLogin);
  expect_text(
      begins[1].ruser + begins[1].rhost + begins[1].tty + begins[1].session + begins[1].login, "");
}

void a_login_or_session_that_cannot_be_ours_is_sent_as_none(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  Host host(sandbox, "sshd", "alice");
  for (const std::string& login :
       {kLogin.substr(1), kLogin + "0", std::string(32, 'G'), std::string("x")}) {
    pam_putenv(host.handle(), ("LATCHKEY_LOGIN=" + login).c_str());
    pam_putenv(host.handle(), ("XDG_SESSION_ID=" + std::string(65, 's')).c_str());
    expect_number(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SUCCESS,
                  login);
  }
  daemon.finish();
  for (const SeenBegin& begin : daemon.begins()) expect_text(begin.login + begin.session, "");
}

void an_item_that_does_not_fit_is_a_service_error_and_is_not_logged(void**) {
  struct Case {
    int item;
    std::size_t most;
  };
  const Case cases[] = {{PAM_USER, wire::kUserMost},
                        {PAM_RUSER, wire::kUserMost},
                        {PAM_RHOST, wire::kRhostMost},
                        {PAM_TTY, wire::kTtyMost},
                        {PAM_SERVICE, wire::kServiceMost}};
  for (const Case& c : cases) {
    for (const std::size_t size : {c.most - 1, c.most, c.most + 1}) {
      const Sandbox sandbox;
      sandbox.write_stack("sshd", "");
      const ScriptedDaemon daemon(sandbox.socket(), answers({}));
      const Module module;
      Host host(sandbox, "sshd", "alice");
      const std::string value(size, 'v');
      host.set_item(c.item, value.c_str());
      take_log();
      const int code = module.call(host, Operation::account, {sandbox.socket_option()});
      expect_number(code, size > c.most ? PAM_SERVICE_ERR : PAM_SUCCESS,
                    std::to_string(c.item) + " of " + std::to_string(size));
      if (size <= c.most || c.item == PAM_SERVICE) continue;
      const auto log = take_log();
      assert_int_equal(log.size(), 1);
      expect_true(log[0].find("vvv") == std::string::npos, "an item of anybody's choice is logged");
    }
  }
}

void a_frame_cut_anywhere_is_broken(void**) {
  Reply full = allow();
  full.text = "Welcome";
  full.environment = {"LATCHKEY_LOGIN=" + kLogin};
  for (const Frame& whole : {verdict_frame(full), ask_frame("Token: "), tell_frame("Hello")}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      expect_broken(sends({cut}), "cut to " + std::to_string(size));
      if (size < wire::kHeaderSize) continue;
      expect_broken(sends({with_true_length(cut)}),
                    "cut to " + std::to_string(size) + ", length put right");
    }
  }
}

void trailing_bytes_are_broken(void**) {
  for (const Frame& whole : {verdict_frame(), ask_frame("Token: "), tell_frame("Hello")}) {
    Frame longer = whole;
    longer.push_back(std::byte{0});
    expect_broken(sends({longer}), "trailing byte");
    expect_broken(sends({with_true_length(longer)}), "trailing byte, length put right");
  }
}

void a_changed_header_or_value_is_broken(void**) {
  struct Case {
    const char* name;
    std::size_t at;
    unsigned value;
  };
  const Case cases[] = {{"magic", 0, 'X'},       {"version 0", 4, 0},    {"version 2", 4, 2},
                        {"type 0", 6, 0},        {"type Begin", 6, 1},   {"type Answer", 6, 2},
                        {"type NoAnswer", 6, 3}, {"type 255", 6, 255},   {"reserved", 7, 1},
                        {"result 0", 12, 0},     {"result 7", 12, 7},    {"reserved body", 13, 1},
                        {"request id", 16, 'X'}, {"environment", 26, 9}, {"groups", 27, 65}};
  for (const Case& c : cases) {
    Frame frame = verdict_frame();
    assert_true(c.at < frame.size());
    frame[c.at] = static_cast<std::byte>(c.value);
    expect_broken(sends({frame}), c.name);
  }
}

void a_frame_longer_than_the_protocol_allows_is_broken(void**) {
  Frame frame = tell_frame("x");
  frame.resize(wire::kToModuleMost + 1, std::byte{'x'});
  expect_broken(sends({with_true_length(frame)}), "8193 bytes");
  frame.resize(60'000, std::byte{'x'});
  expect_broken(sends({with_true_length(frame)}), "60000 bytes");
  frame.resize(wire::kToModuleMost);
  expect_broken(sends({with_true_length(frame)}), "8192 bytes of Tell");
}

void a_text_longer_than_its_limit_is_broken_and_the_longest_is_shown(void**) {
  const Frame longest = tell_frame(std::string(wire::kTextMost, 't'));
  Frame longer = longest;
  longer.push_back(std::byte{'t'});
  longer[wire::kHeaderSize + 4] = static_cast<std::byte>((wire::kTextMost + 1) & 0xFFU);
  expect_broken(sends({with_true_length(longer), verdict_frame()}), "4097 bytes of text");

  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), sends({longest, verdict_frame()}));
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SUCCESS);
  assert_int_equal(host.shown.size(), 1);
  assert_int_equal(host.shown[0].text.size(), wire::kTextMost);
}

void a_prompt_outside_authenticate_is_broken_and_never_shown(void**) {
  for (const Operation operation : kOperations) {
    if (operation == Operation::authenticate) continue;
    const Sandbox sandbox;
    sandbox.write_stack("sshd", "");
    const ScriptedDaemon daemon(sandbox.socket(), sends({ask_frame("Token: "), verdict_frame()}));
    Host host(sandbox, "sshd", "alice", types("token"));
    const Module module;
    expect_number(module.call(host, operation, {sandbox.socket_option()}), PAM_SERVICE_ERR,
                  name(operation));
    assert_int_equal(host.shown.size(), 0);
  }
}

void prompts_and_texts_are_counted(void**) {
  const auto asking = [](unsigned count) {
    return [count](Peer& peer) {
      peer.begin();
      for (unsigned i = 0; i < count; ++i) {
        peer.send(ask_frame("part"));
        if (peer.answer() == "end") return;
      }
      peer.send(verdict_frame());
    };
  };
  expect_number(call_with(asking(wire::kPromptsMost)), PAM_SUCCESS, "160 prompts");
  expect_broken(asking(wire::kPromptsMost + 1), "161 prompts");

  std::vector<Frame> frames(wire::kTellsMost, tell_frame("text"));
  frames.push_back(verdict_frame());
  expect_number(call_with(sends(frames)), PAM_SUCCESS, "16 texts");
  frames.insert(frames.begin(), tell_frame("text"));
  expect_broken(sends(frames), "17 texts");
}

void environment_and_groups_in_the_wrong_call_are_broken(void**) {
  Reply with_environment = allow();
  with_environment.environment = {"LATCHKEY_LOGIN=" + kLogin};
  Reply with_groups = allow();
  with_groups.groups = {4242};
  for (const Operation operation : kOperations) {
    // An opened session is named by its login (session_record_test.cc).
    if (operation != Operation::authenticate && operation != Operation::open_session) {
      expect_broken(answers(with_environment), "environment", operation);
    }
    if (operation != Operation::setcred) expect_broken(answers(with_groups), "groups", operation);
  }
  Frame foreign = verdict_frame(with_environment);
  const std::string all(reinterpret_cast<const char*>(foreign.data()), foreign.size());
  const std::size_t at = all.find("LATCHKEY_LOGIN");
  memcpy(foreign.data() + at, "LD_PRELOAD=/x;", 14);
  expect_broken(sends({foreign}), "a foreign variable");
}

void a_login_id_is_put_into_the_environment_of_pam_and_comes_back(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  Reply reply = allow();
  reply.environment = {"LATCHKEY_LOGIN=" + kLogin};
  ScriptedDaemon daemon(sandbox.socket(), [&](Peer& peer) {
    if (!peer.begin()) return;
    peer.send(verdict_frame(peer.descriptor() >= 0 && reply.environment.empty() ? Reply{} : reply));
    reply.environment.clear();
  });
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_SUCCESS);
  expect_text(host.variable("LATCHKEY_LOGIN"), kLogin);
  assert_int_equal(module.call(host, Operation::open_session, {sandbox.socket_option()}),
                   PAM_SUCCESS);
  daemon.finish();
  expect_text(daemon.begins()[0].login, "");
  expect_text(daemon.begins()[1].login, kLogin);
}

void a_refusal_puts_nothing_into_the_environment(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  Reply reply = allow();
  reply.environment = {"LATCHKEY_LOGIN=" + kLogin};
  Frame frame = verdict_frame(reply);
  frame[wire::kHeaderSize] = static_cast<std::byte>(Result::refused);
  const ScriptedDaemon daemon(sandbox.socket(), sends({frame}));
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                   PAM_SERVICE_ERR);
  expect_text(host.variable("LATCHKEY_LOGIN"), "");
}

void descriptors_in_a_frame_are_broken_and_not_taken(void**) {
  const auto count = [] {
    int open_ones = 0;
    for (int i = 0; i < 256; ++i) open_ones += fcntl(i, F_GETFD) >= 0 ? 1 : 0;
    return open_ones;
  };
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), [](Peer& peer) {
    peer.begin();
    Frame frame = verdict_frame();
    iovec piece{.iov_base = frame.data(), .iov_len = frame.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int given = 0;
    memcpy(CMSG_DATA(header), &given, sizeof given);
    sendmsg(peer.descriptor(), &message, MSG_NOSIGNAL);
    peer.answer();  // the end: the script's own descriptor is then the only one left to close
    peer.close_now();
  });
  Host host(sandbox, "sshd", "alice");
  const Module module;
  module.call(host, Operation::account, {"debug"});
  const int before = count();
  expect_number(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SERVICE_ERR,
                "a descriptor came along");
  // The daemon's thread may not have closed its end yet; it does so without the module's help.
  expect_true(count() <= before + 1, "the module keeps a descriptor");
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(begin_carries_the_items_of_pam),
      cmocka_unit_test(a_login_or_session_that_cannot_be_ours_is_sent_as_none),
      cmocka_unit_test(an_item_that_does_not_fit_is_a_service_error_and_is_not_logged),
      cmocka_unit_test(a_frame_cut_anywhere_is_broken),
      cmocka_unit_test(trailing_bytes_are_broken),
      cmocka_unit_test(a_changed_header_or_value_is_broken),
      cmocka_unit_test(a_frame_longer_than_the_protocol_allows_is_broken),
      cmocka_unit_test(a_text_longer_than_its_limit_is_broken_and_the_longest_is_shown),
      cmocka_unit_test(a_prompt_outside_authenticate_is_broken_and_never_shown),
      cmocka_unit_test(prompts_and_texts_are_counted),
      cmocka_unit_test(environment_and_groups_in_the_wrong_call_are_broken),
      cmocka_unit_test(a_login_id_is_put_into_the_environment_of_pam_and_comes_back),
      cmocka_unit_test(a_refusal_puts_nothing_into_the_environment),
      cmocka_unit_test(descriptors_in_a_frame_are_broken_and_not_taken),
  };
  return cmocka_run_group_tests_name("frames", tests, nullptr, nullptr);
}
