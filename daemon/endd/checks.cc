// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/checks.h"

#include <pwd.h>

#include <algorithm>
#include <array>
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
  if (!leader || !leader->alive() || leader->start != record.start) {
    return tl::unexpected(Refusal{Outcome::gone, "the process of the session has ended"});
  }
  if (leader->uid != leader_uid_) return refuse("the process of the session is not root's");
  if (std::find(rule.comms.begin(), rule.comms.end(), leader->comm) == rule.comms.end())
    return refuse("the process of the session is none of that service");

  const std::string& person = rule.caller ? record.ruser : record.user;
  const auto uid = find_user_(person);
  if (!uid) return refuse("there is no such user");
  if (*uid == 0) return refuse("sessions of root are not ended");
  return Target{.login = std::string(login),
                .service = record.service,
                .person = person,
                .uid = *uid,
                .leader = *std::move(leader)};
}

std::optional<uid_t> find_user(const std::string& name) {
  std::array<char, 16'384> texts{};
  passwd entry{};
  passwd* found = nullptr;
  if (name.empty() || ::getpwnam_r(name.c_str(), &entry, texts.data(), texts.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return found->pw_uid;
}

}  // namespace latchkey::endd
