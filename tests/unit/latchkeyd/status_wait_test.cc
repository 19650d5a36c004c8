// SPDX-License-Identifier: Apache-2.0
//
// Sign-ins and later calls with a token whose status list is not at hand: a real connection, the
// real core, and a control thread that answers what the test says.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

const std::string kUri = "https://status.example.com/1";

std::string referring(const Host& host, int index, const std::string& uri = kUri) {
  return host.token({{"status", R"({"status_list":{"idx":)" + std::to_string(index) +
                                    R"(,"uri":")" + uri + R"("}})"}});
}

// The host takes lists of its issuer, as keys of a file sign them.
void take_lists(Host& host, const std::string& more = {}) {
  host.config_text +=
      "revocation:\n  status_lists:\n    - name: s\n      issuers: [ corp ]\n      uris: [ "
      "\"https://status.example.com/\" ]\n      keys_file: /k.json\n" +
      more;
  host.publish();
}

// Four statuses of two bits: valid, invalid, suspended, another.
void bring(Host& host, std::uint64_t generation = 1) {
  auto list = revocation::StatusList::unpack(
      2, std::string_view("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9), 100);
  ASSERT_TRUE(list);
  host.statuses =
      std::make_shared<const revocation::StatusLists>(std::vector{revocation::HeldStatusList{
          .issuer = host.snapshot()->config->issuers[0].config.issuer,
          .uri = kUri,
          .token = std::make_shared<const revocation::StatusListToken>(
              revocation::StatusListToken{*std::move(list), kUri, {}, {}, {}, ""}),
          .usable_until = host.clock.wall() + 1h,
          .generation = generation,
          .key_stands = true}});
}

void answer_with_the_list(Host& host, int& asked) {
  host.needs.on_status = [&](const StatusNeed& need) -> std::optional<StatusReply> {
    ++asked;
    EXPECT_EQ(need.issuer, "corp");
    EXPECT_EQ(need.uri, kUri);
    bring(host);
    host.take_new();
    return StatusReply{true, {}};
  };
}

TEST(StatusWait, ALoginWaitsForTheListThatItsTokenRefersTo) {
  Host host;
  take_lists(host);
  int asked = 0;
  answer_with_the_list(host, asked);
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, referring(host, 0)).result, wire::Result::allow)
      << host.last().decision.detail;
  EXPECT_EQ(host.last().decision.trace[Check::status], Outcome::passed);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(host.sign_in(client, referring(host, 1)).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::status_revoked);
  EXPECT_EQ(host.sign_in(client, referring(host, 2)).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::status_suspended);
  EXPECT_EQ(asked, 1) << "it is at hand";
}

TEST(StatusWait, ARememberedTokenIsJudgedByTheListOfNow) {
  Host host;
  take_lists(host);
  Client client = host.connect();
  int asked = 0;
  answer_with_the_list(host, asked);
  const std::string token = referring(host, 0);
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::allow);
  auto list = revocation::StatusList::unpack(
      2, std::string_view("\x78\xda\x7b\x0a\x00\x00\xe6\x00\xe6", 9), 100);
  ASSERT_TRUE(list);
  auto held = *host.statuses->find(host.snapshot()->config->issuers[0].config.issuer, kUri);
  held.token = std::make_shared<const revocation::StatusListToken>(
      revocation::StatusListToken{*std::move(list), kUri, {}, {}, {}, ""});
  host.statuses = std::make_shared<const revocation::StatusLists>(std::vector{held});
  host.publish();
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::refused);
  EXPECT_TRUE(host.last().remembered);
  EXPECT_EQ(host.last_reason(), Reason::status_revoked);
}

TEST(StatusWait, AListThatDoesNotComeRefusesAndSaysWhy) {
  Host host;
  take_lists(host);
  host.needs.on_status = [](const StatusNeed&) { return StatusReply{false, "HTTP status 503"}; };
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, referring(host, 0)).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::status_unknown);
  EXPECT_NE(host.last().decision.detail.find("HTTP status 503"), std::string::npos);
}

TEST(StatusWait, AListThatNobodyAnswersForRefusesInTime) {
  Host host(Patience{.needs = 200ms});
  take_lists(host);
  host.needs.on_status = [](const StatusNeed&) { return std::nullopt; };
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, referring(host, 0)).result, wire::Result::unavailable);
  EXPECT_NE(host.last().decision.detail.find("did not come in time"), std::string::npos);
}

TEST(StatusWait, AStrangersTokenDrivesNoFetch) {
  Host host;
  take_lists(host);
  int asked = 0;
  answer_with_the_list(host, asked);
  Client client = host.connect();
  std::string forged = referring(host, 0);
  forged[forged.rfind('.') + 5] ^= 1;
  EXPECT_EQ(host.sign_in(client, forged).result, wire::Result::refused);
  EXPECT_EQ(host.sign_in(client, referring(host, 0, "https://elsewhere.example.com/1")).result,
            wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::status_list_unknown);
  EXPECT_EQ(asked, 0);
}

TEST(StatusWait, AServiceThatGoesOnWithoutDoesSoLoudly) {
  Host host;
  take_lists(host, "      unknown_refuses: [ sudo ]\n");
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, referring(host, 0)).result, wire::Result::allow)
      << host.last().decision.detail;
  EXPECT_NE(host.last().decision.detail.find("the token's status is not known"), std::string::npos);
  EXPECT_EQ(host.journal.count("the status of a token is not known"), 1U);
}

TEST(StatusWait, ALaterCallWaitsAsWell) {
  Host host;
  take_lists(host);
  int asked = 0;
  answer_with_the_list(host, asked);
  Client client = host.connect();
  const std::string id = testing::login_id(host.sign_in(client, referring(host, 0)));
  host.statuses = std::make_shared<const revocation::StatusLists>();
  host.publish();
  const auto account = [&] {
    client = host.connect();
    client.begin(
        {.operation = wire::Operation::account, .service = "sshd", .user = "alice", .login = id});
    return client.verdict().result;
  };
  EXPECT_EQ(account(), wire::Result::allow);
  EXPECT_EQ(asked, 2);
  host.statuses = std::make_shared<const revocation::StatusLists>();
  host.publish();
  host.needs.on_status = [](const StatusNeed&) { return StatusReply{false, "gone"}; };
  EXPECT_EQ(account(), wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::status_unknown);
}

}  // namespace
}  // namespace latchkey::latchkeyd
