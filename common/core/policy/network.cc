// SPDX-License-Identifier: Apache-2.0
#include "core/policy/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace latchkey::policy {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kBitsBeforeV4 = 96;
constexpr std::size_t kFirstOfV4 = 12;
constexpr std::array<std::uint8_t, kFirstOfV4> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
                 unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
    return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (a[whole] & mask) == (b[whole] & mask);
}

bool only_zeros_behind(const std::array<std::uint8_t, 16>& bytes, unsigned bits) {
  for (unsigned bit = bits; bit < kBits; ++bit)
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
  return true;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  const std::string plain(text.substr(0, text.find('%')));
  if (plain.size() >= INET6_ADDRSTRLEN || plain.find('\0') != std::string::npos)
    return std::nullopt;
  Address address;
  if (::inet_pton(AF_INET, plain.c_str(), address.bytes_.data() + kFirstOfV4) == 1) {
    address.v4_ = plain.size() == text.size();  // IPv4 has no scopes
    return address.v4_ ? std::optional(address) : std::nullopt;
  }
  if (::inet_pton(AF_INET6, plain.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  if (std::equal(kMapped.begin(), kMapped.end(), address.bytes_.begin())) {
    std::fill_n(address.bytes_.begin(), kFirstOfV4, std::uint8_t{0});
    address.v4_ = true;
  }
  return address;
}

tl::expected<Network, std::string> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address || text.find('%') != std::string_view::npos)
    return tl::unexpected<std::string>("it is no IPv4 or IPv6 address");
  if (address->v4_ && slash != std::string_view::npos && text.find(':') != std::string_view::npos)
    return tl::unexpected<std::string>("it is an IPv4 network: write it without '::ffff:'");
  const unsigned before = address->v4_ ? kBitsBeforeV4 : 0;
  Network network;
  network.address_ = *address;
  network.bits_ = kBits;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      bits > kBits - before) {
    return tl::unexpected("its prefix is no number from 0 to " + std::to_string(kBits - before));
  }
  network.bits_ = bits + before;
  if (!only_zeros_behind(address->bytes_, network.bits_))
    return tl::unexpected<std::string>("it has bits behind its prefix");
  return network;
}

bool Network::contains(const Network& other) const {
  return other.bits_ >= bits_ && contains(other.address_);
}

bool Network::contains(const Address& address) const {
  return address.v4_ == address_.v4_ && same_prefix(address.bytes_, address_.bytes_, bits_);
}

}  // namespace latchkey::policy
