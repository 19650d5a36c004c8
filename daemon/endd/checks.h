// SPDX-License-Identifier: Apache-2.0
//
// Whether a login may be ended, by what root noted and the kernel says now. latchkeyd is not
// believed: it names an id. Whatever it names, nothing but a session of a service of the table is
// touched, opened through our module, by a person who is not root, and still held by the same
// process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "daemon/endd/processes.h"
#include "daemon/endd/record.h"

namespace latchkey::endd {

// PAM services whose sessions may be ended, and what their host processes are called.
struct ServiceRule {
  std::vector<std::string> comms;
  bool caller = false;  // the person is PAM_RUSER, as in sudo
};
using Services = std::map<std::string, ServiceRule, std::less<>>;
const Services& default_services();

enum class Outcome : std::uint8_t { ending, gone, unknown, refused };
std::string_view name(Outcome outcome);

struct Refusal {
  Outcome outcome = Outcome::refused;  // never ending
  std::string why;
};

struct Target {
  std::string login;
  std::string service;
  std::string person;
  uid_t uid = 0;  // of the person; never 0
  Process leader;
};

class Checks {
 public:
  // The uid of a local name.
  using FindUser = std::function<std::optional<uid_t>(const std::string&)>;

  // `leader_uid` is root's; tests have another.
  Checks(Records records, Processes processes, Services services, FindUser find_user,
         uid_t leader_uid = 0)
      : records_(std::move(records)),
        processes_(std::move(processes)),
        services_(std::move(services)),
        find_user_(std::move(find_user)),
        leader_uid_(leader_uid) {}

  tl::expected<Target, Refusal> examine(std::string_view login) const;

  const Records& records() const { return records_; }
  const Processes& processes() const { return processes_; }

 private:
  Records records_;
  Processes processes_;
  Services services_;
  FindUser find_user_;
  uid_t leader_uid_;
};

// getpwnam_r(3).
std::optional<uid_t> find_user(const std::string& name);

}  // namespace latchkey::endd
