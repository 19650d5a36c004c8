// SPDX-License-Identifier: Apache-2.0
//
// F26: the process that the module is a guest in. It lives on whatever the daemon does, and finds
// everything as it left it.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace latchkey::tests {
namespace {

using wire::Operation;

const Script kAsksThenAllows = [](Peer& peer) {
  if (!peer.begin()) return;
  peer.send(ask_frame("Token: "));
  peer.answer();
  peer.send(verdict_frame());
};

// Runs `body` in a child, where it may break what it likes; its value is the exit code.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void expect_written(int descriptor) {
  const char byte = 0;
  if (write(descriptor, &byte, 1) != 1) abort();
}

std::vector<struct sigaction> dispositions() {
  std::vector<struct sigaction> all(static_cast<std::size_t>(NSIG));
  for (int signal = 1; signal < NSIG; ++signal) {
    sigaction(signal, nullptr, &all[static_cast<std::size_t>(signal)]);
  }
  return all;
}

void nothing_of_the_process_is_changed(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  Host host(sandbox, "sshd", "alice", [](const Shown& shown, pam_response** response) {
    const int code = types("token")(shown, response);
    errno = EIO;
    return code;
  });
  const Module module;
  const auto before = dispositions();
  const mode_t mask = umask(0123);
  std::vector<std::string> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
  sigset_t blocked_before;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked_before);
  char folder_before[PATH_MAX];
  assert_non_null(getcwd(folder_before, sizeof folder_before));

  for (const char* option : {"timeout=5", "timeout=none"}) {
    errno = 4711;
    module.call(host, Operation::authenticate, {sandbox.socket_option(), option});
    assert_int_equal(errno, 4711);
  }

  assert_int_equal(umask(mask), 0123);
  std::size_t variables = 0;
  for (char** one = environ; *one != nullptr; ++one) {
    expect_text(*one, environment.at(variables++), "environ");
  }
  assert_int_equal(variables, environment.size());
  sigset_t blocked_after;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked_after);
  for (int signal = 1; signal < NSIG; ++signal) {
    assert_int_equal(sigismember(&blocked_before, signal), sigismember(&blocked_after, signal));
  }
  char folder_after[PATH_MAX];
  assert_non_null(getcwd(folder_after, sizeof folder_after));
  expect_text(folder_after, folder_before, "working directory");
  const auto after = dispositions();
  for (std::size_t i = 1; i < before.size(); ++i) {
    assert_true(before[i].sa_handler == after[i].sa_handler);
    assert_int_equal(before[i].sa_flags, after[i].sa_flags);
  }
}

// The process's environment is the user's in sudo: none of it may reach the daemon or change the
// way.
void the_environment_of_the_process_is_not_read(void**) {
  const Sandbox sandbox;
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  setenv("LATCHKEY_LOGIN", "0123456789abcdef0123456789abcdef", 1);
  setenv("XDG_SESSION_ID", "c9", 1);
  setenv("LATCHKEY_SOCKET", "/nowhere", 1);
  Host host(sandbox, "sudo", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SUCCESS);
  unsetenv("LATCHKEY_LOGIN");
  unsetenv("XDG_SESSION_ID");
  unsetenv("LATCHKEY_SOCKET");
  daemon.finish();
  expect_text(daemon.begins()[0].login + daemon.begins()[0].session, "");
}

void a_daemon_that_goes_away_raises_no_signal(void**) {
  const Sandbox sandbox;
  int gone[2];
  assert_int_equal(pipe(gone), 0);
  ScriptedDaemon daemon(sandbox.socket(), [&](Peer& peer) {
    peer.begin();
    peer.send(ask_frame("Token: "));
    peer.close_now();
    expect_written(gone[1]);
  });
  const int code = in_child([&] {
    signal(SIGPIPE, SIG_DFL);
    Host host(sandbox, "sshd", "alice", [&](const Shown& shown, pam_response** response) {
      char byte = 0;
      if (read(gone[0], &byte, 1) != 1)
        _exit(100);  // the daemon has closed: now the answer finds nobody
      return types(std::string(1'000, 'x'))(shown, response);
    });
    const Module module;
    return module.call(host, Operation::authenticate, {sandbox.socket_option()});
  });
  daemon.finish();
  close(gone[0]);
  close(gone[1]);
  assert_int_equal(code, PAM_AUTHINFO_UNAVAIL);
}

void ignored_children_do_not_matter(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  const int code = in_child([&] {
    signal(SIGCHLD, SIG_IGN);
    Host host(sandbox, "sshd", "alice", types("token"));
    const Module module;
    return module.call(host, Operation::authenticate, {sandbox.socket_option()});
  });
  assert_int_equal(code, PAM_SUCCESS);
}

void a_closed_stdin_stays_closed_and_no_low_descriptor_is_used(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  const int code = in_child([&] {
    Host host(sandbox, "sshd", "alice", [](const Shown& shown, pam_response** response) {
      // While the module is connected: its socket may be none of these.
      for (int i = 0; i <= 2; ++i) {
        if (fcntl(i, F_GETFD) >= 0) _exit(100 + i);
      }
      return types("token")(shown, response);
    });
    const Module module;
    for (int i = 0; i <= 2; ++i) close(i);
    const int given = module.call(host, Operation::authenticate, {sandbox.socket_option()});
    return fcntl(0, F_GETFD) >= 0 ? 110 : given;
  });
  assert_int_equal(code, PAM_SUCCESS);
}

void the_connection_does_not_survive_an_exec(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  const int code = in_child([&] {
    Host host(sandbox, "sshd", "alice", [](const Shown& shown, pam_response** response) {
      for (int i = 3; i < 256; ++i) {
        const int flags = fcntl(i, F_GETFD);
        struct stat status {};
        // The daemon's own ends were made by the parent; only sockets of this process's making
        // count.
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && fstat(i, &status) == 0 &&
            S_ISSOCK(status.st_mode)) {
          _exit(100);
        }
      }
      return types("token")(shown, response);
    });
    const Module module;
    return module.call(host, Operation::authenticate, {sandbox.socket_option()});
  });
  assert_int_equal(code, PAM_SUCCESS);
}

void no_descriptor_left_is_no_verdict(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  const int code = in_child([&] {
    Host host(sandbox, "sshd", "alice", types("token"));
    const Module module;
    const rlimit none{.rlim_cur = 3, .rlim_max = 3};
    setrlimit(RLIMIT_NOFILE, &none);
    while (dup(2) >= 0) {
    }
    return module.call(host, Operation::authenticate, {sandbox.socket_option()});
  });
  assert_int_equal(code, PAM_AUTHINFO_UNAVAIL);
}

struct InThread {
  Host* host;
  const Module* module;
  std::vector<std::string> options;
  int code = -1;
};

void a_stack_of_64_kib_is_enough(void**) {
  if (kSanitized) skip();  // sanitizers need far more than the code they watch
  const Sandbox sandbox;
  Reply reply;
  reply.text = std::string(wire::kTextMost, 't');
  const ScriptedDaemon daemon(sandbox.socket(), [&](Peer& peer) {
    peer.begin();
    peer.send(tell_frame(std::string(wire::kTextMost, 't')));
    peer.send(ask_frame(std::string(wire::kTextMost, 'p')));
    peer.answer();
    peer.send(verdict_frame(reply));
  });
  Host host(sandbox, "sshd", "alice", types(std::string(wire::kTokenMost, 'x')));
  const Module module;
  InThread call{.host = &host, .module = &module, .options = {sandbox.socket_option()}};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  assert_int_equal(pthread_attr_setstacksize(&attributes, 65'536), 0);
  pthread_t thread{};
  const auto body = [](void* data) -> void* {
    auto* self = static_cast<InThread*>(data);
    self->code = self->module->call(*self->host, Operation::authenticate, self->options);
    return nullptr;
  };
  assert_int_equal(pthread_create(&thread, &attributes, body, &call), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  assert_int_equal(call.code, PAM_SUCCESS);
}

// A signal that the host handles without SA_RESTART arrives while the module waits.
std::atomic<int> signals_seen;
void signals_of_the_host_interrupt_nothing(void**) {
  const Sandbox sandbox;
  constexpr int kSignals = 50;
  signals_seen = 0;
  struct sigaction counts {};
  counts.sa_handler = [](int) { ++signals_seen; };
  struct sigaction before {};
  sigaction(SIGUSR1, &counts, &before);
  const pthread_t waiter = pthread_self();
  const ScriptedDaemon daemon(sandbox.socket(), [waiter](Peer& peer) {
    peer.begin();
    for (int i = 1; i <= kSignals; ++i) {
      pthread_kill(waiter, SIGUSR1);
      while (signals_seen < i) sched_yield();
    }
    peer.send(verdict_frame());
  });
  Host host(sandbox, "sshd", "alice");
  const Module module;
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option()}), PAM_SUCCESS);
  sigaction(SIGUSR1, &before, nullptr);
  assert_int_equal(signals_seen, kSignals);
}

// gdm calls from several threads at once, each with a handle of its own.
void calls_from_several_threads_do_not_meet(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  const Module module;
  constexpr int kThreads = 4;
  std::vector<int> codes(kThreads, -1);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        Host host(sandbox, "gdm", "alice", types("token"));
        const int code = module.call(host, Operation::authenticate, {sandbox.socket_option()});
        codes[static_cast<std::size_t>(i)] = code;
        if (code != PAM_SUCCESS) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int code : codes) assert_int_equal(code, PAM_SUCCESS);
}

// The module's user is never changed, whatever the daemon answers (authd's CVE-2024-9313).
void the_user_is_never_changed(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAsksThenAllows);
  Host host(sandbox, "su", "alice", types("token"));
  const Module module;
  for (const Operation operation : kOperations) {
    module.call(host, operation, {sandbox.socket_option()});
    const void* user = nullptr;
    pam_get_item(host.handle(), PAM_USER, &user);
    expect_text(static_cast<const char*>(user), "alice", name(operation));
  }
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(nothing_of_the_process_is_changed),
      cmocka_unit_test(the_environment_of_the_process_is_not_read),
      cmocka_unit_test(a_daemon_that_goes_away_raises_no_signal),
      cmocka_unit_test(ignored_children_do_not_matter),
      cmocka_unit_test(a_closed_stdin_stays_closed_and_no_low_descriptor_is_used),
      cmocka_unit_test(the_connection_does_not_survive_an_exec),
      cmocka_unit_test(no_descriptor_left_is_no_verdict),
      cmocka_unit_test(a_stack_of_64_kib_is_enough),
      cmocka_unit_test(signals_of_the_host_interrupt_nothing),
      cmocka_unit_test(calls_from_several_threads_do_not_meet),
      cmocka_unit_test(the_user_is_never_changed),
  };
  return cmocka_run_group_tests_name("host process", tests, nullptr, nullptr);
}
