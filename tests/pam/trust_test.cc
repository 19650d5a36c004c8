// SPDX-License-Identifier: Apache-2.0
//
// F25: whose socket the module talks to (docs/decisions/whom-the-module-trusts.md). The daemon
// behind each socket here says yes to everything, so that a check that is missing shows as a login.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;

constexpr uid_t kNobody = 65'534;

// The code of a sign-in over that path, and the one line that it may leave in the log.
struct Seen {
  int code = -1;
  std::string log;
};

Seen sign_in(const Sandbox& sandbox, const std::string& path) {
  Host host(sandbox, "sshd", "alice");
  const Module module;
  take_log();
  Seen seen;
  seen.code = module.call(host, Operation::authenticate, {"socket=" + path, "timeout=2"});
  for (const std::string& line : take_log()) seen.log += line;
  return seen;
}

void expect_refused(const Seen& seen, std::string_view why) {
  expect_number(seen.code, PAM_AUTHINFO_UNAVAIL, why);
  expect_true(seen.log.find(why) != std::string::npos, seen.log);
}

void roots_own_socket_is_taken(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  expect_number(sign_in(sandbox, sandbox.socket()).code, PAM_SUCCESS, "a socket of root's");
}

void a_directory_that_others_may_write_to_is_refused(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  for (const mode_t mode : {0775U, 0757U, 0777U, 01777U}) {
    chmod(sandbox.run().c_str(), mode);
    expect_refused(sign_in(sandbox, sandbox.socket()), "others may write to it");
  }
  chmod(sandbox.run().c_str(), 0755);
  expect_number(sign_in(sandbox, sandbox.socket()).code, PAM_SUCCESS, "mode 0755 again");
}

void a_directory_by_symlink_is_refused(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const std::string link = sandbox.folder() + "/link";
  assert_int_equal(symlink(sandbox.run().c_str(), link.c_str()), 0);
  expect_refused(sign_in(sandbox, link + "/pam.sock"), "its directory is not owned by root");
}

void a_socket_by_symlink_is_refused(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const std::string link = sandbox.run() + "/link";
  assert_int_equal(symlink(sandbox.socket().c_str(), link.c_str()), 0);
  expect_refused(sign_in(sandbox, link), "no socket owned by root");
}

void what_is_no_socket_is_refused(void**) {
  const Sandbox sandbox;
  const std::string fifo = sandbox.run() + "/fifo";
  assert_int_equal(mkfifo(fifo.c_str(), 0600), 0);
  expect_refused(sign_in(sandbox, fifo), "no socket owned by root");
  expect_refused(sign_in(sandbox, sandbox.run()), "no socket owned by root");
  expect_refused(sign_in(sandbox, sandbox.run() + "/none"), "No such file or directory");
  expect_refused(sign_in(sandbox, sandbox.folder() + "/none/pam.sock"), "No such file");
}

void a_stream_socket_is_refused(void**) {
  const Sandbox sandbox;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, sandbox.socket().data(), sandbox.socket().size());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  assert_int_equal(listen(listener, 1), 0);
  expect_refused(sign_in(sandbox, sandbox.socket()), "cannot be reached");
  close(listener);
}

// A daemon that is stopped accepts nothing, and its backlog fills: connecting must not wait for it.
void a_full_backlog_ends_at_the_deadline(void**) {
  const Sandbox sandbox;
  const int listener = make_listener(sandbox.socket(), 0);
  assert_true(listener >= 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, sandbox.socket().data(), sandbox.socket().size());
  std::vector<int> waiting;
  for (;;) {
    const int one = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    waiting.push_back(one);
    if (connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) break;
    assert_true(waiting.size() < 64);
  }
  expect_refused(sign_in(sandbox, sandbox.socket()), "no answer in time");
  for (const int one : waiting) close(one);
  close(listener);
}

void a_socket_of_another_user_is_refused(void**) {
  if (!is_machine_root()) skip();
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  assert_int_equal(chown(sandbox.socket().c_str(), kNobody, 0), 0);
  expect_refused(sign_in(sandbox, sandbox.socket()), "no socket owned by root");
}

void a_directory_of_another_user_is_refused(void**) {
  if (!is_machine_root()) skip();
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  assert_int_equal(chown(sandbox.run().c_str(), kNobody, 0), 0);
  expect_refused(sign_in(sandbox, sandbox.socket()), "its directory is not owned by root");
}

// The socket is root's, and yet somebody else listens: who called listen() is what the kernel
// shows.
void a_listener_of_another_user_is_refused(void**) {
  if (!is_machine_root()) skip();
  const Sandbox sandbox;
  const int listener = make_listener(sandbox.socket(), -1);
  assert_true(listener >= 0);
  int ready[2];
  int done[2];
  assert_int_equal(pipe(ready), 0);
  assert_int_equal(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    char byte = 0;
    if (setresuid(kNobody, kNobody, kNobody) != 0 || listen(listener, 4) != 0) _exit(1);
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    const ssize_t over = read(done[0], &byte, 1);
    _exit(over == 0 ? 0 : 1);
  }
  close(done[0]);
  close(ready[1]);
  char byte = 0;
  assert_int_equal(read(ready[0], &byte, 1), 1);
  expect_refused(sign_in(sandbox, sandbox.socket()), "not served by root");
  close(done[1]);
  close(ready[0]);
  int status = -1;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  close(listener);
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(roots_own_socket_is_taken),
      cmocka_unit_test(a_directory_that_others_may_write_to_is_refused),
      cmocka_unit_test(a_directory_by_symlink_is_refused),
      cmocka_unit_test(a_socket_by_symlink_is_refused),
      cmocka_unit_test(what_is_no_socket_is_refused),
      cmocka_unit_test(a_stream_socket_is_refused),
      cmocka_unit_test(a_full_backlog_ends_at_the_deadline),
      cmocka_unit_test(a_socket_of_another_user_is_refused),
      cmocka_unit_test(a_directory_of_another_user_is_refused),
      cmocka_unit_test(a_listener_of_another_user_is_refused),
  };
  return cmocka_run_group_tests_name("trust", tests, nullptr, nullptr);
}
