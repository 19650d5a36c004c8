// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>

#include "ipc/fd.h"

namespace latchkey::endd {
namespace {

constexpr std::size_t kFileMost = 8'192;  // of /proc/PID/status, the longest that is read
constexpr std::size_t kFamilyMost = 65'536;

// What can be read, and the errno of what cannot.
struct Text {
  std::string bytes;
  int error = 0;
};

Text read_file(const std::string& path) {
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {{}, errno};
  std::array<char, kFileMost> buffer{};
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + have, buffer.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {{}, errno};
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return {{buffer.data(), have}};
}

// proc(5): "PID (COMM) STATE PPID PGRP SESSION TTY … NUM_THREADS ITREALVALUE STARTTIME …"; COMM may
// hold anything.
bool read_stat(std::string_view text, Process& process, unsigned& threads) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return false;
  process.comm = text.substr(open + 1, close - open - 1);
  std::istringstream fields{std::string(text.substr(close + 1))};
  long long skipped = 0;
  long long terminal = 0;
  fields >> process.state >> process.parent >> skipped >> process.session >> terminal;
  constexpr int kBetween = 12;  // tpgid to nice
  for (int i = 0; i < kBetween; ++i) fields >> skipped;
  fields >> threads >> skipped >> process.start;
  process.terminal = static_cast<std::uint32_t>(terminal);
  return !fields.fail() && process.start != 0;
}

bool read_uids(std::string_view status, Process& process) {
  constexpr std::string_view kLine = "\nUid:\t";
  const auto at = status.find(kLine);
  if (at == std::string_view::npos) return false;
  std::istringstream numbers{std::string(status.substr(at + kLine.size()))};
  numbers >> process.real_uid >> process.uid;
  return !numbers.fail();
}

// One pid for each namespace from the reader's down; there is no such line on kernels without.
bool read_contained(std::string_view status) {
  constexpr std::string_view kLine = "\nNSpid:\t";
  const auto at = status.find(kLine);
  if (at == std::string_view::npos) return false;
  const std::string_view pids = status.substr(at + kLine.size());
  return pids.substr(0, pids.find('\n')).find('\t') != std::string_view::npos;
}

// Of an audit session, or a login's uid: none is the same number of both.
std::uint32_t read_audit_number(std::string_view text) {
  std::uint32_t number = kNoAuditSession;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// There is no room just now, which says nothing about what was to be read.
bool no_room(int error) { return error == ENOMEM || error == EMFILE || error == ENFILE; }

// The threads of a process that are listed, with what `visit` says to each; false where it says so,
// or where the list cannot be read to its end.
bool each_thread(const std::string& folder_of_process,
                 const std::function<bool(const std::string& tid)>& visit) {
  const std::string threads = folder_of_process + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(threads.c_str()), ::closedir);
  if (folder == nullptr) return false;
  for (errno = 0; const dirent* entry = ::readdir(folder.get()); errno = 0) {
    if (entry->d_name[0] != '.' && !visit(entry->d_name)) return false;
  }
  return errno == 0;
}

}  // namespace

// What cannot be read for any other reason than that it is not there is there, for all we know.
Missing Processes::missing(pid_t pid, int error) const {
  if (no_room(error)) return Missing::passing;
  const bool none = error == ENOENT || error == ESRCH;
  return none && !taken_(pid) ? Missing::gone : Missing::unreadable;
}

tl::expected<Process, Missing> Processes::find(pid_t pid) const {
  const std::string folder = folder_of(pid);
  Process process;
  process.pid = pid;
  const Text stat = read_file(folder + "/stat");
  unsigned threads = 1;
  if (!read_stat(stat.bytes, process, threads)) return tl::unexpected(missing(pid, stat.error));
  const Text status = read_file(folder + "/status");
  if (!read_uids(status.bytes, process)) return tl::unexpected(missing(pid, status.error));
  process.contained = read_contained(status.bytes);
  const Text session = read_file(folder + "/sessionid");
  if (no_room(session.error)) return tl::unexpected(Missing::passing);
  process.audit_session = read_audit_number(session.bytes);
  process.threads_run = process.state == 'Z' && threads > 1 && !threads_ended(pid);
  return process;
}

// The kernel counts those as well that have ended and that a tracer has not waited for. Only what
// is proved is an end: threads that make one another and go are seen by nobody who looks once.
bool Processes::threads_ended(pid_t pid) const {
  const std::string process = folder_of(pid);
  std::set<std::string> ended;
  const bool none_runs = each_thread(process, [&](const std::string& tid) {
    Process thread;
    unsigned count = 0;
    const Text stat = read_file(process + "/task/" + tid + "/stat");
    if (!read_stat(stat.bytes, thread, count) || thread.alive()) return false;
    ended.insert(tid);
    return true;
  });
  const bool none_came = none_runs && each_thread(process, [&](const std::string& tid) {
                           return ended.contains(tid);
                         });
  Process now;
  unsigned threads = 0;
  return none_came && read_stat(read_file(process + "/stat").bytes, now, threads) && !now.alive() &&
         threads == ended.size();
}

std::vector<Process> Processes::all() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  std::vector<Process> all;
  if (folder == nullptr) return all;
  for (errno = 0; const dirent* entry = ::readdir(folder.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    auto process = find(pid);
    if (!process && process.error() == Missing::passing) return {};
    if (process) all.push_back(*std::move(process));
  }
  return errno == 0 ? all : std::vector<Process>();
}

// The kernel lists them by the thread that made them.
std::optional<std::vector<pid_t>> Processes::child_pids(pid_t pid) const {
  const std::string threads = folder_of(pid) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(threads.c_str()), ::closedir);
  std::vector<pid_t> found;
  if (folder == nullptr) return errno == ENOENT ? std::optional(found) : std::nullopt;
  bool listed = false;
  bool any = false;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    any = true;
    const Text list = read_file(threads + "/" + entry->d_name + "/children");
    listed = listed || list.error == 0;
    std::istringstream pids(list.bytes);
    for (pid_t child = 0; pids >> child;) found.push_back(child);
  }
  return any && !listed ? std::nullopt : std::optional(std::move(found));
}

std::vector<Process> Processes::children(const Process& parent) const {
  std::vector<Process> found;
  if (const auto pids = child_pids(parent.pid)) {
    for (const pid_t pid : *pids)
      if (auto process = find(pid)) found.push_back(*std::move(process));
  } else {
    found = all();
  }
  // The pid may be another's by now.
  std::erase_if(found, [&](const Process& process) { return process.parent != parent.pid; });
  return found;
}

std::vector<Process> Processes::family(const Process& leader) const {
  std::vector<Process> found{leader};
  std::set<pid_t> seen{leader.pid, leader.parent};
  for (std::size_t at = 0; at < found.size() && found.size() < kFamilyMost; ++at) {
    const pid_t parent = found[at].pid;
    const auto pids = child_pids(parent);
    if (!pids) return all();
    for (const pid_t pid : *pids) {
      auto process = seen.insert(pid).second ? find(pid) : tl::unexpected(Missing::gone);
      if (!process && process.error() == Missing::passing) return {};
      if (process && process->parent == parent) found.push_back(*std::move(process));
    }
  }
  auto parent = find(leader.parent);
  if (!parent && parent.error() == Missing::passing) return {};
  if (parent) found.push_back(*std::move(parent));
  return found;
}

tl::expected<std::optional<uid_t>, Missing> Processes::login_uid(pid_t pid) const {
  const Text text = read_file(folder_of(pid) + "/loginuid");
  if (no_room(text.error)) return tl::unexpected(Missing::passing);
  const std::uint32_t uid = read_audit_number(text.bytes);
  return uid == kNoAuditSession ? std::nullopt : std::optional<uid_t>(uid);
}

}  // namespace latchkey::endd
