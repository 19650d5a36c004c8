// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/peers.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ipc/fd.h"

namespace latchkey::namesd {
namespace {

constexpr std::array<std::string_view, 3> kNames{"sshd", "sshd-session", "sshd-auth"};

// What stands behind "Key:\t" in a line of it; empty where there is none.
std::string_view value_of(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    std::string_view line = status.substr(0, status.find('\n'));
    status.remove_prefix(std::min(line.size() + 1, status.size()));
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    return line;
  }
  return {};
}

}  // namespace

bool is_sshd(const ipc::Peer& peer, const std::string& proc) {
  if (peer.uid != 0 || peer.pid <= 0) return false;
  const std::string path = proc + '/' + std::to_string(peer.pid) + "/status";
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return false;
  // Name and Uid stand at the top; a comm holds no newline here, the kernel writes it escaped.
  std::array<char, 1'024> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size <= 0) return false;
  const std::string_view status(text.data(), static_cast<std::size_t>(size));
  const bool named =
      std::find(kNames.begin(), kNames.end(), value_of(status, "Name:\t")) != kNames.end();
  return named && value_of(status, "Uid:\t").starts_with("0\t0\t");
}

}  // namespace latchkey::namesd
