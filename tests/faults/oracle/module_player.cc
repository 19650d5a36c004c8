// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/oracle/module_player.h"

#include <poll.h>
#include <security/pam_appl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bench/pam_answers.h"
#include "bench/pam_frames.h"

namespace latchkey::faults {
namespace {

std::string name(int code) {
  return code == PAM_SUCCESS ? std::string("allow") : "pam_" + std::to_string(code);
}

// The outcome of one transaction, and the message that it showed.
std::pair<int, std::string> transact(const ModuleOptions& options, const Class& kind,
                                     Login& login) {
  bench::PamAnswers answers(std::move(login.token));
  const pam_conv conversation = answers.conversation();
  pam_handle_t* handle = nullptr;
  int code = pam_start_confdir(kind.service.c_str(), kind.user.c_str(), &conversation,
                               options.confdir.c_str(), &handle);
  if (code != PAM_SUCCESS) return {code, {}};
  pam_set_item(handle, PAM_RHOST, login.rhost.c_str());
  pam_set_item(handle, PAM_TTY, "ssh");
  code = pam_authenticate(handle, 0);
  pam_end(handle, code);
  return {code, answers.last_message()};
}

// Until that time, or until the harness says something.
void wait_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  ::poll(&input, 1, static_cast<int>(std::max<long long>(left.count(), 0)));
}

}  // namespace

void play_module(const ModuleOptions& options, Schedule& schedule, Commands& commands,
                 Records& records) {
  const auto step =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options.rate));
  auto due = Clock::now();
  while (true) {
    commands.take(schedule);
    records.flush(Clock::now(), commands.taken());
    if (commands.ended()) return;
    if (Clock::now() < due) {
      wait_until(due);
      continue;
    }
    // What could not be made while one waited is not made up for.
    due = std::max(due + step, Clock::now());
    std::optional<Login> login = schedule.next();
    if (!login) continue;
    const Class& kind = schedule.classes()[login->kind];
    const auto started = Clock::now();
    const auto [code, message] = transact(options, kind, *login);
    records.add({started, started, Clock::now()}, kind.name,
                {name(code), bench::reason_in(message)});
  }
}

}  // namespace latchkey::faults
