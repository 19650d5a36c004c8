// SPDX-License-Identifier: Apache-2.0
//
// What a login comes to in real stacks, by libpam itself: those of SECURITY section 3, with each
// result of the module, and the shipped ones of PLATFORM section 8. pam_debug stands for "another
// module that says so".
#include <security/pam_modules.h>

#include <utility>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;
using wire::Result;

Reply reply_of(Result result) {
  return {.result = result, .text = "", .environment = {}, .groups = {}};
}

// One result of the module in authenticate, and how it is brought about.
struct Cause {
  const char* name;
  int column;  // of kStacks
  Script script;
  const char* options;  // instead of the daemon's socket
  const char* module = "MODULE";
};

enum Column { kSuccess, kIgnore, kUnavail, kOther, kColumns };

const std::vector<Cause>& causes() {
  static const std::vector<Cause> all = {
      {"success", kSuccess, answers({}), "OPTIONS"},
      {"ignore (exempt)", kIgnore, answers({}), "OPTIONS exempt=alice"},
      {"authinfo_unavail (said so)", kUnavail, answers(reply_of(Result::unavailable)), "OPTIONS"},
      {"authinfo_unavail (daemon gone)", kUnavail, answers({}), "socket=/nowhere/pam.sock"},
      {"auth_err (refused)", kOther, answers(reply_of(Result::refused)), "OPTIONS"},
      {"auth_err (not managed)", kOther, answers(reply_of(Result::not_managed)), "OPTIONS"},
      {"user_unknown", kOther, answers(reply_of(Result::user_unknown)), "OPTIONS"},
      {"conv_err", kOther, answers(reply_of(Result::conversation)), "OPTIONS"},
      {"service_err (option)", kOther, answers({}), "OPTIONS debug"},
      {"service_err (frame)", kOther, sends({Frame(3, std::byte{'x'})}), "OPTIONS"},
      {"module file missing", kOther, answers({}), "OPTIONS", "/nowhere/pam_latchkey.so"},
  };
  return all;
}

// The stacks of SECURITY section 3; L is our line's module and options. True means the login is
// open.
struct Stack {
  const char* name;
  const char* text;
  bool open[kColumns];
};

constexpr Stack kStacks[] = {
    {"alone required", "auth required L\n", {true, false, false, false}},
    {"required after another success",
     "auth required pam_debug.so auth=success\nauth required L\n",
     {true, true, false, false}},
    {"sufficient, then deny",
     "auth sufficient L\nauth required pam_deny.so\n",
     {true, false, false, false}},
    {"success=1 default=ignore, deny, permit",
     "auth [success=1 default=ignore] L\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
     {true, false, false, false}},
    {"authinfo_unavail=ignore default=bad after a success",
     "auth required pam_debug.so auth=success\n"
     "auth [success=ok authinfo_unavail=ignore default=bad] L\n",
     {true, false, true, false}},
    {"sufficient, then permit",
     "auth sufficient L\nauth required pam_permit.so\n",
     {true, true, true, true}},
    {"optional after a success",
     "auth required pam_debug.so auth=success\nauth optional L\n",
     {true, true, true, true}},
    {"success=ok default=die", "auth [success=ok default=die] L\n", {true, false, false, false}},
    {"requisite, then permit",
     "auth requisite L\nauth required pam_permit.so\n",
     {true, true, false, false}},
    {"a leading dash, required after another success",
     "auth required pam_debug.so auth=success\n-auth required L\n",
     {true, true, false, false}},
};

std::string with_line(std::string text, const Cause& cause) {
  const std::string line = std::string(cause.module) + " " + cause.options + "\n";
  for (std::size_t at = 0; (at = text.find(" L\n", at)) != text.npos; at += line.size()) {
    text.replace(at + 1, 2, line);
  }
  return text;
}

void each_result_opens_or_denies_as_the_table_says(void**) {
  for (const Cause& cause : causes()) {
    const Sandbox sandbox;
    const ScriptedDaemon daemon(sandbox.socket(), cause.script);
    for (const Stack& stack : kStacks) {
      sandbox.write_stack("probe", with_line(stack.text, cause));
      Host host(sandbox, "probe", "alice");
      const bool open = host.call(Operation::authenticate) == PAM_SUCCESS;
      expect_number(open, stack.open[cause.column],
                    std::string(stack.name) + " with " + cause.name);
    }
  }
}

// PLATFORM section 8: pam_debug is what common-auth, common-account and pam_unix would say of a
// local user.
std::string shipped(const std::string& local, const std::string& options,
                    const std::string& module = "MODULE") {
  const std::string skip =
      " [success=1 default=ignore] pam_succeed_if.so quiet user in root:rescue\n";
  const std::string line = module + " " + options + " exempt=root,rescue\n";
  return "auth" + skip +  //
         "auth [success=done ignore=ignore module_unknown=ignore default=die] " + line +
         "auth required pam_debug.so auth=" + local + "\n" +  //
         "account" + skip +                                   //
         "account [success=ok ignore=ignore default=die] " + line +
         "account required pam_debug.so acct=" + local + "\n" +  //
         "session" + skip +                                      //
         "session [success=ok ignore=ignore default=die] " + line +
         "session required pam_permit.so\n";
}

// What of a login passes: a letter each for authenticate, account, setcred, open and close, a dot
// for what does not. As in sshd the first two run in one process and handle, setcred and open in
// another. Close has one of its own: libpam remembers a refused open, and would answer for us.
std::string passes(const Sandbox& sandbox, const char* user) {
  Host child(sandbox, "sshd", user);
  Host monitor(sandbox, "sshd", user);
  Host end(sandbox, "sshd", user);
  const std::pair<Host*, Operation> order[] = {{&child, Operation::authenticate},
                                               {&child, Operation::account},
                                               {&monitor, Operation::setcred},
                                               {&monitor, Operation::open_session},
                                               {&end, Operation::close_session}};
  std::string seen;
  for (const auto& [host, operation] : order) {
    const int flags = operation == Operation::setcred ? PAM_ESTABLISH_CRED : 0;
    seen += host->call(operation, flags) == PAM_SUCCESS ? name(operation)[0] : '.';
  }
  return seen;
}

struct ShippedCase {
  const char* name;
  const char* user;
  const char* local;  // what the rest of the stack says
  Script script;
  const char* options;
  const char* want;
  const char* module = "MODULE";
};

void the_shipped_stack_holds(void**) {
  const char* all_open = "aasoc";
  const ShippedCase cases[] = {
      {"a token is enough", "alice", "perm_denied", answers({}), "OPTIONS", "a.soc"},
      {"a token and a good account", "alice", "success", answers({}), "OPTIONS", all_open},
      {"refused", "alice", "success", answers(reply_of(Result::refused)), "OPTIONS", "....c"},
      {"unknown here", "alice", "success", answers(reply_of(Result::user_unknown)), "OPTIONS",
       "....c"},
      {"no verdict", "alice", "success", answers(reply_of(Result::unavailable)), "OPTIONS",
       "....c"},
      {"daemon gone", "alice", "success", answers({}), "socket=/nowhere/pam.sock", "....c"},
      {"a bad option refuses a managed user", "alice", "success", answers({}), "OPTIONS debug",
       "....."},
      // In a process that did not authenticate, pam_succeed_if ignores setcred, so our line is
      // reached. sshd heeds that after a password only: root's key gets in.
      {"a bad option spares root but for setcred in sshd's monitor", "root", "success", answers({}),
       "OPTIONS debug", "aa.oc"},
      {"root with a dead daemon", "root", "success", answers({}), "socket=/nowhere/pam.sock",
       all_open},
      {"rescue with a dead daemon", "rescue", "success", answers({}), "socket=/nowhere/pam.sock",
       all_open},
      {"root with a daemon that refuses all", "root", "success", answers(reply_of(Result::refused)),
       "OPTIONS", all_open},
      {"root where the rest refuses", "root", "perm_denied", answers({}), "OPTIONS", "..soc"},
      {"root without the module's file", "root", "success", answers({}), "OPTIONS", all_open,
       "/nowhere/pam_latchkey.so"},
      {"a managed user without the module's file", "alice", "success", answers({}), "OPTIONS",
       "a.s..", "/nowhere/pam_latchkey.so"},
      {"a rescue name that only begins so", "rescue2", "success",
       answers(reply_of(Result::refused)), "OPTIONS", "....c"},
  };
  for (const ShippedCase& c : cases) {
    const Sandbox sandbox;
    const ScriptedDaemon daemon(sandbox.socket(), c.script);
    sandbox.write_stack("sshd", shipped(c.local, c.options, c.module));
    expect_text(passes(sandbox, c.user), c.want, c.name);
  }
}

// A user who is not managed has no token to show; the rest of the stack decides about account and
// session.
void a_user_who_is_not_managed_is_left_to_the_rest_of_the_stack(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers(reply_of(Result::not_managed)));
  sandbox.write_stack("sshd", shipped("success", "OPTIONS"));
  Host host(sandbox, "sshd", "backup");
  assert_int_equal(host.call(Operation::account), PAM_SUCCESS);
  assert_int_equal(host.call(Operation::open_session), PAM_SUCCESS);
  sandbox.write_stack("sshd", shipped("perm_denied", "OPTIONS"));
  Host refused(sandbox, "sshd", "backup");
  assert_int_equal(refused.call(Operation::account), PAM_PERM_DENIED);
}

// An expired local password must not take a refusal of ours away (PLATFORM section 8): our account
// line stands first.
void an_expired_local_password_does_not_open_what_was_refused(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), answers(reply_of(Result::refused)));
  sandbox.write_stack("sudo",
                      "account [success=ok ignore=ignore default=die] MODULE OPTIONS\n"
                      "account [success=1 new_authtok_reqd=done default=ignore] pam_debug.so "
                      "acct=new_authtok_reqd\n"
                      "account requisite pam_deny.so\naccount required pam_permit.so\n");
  Host host(sandbox, "sudo", "alice");
  assert_int_equal(host.call(Operation::account), PAM_PERM_DENIED);
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(each_result_opens_or_denies_as_the_table_says),
      cmocka_unit_test(the_shipped_stack_holds),
      cmocka_unit_test(a_user_who_is_not_managed_is_left_to_the_rest_of_the_stack),
      cmocka_unit_test(an_expired_local_password_does_not_open_what_was_refused),
  };
  return cmocka_run_group_tests_name("stacks", tests, nullptr, nullptr);
}
