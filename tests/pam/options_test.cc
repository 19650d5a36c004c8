// SPDX-License-Identifier: Apache-2.0
//
// An unknown or malformed option refuses and says so in one line of the log; none is guessed at.
#include "tests/pam/support/cmocka.h"

#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;

struct Case {
  const char* name;
  std::vector<std::string> options;  // SOCKET stands for the daemon's
};

std::vector<std::string> with_socket(const Sandbox& sandbox, std::vector<std::string> options) {
  for (std::string& option : options) {
    if (option == "SOCKET") option = sandbox.socket_option();
  }
  return options;
}

void malformed_options_refuse_with_one_line(void**) {
  const std::string long_path = "socket=/" + std::string(107, 'p');
  const std::string long_name = "exempt=" + std::string(257, 'n');
  const Case cases[] = {
      {"an unknown word", {"SOCKET", "debug"}},
      {"an empty word", {"SOCKET", ""}},
      {"another module's option", {"SOCKET", "use_first_pass"}},
      {"a key in capitals", {"SOCKET", "Timeout=5"}},
      {"a key without its value", {"SOCKET", "timeout"}},
      {"a blank before the key", {"SOCKET", " timeout=5"}},
      {"no path", {"socket="}},
      {"a relative path", {"socket=run/pam.sock"}},
      {"an abstract socket", {"socket=@latchkey"}},
      {"a directory", {"socket=/run/latchkey/"}},
      {"a path longer than a socket's", {long_path}},
      {"the socket twice", {"SOCKET", "SOCKET"}},
      {"no time-out", {"SOCKET", "timeout="}},
      {"a time-out of 0", {"SOCKET", "timeout=0"}},
      {"a time-out over the most", {"SOCKET", "timeout=61"}},
      {"a negative time-out", {"SOCKET", "timeout=-1"}},
      {"a fraction", {"SOCKET", "timeout=1.5"}},
      {"a unit", {"SOCKET", "timeout=5s"}},
      {"a leading zero", {"SOCKET", "timeout=05"}},
      {"a number that would wrap", {"SOCKET", "timeout=4294967297"}},
      {"the time-out twice", {"SOCKET", "timeout=5", "timeout=5"}},
      {"no name", {"SOCKET", "exempt="}},
      {"an empty name at the end", {"SOCKET", "exempt=root,"}},
      {"an empty name at the start", {"SOCKET", "exempt=,root"}},
      {"an empty name in the middle", {"SOCKET", "exempt=root,,rescue"}},
      {"names joined as pam_succeed_if joins them", {"SOCKET", "exempt=root:rescue"}},
      {"a name in quotes", {"SOCKET", "exempt=\"root\""}},
      {"a blank in a name", {"SOCKET", "exempt=root, rescue"}},
      {"a name longer than a user's", {"SOCKET", long_name}},
      {"names given twice", {"SOCKET", "exempt=root", "exempt=rescue"}},
  };
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  ScriptedDaemon daemon(sandbox.socket(), answers({}));
  Host host(sandbox, "sshd", "alice");
  const Module module;
  for (const Case& c : cases) {
    for (const Operation operation : kOperations) {
      take_log();
      const int code = module.call(host, operation, with_socket(sandbox, c.options));
      expect_number(code, PAM_SERVICE_ERR, std::string(c.name) + ", " + name(operation));
      const auto log = take_log();
      expect_number(static_cast<long long>(log.size()), 1, std::string(c.name) + ", log lines");
      expect_true(log[0].find("option '") != std::string::npos, log[0]);
    }
  }
  daemon.finish();
  assert_int_equal(daemon.begins().size(), 0);
}

void well_formed_options_are_taken_in_any_order(void**) {
  const std::string long_name = "exempt=" + std::string(256, 'n');
  const Case cases[] = {
      {"the socket alone", {"SOCKET"}},
      {"a time-out of 1", {"timeout=1", "SOCKET"}},
      {"a time-out of 60", {"SOCKET", "timeout=60"}},
      {"one name", {"exempt=root", "SOCKET"}},
      {"names with marks", {"SOCKET", "exempt=root,rescue-2,a.b_c,DOM\\user,host$,m\xC3\xBCller"}},
      {"a name as long as a user's", {"SOCKET", long_name}},
      {"all of them", {"exempt=root,rescue", "timeout=9", "SOCKET"}},
  };
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  Host host(sandbox, "sshd", "alice");
  const Module module;
  for (const Case& c : cases) {
    take_log();
    expect_number(module.call(host, Operation::account, with_socket(sandbox, c.options)),
                  PAM_SUCCESS, c.name);
    expect_number(static_cast<long long>(take_log().size()), 0, c.name);
  }
}

void every_name_of_a_list_is_exempt(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  for (const char* user : {"root", "rescue", "last"}) {
    Host host(sandbox, "sshd", user);
    expect_number(module.call(host, Operation::authenticate,
                              {sandbox.socket_option(), "exempt=root,rescue,last"}),
                  PAM_IGNORE, user);
  }
}

// The name is PAM_USER's alone: PAM_RUSER is chosen by the far end in the r-services.
void the_remote_user_is_never_exempt(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "");
  const ScriptedDaemon daemon(sandbox.socket(), answers({}));
  const Module module;
  Host host(sandbox, "sshd", "alice");
  host.set_item(PAM_RUSER, "root");
  assert_int_equal(module.call(host, Operation::account, {sandbox.socket_option(), "exempt=root"}),
                   PAM_SUCCESS);
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(malformed_options_refuse_with_one_line),
      cmocka_unit_test(well_formed_options_are_taken_in_any_order),
      cmocka_unit_test(every_name_of_a_list_is_exempt),
      cmocka_unit_test(the_remote_user_is_never_exempt),
  };
  return cmocka_run_group_tests_name("options", tests, nullptr, nullptr);
}
