// SPDX-License-Identifier: Apache-2.0
//
// Root's note of a session: what stands in it, when it is written, and whose it is to remove.
#include <security/pam_modules.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;

const std::string kLogin = "0123456789abcdef0123456789abcdef";

struct Place {
  Place() {
    mkdir(folder.c_str(), 0700);
    chmod(folder.c_str(), 0700);
  }
  std::vector<std::string> options() const {
    return {sandbox.socket_option(), "sessions=" + folder};
  }
  std::string note() const { return folder + "/" + kLogin; }
  std::string read() const {
    std::string text;
    if (FILE* file = fopen(note().c_str(), "re")) {
      char buffer[2'048];
      const std::size_t size = fread(buffer, 1, sizeof buffer, file);
      text.assign(buffer, size);
      fclose(file);
    }
    return text;
  }
  void write(const std::string& text) const {
    if (FILE* file = fopen(note().c_str(), "we")) {
      fwrite(text.data(), 1, text.size(), file);
      fclose(file);
    }
  }

  Sandbox sandbox;
  std::string folder = sandbox.folder() + "/sessions";
};

Reply names_login(const std::string& login = kLogin) {
  Reply reply;
  reply.environment = {"LATCHKEY_LOGIN=" + login};
  return reply;
}

int open_session(const Place& place, const Reply& reply, const char* user = "alice",
                 const char* ruser = nullptr) {
  const ScriptedDaemon daemon(place.sandbox.socket(), answers(reply));
  Host host(place.sandbox, "sshd", user);
  pam_putenv(host.handle(), ("LATCHKEY_LOGIN=" + kLogin).c_str());  // as authenticate did
  if (ruser != nullptr) host.set_item(PAM_RUSER, ruser);
  return Module().call(host, Operation::open_session, place.options());
}

void opened_session_is_noted_with_its_process(void**) {
  const Place place;
  expect_number(open_session(place, names_login(), "root", "alice"), PAM_SUCCESS);
  const std::string text = place.read();
  const std::string head =
      "latchkey-session 1\nservice=sshd\nuser=root\nruser=alice\npid=" + std::to_string(getpid()) +
      "\nstart=";
  expect_text(text.substr(0, head.size()), head);
  char* end = nullptr;
  expect_true(strtoull(text.c_str() + head.size(), &end, 10) > 0, "the start of the process");
  expect_text(end, "\nend\n");
  struct stat status {};
  expect_number(stat(place.note().c_str(), &status), 0);
  expect_number(status.st_mode & 07777, 0600, "mode");
}

void login_that_the_environment_does_not_name_gets_no_note(void**) {
  const Place place;
  for (const char* own : {"LATCHKEY_LOGIN=ffffffffffffffffffffffffffffffff", "LATCHKEY_LOGIN=",
                          "LATCHKEY_LOGIN=0123456789abcdef0123456789abcde", "OTHER=x"}) {
    const ScriptedDaemon daemon(place.sandbox.socket(), answers(names_login()));
    Host host(place.sandbox, "sshd", "alice");
    pam_putenv(host.handle(), own);
    expect_number(Module().call(host, Operation::open_session, place.options()), PAM_SERVICE_ERR,
                  own);
    expect_text(place.read(), "");
  }
}

void nothing_is_noted_where_the_daemon_names_no_login_or_refuses(void**) {
  const Place place;
  expect_number(open_session(place, {}), PAM_SUCCESS);
  Reply refused;
  refused.result = wire::Result::refused;
  expect_number(open_session(place, refused), PAM_SESSION_ERR);
  expect_text(place.read(), "");
}

void verdict_that_names_no_login_id_is_broken(void**) {
  const Place place;
  for (const std::string& login : {std::string("../../../tmp/x"), kLogin + "0", std::string()})
    expect_number(open_session(place, names_login(login)), PAM_SERVICE_ERR, login);
  Reply other;
  other.environment = {"LATCHKEY_OTHER=" + kLogin};
  expect_number(open_session(place, other), PAM_SERVICE_ERR, "another variable");
  Reply two = names_login();
  two.environment.push_back("LATCHKEY_OTHER=1");
  expect_number(open_session(place, two), PAM_SERVICE_ERR, "two variables");
  expect_text(place.read(), "");
}

void note_that_is_there_is_not_replaced(void**) {
  const Place place;
  place.write("another's");
  take_log();
  expect_number(open_session(place, names_login()), PAM_SUCCESS);
  expect_text(place.read(), "another's");
  expect_number(static_cast<long long>(take_log().size()), 1, "a line in the log");
}

void folder_that_is_not_there_is_no_fault_and_one_that_others_write_to_is(void**) {
  const Place place;
  rmdir(place.folder.c_str());
  take_log();
  expect_number(open_session(place, names_login()), PAM_SUCCESS);
  expect_number(static_cast<long long>(take_log().size()), 0, "no folder");
  mkdir(place.folder.c_str(), 0700);
  chmod(place.folder.c_str(), 0770);
  expect_number(open_session(place, names_login()), PAM_SUCCESS);
  expect_number(static_cast<long long>(take_log().size()), 1, "a folder that others write to");
  expect_text(place.read(), "");
}

void name_that_would_break_the_note_is_not_noted(void**) {
  const Place place;
  take_log();
  expect_number(open_session(place, names_login(), "alice\nuser=root"), PAM_SUCCESS);
  expect_text(place.read(), "");
  expect_number(static_cast<long long>(take_log().size()), 1, "a line in the log");
}

void close_session(const Place& place, const std::string& login = kLogin) {
  const ScriptedDaemon daemon(place.sandbox.socket(), answers({}));
  Host host(place.sandbox, "sshd", "alice");
  pam_putenv(host.handle(), ("LATCHKEY_LOGIN=" + login).c_str());
  expect_number(Module().call(host, Operation::close_session, place.options()), PAM_SUCCESS);
}

void closed_session_takes_its_own_note_along(void**) {
  const Place place;
  open_session(place, names_login());
  close_session(place);
  expect_text(place.read(), "");
}

void note_of_another_process_stays_whatever_the_environment_says(void**) {
  const Place place;
  const std::string text =
      "latchkey-session 1\nservice=sshd\nuser=bob\nruser=\npid=" + std::to_string(getpid() + 1) +
      "\nstart=5\nend\n";
  place.write(text);
  close_session(place);
  expect_text(place.read(), text);
  close_session(place, "../sessions/" + kLogin);
  close_session(place, "");
  expect_text(place.read(), text);
}

void note_goes_also_where_the_daemon_is_away(void**) {
  const Place place;
  open_session(place, names_login());
  unlink(place.sandbox.socket().c_str());
  Host host(place.sandbox, "sshd", "alice");
  pam_putenv(host.handle(), ("LATCHKEY_LOGIN=" + kLogin).c_str());
  Module().call(host, Operation::close_session, place.options());
  expect_text(place.read(), "");
}

void sessions_option_is_an_absolute_path(void**) {
  const Place place;
  for (const char* option : {"sessions=", "sessions=run/x"}) {
    Host host(place.sandbox, "sshd", "alice");
    expect_number(
        Module().call(host, Operation::open_session, {place.sandbox.socket_option(), option}),
        PAM_SERVICE_ERR, option);
  }
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(opened_session_is_noted_with_its_process),
      cmocka_unit_test(login_that_the_environment_does_not_name_gets_no_note),
      cmocka_unit_test(nothing_is_noted_where_the_daemon_names_no_login_or_refuses),
      cmocka_unit_test(verdict_that_names_no_login_id_is_broken),
      cmocka_unit_test(note_that_is_there_is_not_replaced),
      cmocka_unit_test(folder_that_is_not_there_is_no_fault_and_one_that_others_write_to_is),
      cmocka_unit_test(name_that_would_break_the_note_is_not_noted),
      cmocka_unit_test(closed_session_takes_its_own_note_along),
      cmocka_unit_test(note_of_another_process_stays_whatever_the_environment_says),
      cmocka_unit_test(note_goes_also_where_the_daemon_is_away),
      cmocka_unit_test(sessions_option_is_an_absolute_path),
  };
  return cmocka_run_group_tests_name("session records", tests, nullptr, nullptr);
}
