// SPDX-License-Identifier: Apache-2.0
//
// Root's notes of sessions, as the PAM module left them (pam_module/session_record.h). This is all
// that endd knows of a login; whoever asks names an id and nothing else. What is no whole note, or
// could have been written by anybody but root, is none.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/fault.h"

namespace latchkey::endd {

struct Record {
  std::string service;           // PAM_SERVICE
  std::string user;              // PAM_USER
  std::string ruser;             // PAM_RUSER; in sudo who called
  pid_t pid = 0;                 // the host process, which waits for the end of the session
  unsigned long long start = 0;  // when it began, in ticks since the boot
};

// 32 lower-case hex digits.
bool is_login_id(std::string_view text);

class Records {
 public:
  // `owner` is root's; tests have another.
  explicit Records(std::string folder, uid_t owner = 0)
      : folder_(std::move(folder)), owner_(owner) {}

  // Nothing where there is no note of that id. Faults: denied (the folder or the note is not
  // root's alone), malformed, system.
  ipc::Result<std::optional<Record>> find(std::string_view login) const;
  void remove(std::string_view login) const;
  // The logins of notes that were written so long ago; at most `most`.
  std::vector<std::string> older_than(std::chrono::seconds age, std::size_t most) const;

 private:
  ipc::Result<int> open_folder() const;

  std::string folder_;
  uid_t owner_;
};

// A note's text; nothing where it is not one to the letter.
std::optional<Record> parse_record(std::string_view text);

}  // namespace latchkey::endd
