// SPDX-License-Identifier: Apache-2.0
//
// What a source pays for its sign-ins, and what waits when it has nothing left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/base64url.h"
#include "tests/support/memory_scan.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/host.h"
#include "wire/codec.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

TEST(SignIn, ASourcePaysForItsVerificationsAndOthersDoNot) {
  Host host(Patience{.overdrawn = 0ms});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  const std::string good = host.token();
  Client client{ipc::Fd()};
  ASSERT_EQ(host.sign_in(client, good).result, wire::Result::allow);
  const auto bad = [&](int number) {
    std::string token = host.token({{"jti", std::to_string(number)}});
    token[token.size() - 40] = token[token.size() - 40] == 'A' ? 'B' : 'A';
    return token;
  };
  int tries = 0;
  for (; tries < 1'000; ++tries) {
    host.sign_in(client, bad(tries));
    if (host.last_reason() == Reason::budget_exhausted) break;
    ASSERT_EQ(host.last_reason(), Reason::signature_invalid);
  }
  EXPECT_GT(tries, 1);
  EXPECT_LT(tries, 1'000);
  EXPECT_EQ(host.sign_in(client, good).result, wire::Result::allow)
      << "a remembered token costs nothing";
  wire::Begin elsewhere = Host::alice();
  elsewhere.rhost = "192.0.2.2";
  host.sign_in(client, bad(-1), elsewhere);
  EXPECT_EQ(host.last_reason(), Reason::signature_invalid) << "another source has its own budget";
  host.clock.advance(10s);
  host.sign_in(client, bad(-2));
  EXPECT_EQ(host.last_reason(), Reason::signature_invalid) << "the budget comes back";
}

// What costs the daemon its time counts, not only a signature: long junk and HMACs above all.
TEST(SignIn, ASourcePaysForTheBytesThatItHasRead) {
  Host host(Patience{.overdrawn = 0ms});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  const auto tries_until_exhausted = [&](const std::string& address, const std::string& answer) {
    Client client{ipc::Fd()};
    wire::Begin begin = Host::alice();
    begin.rhost = address;
    for (int tries = 0; tries < 1'000; ++tries) {
      host.sign_in(client, answer, begin);
      if (host.last_reason() == Reason::budget_exhausted) return tries;
    }
    return 1'000;
  };
  const std::string mac = jose::encode_base64url(R"({"alg":"HS256"})") + "." +
                          jose::encode_base64url("{\"x\":\"" + std::string(30'000, 'x') + "\"}") +
                          ".AAAA";
  EXPECT_EQ(tries_until_exhausted("192.0.2.10", "x"), 499);
  EXPECT_LE(tries_until_exhausted("192.0.2.11", std::string(40'000, 'a')), 10'000 / 60);
  EXPECT_LE(tries_until_exhausted("192.0.2.12", mac), 10'000 / 180);
}

TEST(SignIn, ARefusalForAnEmptyBudgetIsHeldBackAndHoldsUpNobodyElse) {
  Host host(Patience{.overdrawn = 1h});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  std::vector<Client> flood;
  for (int i = 0; i < 200 && (flood.empty() || !flood.back().waits()); ++i) {
    flood.push_back(host.connect());
    flood.back().begin(Host::alice());
    flood.back().ask();
    flood.back().answer(host.token({{"aud", "\"elsewhere\""}, {"jti", std::to_string(i)}}));
    Client other{ipc::Fd()};  // the one worker has heard the flood before it hears this
    wire::Begin elsewhere = Host::alice();
    const std::string address = "192.0.2." + std::to_string(i + 2);
    elsewhere.rhost = address;
    ASSERT_EQ(host.sign_in(other, host.token(), elsewhere).result, wire::Result::allow) << i;
  }
  EXPECT_TRUE(flood.back().waits()) << "no refusal was held back";
}

// Its memory is not to hold the token for the time of the wait.
TEST(SignIn, ARefusalThatIsHeldBackHoldsNoToken) {
  if (!latchkey::testing::kMemoryCanBeScanned) GTEST_SKIP() << "a sanitizer's shadow is memory too";
  Host host(Patience{.overdrawn = 1h});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  Client flood{ipc::Fd()};
  for (int i = 0; i < 499; ++i) host.sign_in(flood, "x");  // 20 us each
  EXPECT_EQ(host.last_reason(), Reason::token_malformed);
  // Made in its frame, and wiped there: no other copy of it is the test's own.
  constexpr std::size_t kSize = 1'000;
  std::array<std::byte, wire::kHeaderSize + kSize> frame{};
  ASSERT_TRUE(wire::encode_answer_header(kSize, std::span(frame).first<wire::kHeaderSize>()));
  auto state = static_cast<std::uint32_t>(::getpid());
  for (std::size_t at = wire::kHeaderSize; at < frame.size(); ++at) {
    state = state * 1'664'525 + 1'013'904'223;
    frame[at] = static_cast<std::byte>('a' + (state >> 24) % 26);
  }
  const std::string_view bytes(reinterpret_cast<const char*>(frame.data()), frame.size());
  const std::string turned = latchkey::testing::turned(bytes.substr(kSize / 2, 64));
  Client held = host.connect();
  held.begin(Host::alice());
  held.ask();
  held.send(bytes);
  ::explicit_bzero(frame.data(), frame.size());
  const std::string good = host.token();
  wire::Begin elsewhere = Host::alice();
  elsewhere.rhost = "192.0.2.200";
  Client other{ipc::Fd()};  // the one worker has long heard the other when these are answered
  for (int i = 0; i < 20; ++i) host.sign_in(other, good, elsewhere);
  EXPECT_TRUE(held.waits());
  EXPECT_THAT(latchkey::testing::places_in_memory(turned), ::testing::IsEmpty());
}

}  // namespace
}  // namespace latchkey::latchkeyd
