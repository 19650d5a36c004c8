// SPDX-License-Identifier: Apache-2.0
//
// A host for endd's tests: a folder of notes, a /proc made of files, and users that are made up.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "daemon/endd/checks.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::endd::testing {

inline const std::string kLogin = "0123456789abcdef0123456789abcdef";

// A process as /proc shows it.
struct FakeProcess {
  pid_t pid = 0;
  pid_t parent = 1;
  std::string comm = "bash";
  unsigned long long start = 100;
  pid_t session = 0;
  uid_t uid = 0;
  char state = 'S';
  std::uint32_t terminal = 0;
  std::uint32_t audit = kNoAuditSession;
  std::uint32_t login_uid = kNoAuditSession;
  std::optional<uid_t> real_uid = {};  // nothing: the same
  bool contained = false;
  std::string threads = {};  // the state of each; empty: none but the first
};

struct World {
  World() {
    std::filesystem::create_directory(folder / "notes");
    ::chmod((folder / "notes").c_str(), 0700);
    std::filesystem::create_directory(folder / "proc");
  }

  void put(const FakeProcess& process) const {
    const std::string place = folder / ("proc/" + std::to_string(process.pid));
    std::filesystem::create_directories(place);
    std::ofstream(place + "/stat") << process.pid << " (" << process.comm << ") " << process.state
                                   << ' ' << process.parent << " 7 " << process.session << ' '
                                   << process.terminal << " -1 4194560 1 2 3 4 5 6 7 8 20 0 "
                                   << (process.threads.empty() ? 1 : process.threads.size())
                                   << " 0 " << process.start << " 1000 2\n";
    std::ofstream(place + "/status")
        << "Name:\tx\nUid:\t" << process.real_uid.value_or(process.uid) << '\t' << process.uid
        << "\t4711\t4711\nNSpid:\t" << process.pid << (process.contained ? "\t7\n" : "\n");
    std::ofstream(place + "/sessionid") << process.audit;
    std::ofstream(place + "/loginuid") << process.login_uid;
    const std::string tasks = place + "/task/";
    for (std::size_t i = 0; i < process.threads.size(); ++i) {
      const std::string task = tasks + std::to_string(process.pid + static_cast<pid_t>(i));
      std::filesystem::create_directories(task);
      if (process.threads[i] == '-') continue;  // it went while it was looked at
      std::ofstream(task + "/stat") << process.pid << " (x) " << process.threads[i]
                                    << " 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 2 0 100\n";
    }
    children_of(process.pid);
    std::ofstream(children_of(process.parent), std::ios::app) << process.pid << ' ';
  }
  // Where the kernel lists what the process has made, given to another since or not.
  std::string children_of(pid_t pid) const {
    const std::string number = std::to_string(pid);
    const std::string place = folder / ("proc/" + number + "/task/" + number);
    std::filesystem::create_directories(place);
    std::string list = place + "/children";
    std::ofstream(list, std::ios::app) << "";
    return list;
  }
  void end(pid_t pid) const {
    std::filesystem::remove_all(folder / ("proc/" + std::to_string(pid)));
  }

  std::string path(const std::string& login = kLogin) const { return folder / ("notes/" + login); }
  void note(const std::string& text, const std::string& login = kLogin, mode_t mode = 0600) const {
    std::ofstream(path(login)) << text;
    ::chmod(path(login).c_str(), mode);
  }
  static std::string text(const std::string& service = "sshd", const std::string& user = "alice",
                          const std::string& ruser = "", pid_t pid = 500,
                          unsigned long long start = 100) {
    return "latchkey-session 1\nservice=" + service + "\nuser=" + user + "\nruser=" + ruser +
           "\npid=" + std::to_string(pid) + "\nstart=" + std::to_string(start) + "\nend\n";
  }
  // An ssh session of alice, whole: the host process, her sshd, her shell.
  void ssh_session() const {
    put({.pid = 400, .comm = "sshd", .start = 50});
    put({.pid = 500, .parent = 400, .comm = "sshd"});
    put({.pid = 501, .parent = 500, .comm = "sshd", .start = 101, .session = 501, .uid = 1000});
    put({.pid = 502, .parent = 501, .start = 102, .session = 502, .uid = 1000});
    note(text());
  }

  // Those of the folder and no others.
  Processes processes() const {
    return Processes(folder / "proc", [](pid_t) { return false; });
  }
  Checks checks() const {
    return Checks(Records(folder / "notes", ::getuid()), processes(), default_services());
  }

  test::TemporaryFolder folder;
};

}  // namespace latchkey::endd::testing
