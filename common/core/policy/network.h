// SPDX-License-Identifier: Apache-2.0
//
// Where a peer is: its address, as the host process wrote it, and the networks that a rule names.
// IPv4 written as IPv6 (::ffff:192.0.2.1) is the IPv4 address, and no IPv6 network holds it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace latchkey::policy {

class Address {
 public:
  // RFC 4291 section 2.2 and dotted decimal; a scope ("%eth0") is passed over. Nothing where it is
  // anything else, such as the name of a host. Any bytes.
  static std::optional<Address> parse(std::string_view text);

 private:
  friend class Network;
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = false;  // in the last four bytes
};

class Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or an address alone. The error says what is wrong with it, bits
  // behind the prefix among it.
  static tl::expected<Network, std::string> parse(std::string_view text);

  bool contains(const Address& address) const;
  bool contains(const Network& other) const;  // all of it

 private:
  Address address_;
  unsigned bits_ = 0;  // of the 128
};

}  // namespace latchkey::policy
