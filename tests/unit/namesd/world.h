// SPDX-License-Identifier: Apache-2.0
//
// A host's names for namesd's tests, and questions to its desk.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/accounts/names_file.h"
#include "core/accounts/taken_names.h"
#include "daemon/namesd/desk.h"
#include "ipc/varlink.h"

namespace latchkey::namesd::testing {

inline constexpr accounts::IdRange kRange{1'879'048'192, 2'147'352'575};
inline constexpr std::uint32_t kIdOfGuest = 1'972'521'211;  // of "alice", who is nowhere there

// bob and locked lou, developers and Ops; bob is a developer and in the host's docker.
inline accounts::NamesContent content() {
  return {.settings = {.enumerate = false,
                       .provisional = true,
                       .ids = kRange,
                       .home = "/home/%u",
                       .shell = "/bin/bash"},
          .users = {{"bob", 200'002, 200'002, accounts::AccountState::active, 0, "/home/bob",
                     "/bin/sh", "Bob, the"},
                    {"lou", 200'003, 200'003, accounts::AccountState::locked, 0, "/srv/lou",
                     "/bin/bash", ""}},
          .groups = {{"Ops", 200'011}, {"developers", 200'010}},
          .members = {
              {"developers", "bob"}, {"developers", "lou"}, {"docker", "bob"}, {"root", "bob"}}};
}

inline const std::string kPasswd = "root:x:0:0:root:/root:/bin/bash\nlocal:x:2000:2000:::\n";
inline const std::string kGroup = "root:x:0:\nlocal:x:2000:\ndocker:x:990:\n";

inline Desk::Shown shown(accounts::NamesContent names = content(),
                         const std::string& passwd = kPasswd, const std::string& group = kGroup) {
  return std::make_shared<const Book>(
      std::make_shared<const accounts::Names>(accounts::Names::make(std::move(names)).value()),
      std::make_shared<const accounts::TakenNames>(accounts::TakenNames::parse(passwd, group)));
}

inline std::string call_text(std::string_view method, std::string_view parameters,
                             std::string_view more = "") {
  return R"({"method":"io.systemd.UserDatabase.)" + std::string(method) + R"(","parameters":)" +
         std::string(parameters) + std::string(more) + "}";
}

// What comes of it, a text a reply, as it goes over the wire without its NUL.
inline std::vector<std::string> replies(Answer answer) {
  std::string out;
  while (!answer.done()) answer.write(out, out.size() + 1);
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < out.size(); at = out.find('\0', at) + 1)
    texts.push_back(out.substr(at, out.find('\0', at) - at));
  return texts;
}

}  // namespace latchkey::namesd::testing
