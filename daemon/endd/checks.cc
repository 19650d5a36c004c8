// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/checks.h"

#include <algorithm>
#include <utility>

namespace latchkey::endd {
namespace {

tl::unexpected<Refusal> refuse(std::string why) {
  return tl::unexpected(Refusal{Outcome::refused, std::move(why)});
}

}  // namespace

const Services& default_services() {
  static const Services services{
      {"sshd", {.comms = {"sshd", "sshd-session"}}},
      {"login", {.comms = {"login"}}},
      {"sudo", {.comms = {"sudo"}, .caller = true}},
      {"sudo-i", {.comms = {"sudo"}, .caller = true}},
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
  if (!leader && leader.error() == Missing::unreadable)
    return refuse("the process of the session cannot be looked at");
  if (!leader || !leader->alive() || leader->start != record.start) {
    return tl::unexpected(Refusal{Outcome::gone, "the process of the session has ended"});
  }
  if (leader->uid != leader_uid_) return refuse("the process of the session is not root's");
  if (std::find(rule.comms.begin(), rule.comms.end(), leader->comm) == rule.comms.end())
    return refuse("the process of the session is none of that service");

  const std::string& person = rule.caller ? record.ruser : record.user;
  const std::optional<uid_t>& uid = rule.caller ? record.ruid : record.uid;
  if (!uid) return refuse("nobody knew the person's uid when the session was opened");
  if (*uid == 0) return refuse("sessions of root are not ended");
  return Target{.login = std::string(login),
                .service = record.service,
                .person = person,
                .uid = *uid,
                .caller = rule.caller,
                .leader = *std::move(leader)};
}

}  // namespace latchkey::endd
