// SPDX-License-Identifier: Apache-2.0
#include "core/policy/network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::policy {
namespace {

struct Case {
  std::string network;
  std::string address;
  bool want;
};

TEST(Network, HoldsTheAddressesOfItsPrefixAndNoOther) {
  const std::vector<Case> cases = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"192.0.2.7/32", "192.0.2.7", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::1", "::1", true},
      {"fe80::/10", "fe80::1%eth0", true},
      {"::/0", "2001:db8::1", true},
  };
  for (const auto& c : cases) {
    const auto network = Network::parse(c.network);
    const auto address = Address::parse(c.address);
    ASSERT_TRUE(network && address) << c.network << ' ' << c.address;
    EXPECT_EQ(network->contains(*address), c.want) << c.network << ' ' << c.address;
  }
}

// An sshd that listens on :: and takes IPv4 says ::ffff:192.0.2.7 of a peer.
TEST(Network, OfIpv4HoldsWhatIsWrittenAsIpv6AndTheOtherWayRound) {
  const auto four = Network::parse("192.0.2.0/24").value();
  EXPECT_TRUE(four.contains(Address::parse("::ffff:192.0.2.7").value()));
  EXPECT_TRUE(Network::parse("::ffff:192.0.2.7")->contains(Address::parse("192.0.2.7").value()));
  EXPECT_FALSE(Network::parse("::/0")->contains(Address::parse("192.0.2.7").value()));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(Address::parse("::1").value()));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(Address::parse("::192.0.2.7").value()));
}

TEST(Network, HoldsAnotherWhereItHoldsAllOfIt) {
  const auto holds = [](const char* wide, const char* narrow) {
    return Network::parse(wide)->contains(Network::parse(narrow).value());
  };
  EXPECT_TRUE(holds("10.0.0.0/8", "10.1.0.0/16"));
  EXPECT_TRUE(holds("10.0.0.0/8", "10.0.0.0/8"));
  EXPECT_TRUE(holds("10.0.0.0/8", "10.0.0.1"));
  EXPECT_FALSE(holds("10.1.0.0/16", "10.0.0.0/8"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0/8"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::/0"));
}

TEST(Network, AnythingElseIsNoneAndSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it is no IPv4 or IPv6 address"},
      {"10.0.0", "it is no IPv4 or IPv6 address"},
      {"host.example.com/8", "it is no IPv4 or IPv6 address"},
      {"10.0.0.0/", "its prefix is no number from 0 to 32"},
      {"10.0.0.0/33", "its prefix is no number from 0 to 32"},
      {"10.0.0.0/-1", "its prefix is no number from 0 to 32"},
      {"10.0.0.0/8x", "its prefix is no number from 0 to 32"},
      {"10.0.0.0/4294967304", "its prefix is no number from 0 to 32"},
      {"2001:db8::/129", "its prefix is no number from 0 to 128"},
      {"10.0.0.1/8", "it has bits behind its prefix"},
      {"2001:db8::1/64", "it has bits behind its prefix"},
      {"192.0.2.129/25", "it has bits behind its prefix"},
      {"::ffff:10.0.0.0/8", "it is an IPv4 network: write it without '::ffff:'"},
      {"fe80::1%eth0/64", "it is no IPv4 or IPv6 address"},
  };
  for (const auto& [text, why] : cases) {
    const auto network = Network::parse(text);
    ASSERT_FALSE(network) << text;
    EXPECT_EQ(network.error(), why) << text;
  }
}

TEST(Address, IsNoNameAndNothingWithMoreInIt) {
  for (const char* text : {"", "localhost", "10.0.0.1 ", "10.0.0.1/8", "[::1]", "10.0.0.1%eth0",
                           "0x7f.0.0.1", "1", "::1::1", "010.0.0.1"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse(std::string("10.0.0.1\0.example.com", 21)));
  EXPECT_FALSE(Address::parse(std::string(100'000, '1')));
}

}  // namespace
}  // namespace latchkey::policy
