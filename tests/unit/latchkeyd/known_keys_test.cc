// SPDX-License-Identifier: Apache-2.0
//
// A login whose key is at hand goes straight on, whatever is being fetched, has failed to be, or is
// due.
#include <chrono>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::Host;

TEST(KnownKeys, NeverAskForAFetchHoweverStaleTheyAreWhileTheyServe) {
  for (const auto age : {0h, 1h, 23h}) {
    Host host;
    host.keys_age = age;
    host.publish();
    Client client{ipc::Fd()};
    EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::allow) << age.count();
    EXPECT_TRUE(host.needs.keys_requested.empty()) << age.count();
  }
}

// F7, F9: the same worker, a provider that never answers, and somebody who waits for it.
TEST(KnownKeys, DoNotWaitBehindLoginsThatWaitForUnknownOnes) {
  Host host(Patience{.needs = 1h});
  host.needs.on_keys = [] { return std::nullopt; };
  std::vector<Client> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(host.connect());
    wire::Begin elsewhere = Host::alice();
    const std::string address = "192.0.2." + std::to_string(i + 2);
    elsewhere.rhost = address;
    waiting.back().begin(elsewhere);
    waiting.back().ask();
    waiting.back().answer(host.token({{"jti", std::to_string(i)}}, jose::Algorithm::rs256));
    Client other{ipc::Fd()};  // the one worker has heard the other before it hears this
    ASSERT_EQ(host.sign_in(other, host.token()).result, wire::Result::allow) << i;
  }
  host.on_worker([] {});
  EXPECT_EQ(host.needs.keys_requested.size(), waiting.size());
  for (const Client& each : waiting) EXPECT_TRUE(each.waits());
}

}  // namespace
}  // namespace latchkey::latchkeyd
