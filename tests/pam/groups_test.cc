// SPDX-License-Identifier: Apache-2.0
//
// setcred's extra groups: added to the process, none removed, nothing on delete and refresh,
// nothing twice. Each case runs in a child, which is the process whose groups change.
#include <grp.h>
#include <security/pam_modules.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;

constexpr gid_t kHad = 4'711;
constexpr gid_t kNew = 4'242;
constexpr gid_t kNewToo = 4'000'000'000U;

std::vector<gid_t> groups_now() {
  std::vector<gid_t> all(65'536);
  const int count = getgroups(static_cast<int>(all.size()), all.data());
  all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  std::sort(all.begin(), all.end());
  return all;
}

// Runs setcred with those flags in a child that starts with `start`, against a daemon that sends
// two groups. True where the code and the groups afterwards are as wanted.
bool setcred_gives(int code, std::vector<gid_t> want, int flags,
                   const std::vector<gid_t>& start = {kHad}, int times = 1, uid_t acting = 0) {
  const Sandbox sandbox;
  Reply reply;
  reply.groups = {kNew, kHad, kNewToo};
  const ScriptedDaemon daemon(sandbox.socket(), answers(reply));
  chmod(sandbox.socket().c_str(), 0666);  // for the child that is not root
  const pid_t child = fork();
  if (child == 0) {
    if (setgroups(start.size(), start.data()) != 0) _exit(3);
    if (acting != 0 && seteuid(acting) != 0) _exit(4);
    Host host(sandbox, "sshd", "alice");
    const Module module;
    for (int i = 0; i < times; ++i) {
      if (module.call(host, Operation::setcred, {sandbox.socket_option()}, flags) != code) _exit(1);
    }
    std::sort(want.begin(), want.end());
    _exit(groups_now() == want ? 0 : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (status != 0) print_error("child: exit %d\n", WEXITSTATUS(status));
  return status == 0;
}

void establishing_adds_what_is_missing_and_removes_nothing(void**) {
  if (!is_machine_root()) skip();
  assert_true(setcred_gives(PAM_SUCCESS, {kHad, kNew, kNewToo}, PAM_ESTABLISH_CRED));
  assert_true(setcred_gives(PAM_SUCCESS, {kHad, kNew, kNewToo}, PAM_REINITIALIZE_CRED));
  assert_true(setcred_gives(PAM_SUCCESS, {kHad, kNew, kNewToo}, PAM_ESTABLISH_CRED, {}));
}

void establishing_twice_changes_nothing_the_second_time(void**) {
  if (!is_machine_root()) skip();
  assert_true(setcred_gives(PAM_SUCCESS, {kHad, kNew, kNewToo}, PAM_ESTABLISH_CRED, {kHad}, 2));
}

void deleting_and_refreshing_change_nothing(void**) {
  if (!is_machine_root()) skip();
  assert_true(setcred_gives(PAM_SUCCESS, {kHad}, PAM_DELETE_CRED));
  assert_true(setcred_gives(PAM_SUCCESS, {kHad}, PAM_REFRESH_CRED));
  assert_true(setcred_gives(PAM_SUCCESS, {kHad}, PAM_ESTABLISH_CRED | PAM_DELETE_CRED));
}

void a_process_that_is_not_root_gets_none_and_no_error(void**) {
  if (!is_machine_root()) skip();
  assert_true(setcred_gives(PAM_SUCCESS, {kHad}, PAM_REINITIALIZE_CRED, {kHad}, 1, 65'534));
}

void a_list_that_grows_too_long_is_refused_and_nothing_is_changed(void**) {
  if (!is_machine_root()) skip();
  std::vector<gid_t> many(4'095);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<gid_t>(100'000 + i);
  assert_true(setcred_gives(PAM_CRED_ERR, many, PAM_ESTABLISH_CRED, many));
  many.resize(4'093);
  std::vector<gid_t> fits = many;
  fits.insert(fits.end(), {kNew, kHad, kNewToo});
  assert_true(setcred_gives(PAM_SUCCESS, fits, PAM_ESTABLISH_CRED, many));
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(establishing_adds_what_is_missing_and_removes_nothing),
      cmocka_unit_test(establishing_twice_changes_nothing_the_second_time),
      cmocka_unit_test(deleting_and_refreshing_change_nothing),
      cmocka_unit_test(a_process_that_is_not_root_gets_none_and_no_error),
      cmocka_unit_test(a_list_that_grows_too_long_is_refused_and_nothing_is_changed),
  };
  return cmocka_run_group_tests_name("groups", tests, nullptr, nullptr);
}
