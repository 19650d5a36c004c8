// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/latchkeyd/service/budgets.h"

namespace latchkey::latchkeyd {
namespace {

// Who is on the host has all of its loopback addresses at hand.
constexpr std::string_view kThisHost = "127.0.0.1";
constexpr unsigned kLoopbackNet = 127;

std::string ipv4(const in_addr& address) {
  if (ntohl(address.s_addr) >> 24 == kLoopbackNet) return std::string(kThisHost);
  char out[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &address, out, sizeof out);
  return out;
}

std::optional<std::string> ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ipv4(address);
}

// An IPv6 host has its whole /64 at hand, so that is what one source is. ::ffff:a.b.c.d is the IPv4
// address.
std::optional<std::string> ipv6_network(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &address) != 1)
    return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr mapped{};
    std::memcpy(&mapped, address.s6_addr + 12, sizeof mapped);
    return ipv4(mapped);
  }
  if (IN6_IS_ADDR_LOOPBACK(&address)) return std::string(kThisHost);
  char out[INET6_ADDRSTRLEN];
  std::memset(address.s6_addr + 8, 0, 8);
  ::inet_ntop(AF_INET6, &address, out, sizeof out);
  return std::string(out) + "/64";
}

std::string host(const std::string& rhost) {
  if (auto address = ipv4(rhost)) return *address;
  if (auto network = ipv6_network(rhost)) return *network;
  std::string name = rhost;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

}  // namespace

std::string source_of(const LoginRequest& request, bool sudo) {
  // The kinds are told apart, so that a user called "10.0.0.1" is not that host. NUL cannot stand
  // in a frame's string.
  const std::string start = request.service + '\0';
  if (!sudo && !request.rhost.empty()) return start + 'h' + host(request.rhost);
  if (!request.ruser.empty()) return start + 'u' + request.ruser;
  return start + 't' + request.tty;
}

std::string origin_of(std::string_view source) {
  return std::string(source.substr(source.find('\0') + 1));
}

}  // namespace latchkey::latchkeyd
