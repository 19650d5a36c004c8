// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include <fmt/format.h>

#include "ipc/fd.h"

namespace latchkey::endd {
namespace {

// Linux' Documentation/admin-guide/devices.txt: Unix98 pseudo terminals.
constexpr unsigned kFirstMajor = 136;
constexpr unsigned kLastMajor = 143;
constexpr unsigned kMinorsOfMajor = 256;
constexpr std::size_t kTerminalsMost = 64;

// proc(5), tty_nr: "the minor device number is contained in the combination of bits 31 to 20 and 7
// to 0; the major device number is in bits 15 to 8".
unsigned major_of(std::uint32_t device) { return device >> 8U & 0xffU; }
unsigned minor_of(std::uint32_t device) { return (device & 0xffU) | (device >> 20U << 8U); }

}  // namespace

std::string sentence(std::string_view cause, std::int64_t grace_s) {
  const std::string_view why = cause == "expired" ? "the sign-in that opened it has expired"
                               : cause == "administrator"
                                   ? "an administrator ends it"
                                   : "the sign-in that opened it was revoked";
  return fmt::format("Latchkey: this session ends {}: {}.",
                     grace_s == 0 ? "now" : fmt::format("in {} s", grace_s), why);
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  return out;
}

ipc::Result<void> Terminals::tell(std::uint32_t device, uid_t owner, std::string_view text) const {
  const unsigned number = (major_of(device) - kFirstMajor) * kMinorsOfMajor + minor_of(device);
  if (major_of(device) < kFirstMajor || major_of(device) > kLastMajor)
    return ipc::fault(ipc::FaultKind::denied, "that is no pseudo terminal");
  const std::string path = fmt::format("{}/{}", folder_, number);
  struct stat status {};
  const ipc::Fd look(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!look || ::fstat(look.get(), &status) != 0) return ipc::system_fault(path, errno);
  if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != major_of(device) ||
      minor(status.st_rdev) != minor_of(device)) {
    return ipc::fault(ipc::FaultKind::denied, path + " is another device");
  }
  if (status.st_uid != owner) return ipc::fault(ipc::FaultKind::denied, path + " is another's");
  // Through what was looked at: the name may have come to mean something else.
  const std::string same = fmt::format("/proc/self/fd/{}", look.get());
  const ipc::Fd terminal(::open(same.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!terminal) return ipc::system_fault(path, errno);
  const std::string line = "\r\n" + one_line(text) + "\r\n";
  if (::write(terminal.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return ipc::system_fault(path, errno);
  return {};
}

std::size_t Terminals::tell_all(std::span<const Process> processes, uid_t owner,
                                std::string_view text) const {
  std::set<std::uint32_t> seen;
  std::size_t told = 0;
  for (const Process& process : processes) {
    if (process.terminal == 0 || seen.size() == kTerminalsMost) continue;
    if (seen.insert(process.terminal).second && tell(process.terminal, owner, text)) ++told;
  }
  return told;
}

}  // namespace latchkey::endd
