// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/checks.h"

#include <algorithm>
#include <utility>

namespace latchkey::endd {
namespace {

tl::unexpected<Refusal> refuse(std::string why) {
  return tl::unexpected(Refusal{Outcome::refused, std::move(why)});
}

bool is_of(const ServiceRule& rule, const Process& process) {
  return std::find(rule.comms.begin(), rule.comms.end(), process.comm) != rule.comms.end();
}

}  // namespace

const Services& default_services() {
  static const Services services{
      {"sshd", {.comms = {"sshd", "sshd-session"}, .whose = Whose::child}},
      {"login", {.comms = {"login"}}},
      {"sudo", {.comms = {"sudo"}, .whose = Whose::caller}},
      {"sudo-i", {.comms = {"sudo"}, .whose = Whose::caller}},
  };
  return services;
}

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ending:
      return "ending";
    case Outcome::gone:
      return "gone";
    case Outcome::unknown:
      return "unknown";
    case Outcome::refused:
      break;
  }
  return "refused";
}

// The uid of the login that this process began. What it has from its parent is the login that the
// service was started in by hand.
tl::expected<std::optional<uid_t>, Missing> Checks::begun_login(const Process& leader) const {
  const auto parent = processes_.find(leader.parent);
  if (!parent && parent.error() == Missing::passing) return tl::unexpected(parent.error());
  if (!parent || parent->audit_session == leader.audit_session) return std::nullopt;
  return processes_.login_uid(leader.pid);
}

tl::expected<uid_t, Refusal> Checks::person_of(const ServiceRule& rule,
                                               const Process& leader) const {
  if (rule.whose == Whose::caller) return leader.real_uid;
  const auto begun = begun_login(leader);
  if (!begun) return refuse("the processes of this host cannot be looked at just now");
  const std::optional<uid_t> login = *begun;
  if (login == 0U) return 0U;
  std::optional<uid_t> person;
  if (rule.whose == Whose::child) {
    for (const Process& child : processes_.children(leader)) {
      if (child.real_uid == 0 || !is_of(rule, child)) continue;
      if (person && *person != child.real_uid)
        return refuse("the process of the session has children of several users");
      person = child.real_uid;
    }
  }
  if (person) return *person;
  if (login) return *login;
  return refuse("the kernel does not say whose session it is: is pam_loginuid in the stack?");
}

tl::expected<Target, Refusal> Checks::examine(std::string_view login) const {
  auto found = records_.find(login);
  if (!found) return refuse(found.error().detail);
  const std::optional<Record>& noted = *found;
  if (!noted) return tl::unexpected(Refusal{Outcome::unknown, "there is no note of that login"});
  const Record& record = *noted;

  const auto service = services_.find(record.service);
  if (service == services_.end()) return refuse("sessions of that service are not ended");
  const ServiceRule& rule = service->second;

  auto leader = processes_.find(record.pid);
  if (!leader && leader.error() != Missing::gone)
    return refuse("the process of the session cannot be looked at");
  if (!leader || !leader->alive() || leader->start != record.start) {
    return tl::unexpected(Refusal{Outcome::gone, "the process of the session has ended"});
  }
  if (leader->uid != leader_uid_) return refuse("the process of the session is not root's");
  const bool caller = rule.whose == Whose::caller;
  // What sudo is called is its caller's choice, who may run it by a link of his own. That it is the
  // one that was noted, and root's, its pid and start say.
  if (!caller && !is_of(rule, *leader))
    return refuse("the process of the session is none of that service");
  const auto uid = person_of(rule, *leader);
  if (!uid) return tl::unexpected(uid.error());
  const std::string& person = caller ? record.ruser : record.user;
  if (*uid == 0 || person == "root") return refuse("sessions of root are not ended");
  return Target{.login = std::string(login),
                .service = record.service,
                .person = person,
                .uid = *uid,
                .caller = caller,
                .leader = *std::move(leader)};
}

}  // namespace latchkey::endd
