// SPDX-License-Identifier: Apache-2.0
//
// An IntrospectionKeeper with a clock and a provider that a test holds in its hands.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/service/introspection_keeper.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {

inline constexpr std::string_view kActive = R"({"active":true})";
inline constexpr std::string_view kInactive = R"({"active":false})";

class IntrospectionKeeperTest : public ::testing::Test {
 protected:
  IntrospectionKeeperTest() { configure({section("corp"), section("other")}); }

  static issuer::IssuerConfig section(std::string name) {
    auto config = testing::issuer_config(std::move(name));
    config.introspection.mode = issuer::IntrospectionMode::required;
    config.introspection.client.client_id = "c";
    return config;
  }

  void configure(std::vector<issuer::IssuerConfig> issuers) {
    snapshot.config = testing::config_of(std::move(issuers));
    snapshot.keys.assign(snapshot.config->issuers.size(), {});
    keeper.configure(*snapshot.config);
  }

  // Asks about a token and gives the place where the reply will be.
  std::shared_ptr<std::optional<IntrospectionReply>> ask(const std::string& token,
                                                         const std::string& issuer = "corp",
                                                         const std::string& source = "s",
                                                         bool opaque = false) {
    auto reply = std::make_shared<std::optional<IntrospectionReply>>();
    const auto& config =
        snapshot.config
            ->issuers[static_cast<std::size_t>(snapshot.config->find_issuer_by_name(issuer))]
            .config;
    IntrospectionOrder order{
        {issuer, config.digest, token, opaque}, source, wire::SecretBuffer(token.size())};
    EXPECT_TRUE(order.token.append(token));
    keeper.ask(std::move(order), [reply](IntrospectionReply said) { *reply = std::move(said); });
    return reply;
  }

  const IntrospectionState& state(std::string_view issuer = "corp") const {
    return *keeper.state(issuer);
  }

  testing::FakeClock clock;
  testing::FakeJournal journal;
  testing::FakeIntrospector provider;
  IntrospectionMemory memory;
  Snapshot snapshot;
  int reloads = 0;
  IntrospectionKeeper keeper{{.clock = clock,
                              .journal = journal,
                              .introspector = provider,
                              .memory = memory,
                              .snapshot = [this]() -> const Snapshot& { return snapshot; },
                              .reload = [this] { ++reloads; },
                              .random = [] { return 0U; }}};
};

}  // namespace latchkey::latchkeyd
