// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>

#include "ipc/fd.h"

namespace latchkey::endd {
namespace {

constexpr std::size_t kFileMost = 8'192;  // of /proc/PID/status, the longest that is read
constexpr std::size_t kProcessesMost = 65'536;

std::string read_file(const std::string& path) {
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kFileMost> buffer{};
  std::size_t have = 0;
  while (file && have < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + have, buffer.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  return {buffer.data(), have};
}

// proc(5): "PID (COMM) STATE PPID PGRP SESSION TTY … STARTTIME …"; COMM may hold anything.
bool read_stat(std::string_view text, Process& process) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return false;
  process.comm = text.substr(open + 1, close - open - 1);
  std::istringstream fields{std::string(text.substr(close + 1))};
  long long skipped = 0;
  long long terminal = 0;
  fields >> process.state >> process.parent >> skipped >> process.session >> terminal;
  constexpr int kBetween = 14;  // tpgid to itrealvalue
  for (int i = 0; i < kBetween; ++i) fields >> skipped;
  fields >> process.start;
  process.terminal = static_cast<std::uint32_t>(terminal);
  return !fields.fail() && process.start != 0;
}

bool read_uid(std::string_view status, uid_t& uid) {
  constexpr std::string_view kLine = "\nUid:\t";
  const auto at = status.find(kLine);
  if (at == std::string_view::npos) return false;
  std::istringstream numbers{std::string(status.substr(at + kLine.size()))};
  uid_t real = 0;
  numbers >> real >> uid;
  return !numbers.fail();
}

std::uint32_t read_audit_session(std::string_view text) {
  std::uint32_t session = kNoAuditSession;
  std::from_chars(text.data(), text.data() + text.size(), session);
  return session;
}

}  // namespace

std::optional<Process> Processes::find(pid_t pid) const {
  const std::string folder = folder_ + "/" + std::to_string(pid);
  Process process;
  process.pid = pid;
  if (!read_stat(read_file(folder + "/stat"), process)) return std::nullopt;
  if (!read_uid(read_file(folder + "/status"), process.uid)) return std::nullopt;
  process.audit_session = read_audit_session(read_file(folder + "/sessionid"));
  return process;
}

std::vector<Process> Processes::all() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  std::vector<Process> all;
  if (folder == nullptr) return all;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (auto process = find(pid)) all.push_back(*std::move(process));
    if (all.size() == kProcessesMost) break;
  }
  return all;
}

std::vector<Process> members(std::span<const Process> all, const Process& leader, pid_t self) {
  const Process* parent = nullptr;
  for (const Process& process : all) {
    if (process.pid == leader.parent) parent = &process;
  }
  // Within sudo the audit session is that of the login around it, which is not to end.
  const bool own_audit = leader.audit_session != kNoAuditSession && parent != nullptr &&
                         parent->audit_session != leader.audit_session;
  std::set<pid_t> known{leader.pid};
  std::vector<Process> found;
  for (bool more = true; more;) {
    more = false;
    for (const Process& process : all) {
      if (process.pid <= 1 || process.pid == self || known.contains(process.pid)) continue;
      const bool descends = known.contains(process.parent);
      const bool led = known.contains(process.session);
      const bool audited = own_audit && process.audit_session == leader.audit_session;
      if (!descends && !led && !audited) continue;
      known.insert(process.pid);
      found.push_back(process);
      more = true;
    }
  }
  return found;
}

}  // namespace latchkey::endd
