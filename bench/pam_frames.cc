// SPDX-License-Identifier: Apache-2.0
#include "bench/pam_frames.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "wire/codec.h"

namespace latchkey::bench {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    std::fprintf(stderr, "the socket's path is too long\n");
    std::exit(2);
  }
  path.copy(address.sun_path, path.size());
  return address;
}

std::vector<std::byte> begin_frame(std::string_view service, std::string_view user,
                                   std::string_view rhost) {
  std::array<std::byte, wire::kBeginFrameMost> frame;
  const wire::Encoded begin = wire::encode_begin({.operation = wire::Operation::authenticate,
                                                  .pid = ::getpid(),
                                                  .ppid = ::getppid(),
                                                  .service = service,
                                                  .user = user,
                                                  .rhost = rhost,
                                                  .tty = "ssh"},
                                                 frame);
  return {frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(begin.size)};
}

std::string_view reason_in(std::string_view text) {
  const std::size_t end = text.rfind(", request ");
  if (end == std::string_view::npos) return {};
  const std::size_t start = text.rfind('(', end);
  if (start == std::string_view::npos) return {};
  return text.substr(start + 1, end - start - 1);
}

}  // namespace latchkey::bench
