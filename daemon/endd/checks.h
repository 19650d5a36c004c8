// SPDX-License-Identifier: Apache-2.0
//
// Whether a login may be ended, by what root noted and the kernel says now. latchkeyd is not
// believed: it names an id. Whatever it names, nothing but a session of a service of the table is
// touched, opened through our module, by a person who is not root, and still held by the same
// process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "daemon/endd/processes.h"
#include "daemon/endd/record.h"

namespace latchkey::endd {

// What of the kernel's says whose a session is. Names are nobody's word: NSS may know them no more.
enum class Whose : std::uint8_t {
  login,   // the uid of the audit login that the host process itself began (pam_loginuid)
  child,   // the same, and before it the uid of its child that runs the service's own program, as
           // sshd's does; a child that is the user's shell may change its uid
  caller,  // the real uid of the host process, as in sudo
};

// PAM services whose sessions may be ended, and what their host processes are called.
struct ServiceRule {
  std::vector<std::string> comms;
  Whose whose = Whose::login;
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
  std::string person;   // as the note has it, for people to read
  uid_t uid = 0;        // of the person, as the kernel has it; never 0
  bool caller = false;  // who called a program that runs as another: sudo
  Process leader;
};

class Checks {
 public:
  // `leader_uid` is root's; tests have another.
  Checks(Records records, Processes processes, Services services, uid_t leader_uid = 0)
      : records_(std::move(records)),
        processes_(std::move(processes)),
        services_(std::move(services)),
        leader_uid_(leader_uid) {}

  tl::expected<Target, Refusal> examine(std::string_view login) const;

  const Records& records() const { return records_; }
  const Processes& processes() const { return processes_; }

 private:
  tl::expected<uid_t, Refusal> person_of(const ServiceRule& rule, const Process& leader) const;
  tl::expected<std::optional<uid_t>, Missing> begun_login(const Process& leader) const;

  Records records_;
  Processes processes_;
  Services services_;
  uid_t leader_uid_;
};

}  // namespace latchkey::endd
