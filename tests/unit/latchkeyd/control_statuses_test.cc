// SPDX-License-Identifier: Apache-2.0
//
// Status lists in the one plane: who waits for one has it with every worker, a list that now
// revokes ends the session, and status tells of it.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/control_host.h"

namespace latchkey::latchkeyd {
namespace {

using latchkey::testing::SigningKey;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kUri = "https://status.example.com/1";
// Two bits each: the first one is valid, or revoked.
const std::string kValid("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9);
const std::string kRevoked("\x78\xda\x7b\x0a\x00\x00\xe6\x00\xe6", 9);

class ControlStatusesTest : public control_test::ControlTest {
 protected:
  ControlStatusesTest() { configure("digest-2"); }

  void configure(const std::string& digest) {
    config::Config config = control_test::corp_config(digest);
    config::StatusListSource section;
    section.name = "corp-status";
    section.issuers = {config.issuers[0].config.name};
    section.uris = {kUri};
    section.unknown_refuses = {"*"};
    section.keys.document = latchkey::testing::jwk_set({key.jwk()});
    section.digest = digest;
    config.revocation.status_lists.push_back(section);
    next_config = std::move(config);
    plane->reload([](const auto& outcome) { EXPECT_TRUE(outcome); });
    settle();
  }
  void settle() {
    for (int i = 0; i < 6; ++i) {
      loop.run_ready();
      for (auto& worker : workers) worker.run_ready();
    }
  }
  std::string list(const std::string& lst) const {
    const auto iat =
        std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch().count();
    return key.token(R"({"alg":"EdDSA","kid":"s","typ":"statuslist+jwt"})",
                     "{\"sub\":\"" + kUri + "\",\"iat\":" + std::to_string(iat) +
                         ",\"status_list\":{\"bits\":2,\"lst\":\"" + jose::encode_base64url(lst) +
                         "\"}}");
  }
  const std::string& issuer() const { return plane->current().config->issuers[0].config.issuer; }
  void want() {
    plane->request_status_list({plane->current().config->issuers[0].config.name, kUri, 0},
                               workers[0], [this](const StatusReply& reply) {
                                 said.push_back(reply.newer ? "newer" : reply.error);
                                 had = taken[1]->statuses->find(issuer(), kUri) != nullptr;
                               });
    settle();
  }
  void come(const std::string& lst) {
    fetcher.answer_status({.status = FetchResult::Status::ok, .body = body = list(lst)});
    settle();
  }

  SigningKey key = SigningKey::of_the_rfc("s");
  std::vector<std::string> said;
  std::string body;
  bool had = false;
};

TEST_F(ControlStatusesTest, WhoWaitsForAListIsAnsweredWhenEveryWorkerHasIt) {
  want();
  EXPECT_THAT(said, IsEmpty());
  come(kValid);
  EXPECT_THAT(said, ElementsAre("newer"));
  EXPECT_TRUE(had);
}

TEST_F(ControlStatusesTest, ARefreshedListEndsTheSessionOfTheTokenThatItRevokes) {
  want();
  come(kValid);
  for (const auto& [name, index] : {std::pair{'a', 0U}, std::pair{'b', 1U}}) {
    Login login{.id = std::string(32, name), .service = "sshd", .user = std::string(1, name)};
    login.claims.issuer = issuer();
    login.claims.status_uri = kUri;
    login.claims.status_index = index == 0 ? 0 : 4'000;  // the list says nothing of the other one
    login.place = LoginPlace{.pid = 7};
    logins.put(std::make_shared<const Login>(login));
  }
  plane->tick();
  settle();
  EXPECT_THAT(ender.asked, IsEmpty());
  clock.advance(std::chrono::minutes(5));
  plane->tick();
  settle();
  come(kRevoked);
  EXPECT_THAT(ender.asked, ElementsAre(std::string(32, 'a') + " 10s revoked session"));
  EXPECT_EQ(journal.count("reason=status_revoked entry=" + kUri + " source=status list user="), 1U);
}

TEST_F(ControlStatusesTest, StatusTellsOfTheList) {
  want();
  come(kValid);
  const auto status = call<ipc::control::Status>({});
  ASSERT_TRUE(status);
  const auto& last = status->revocation_sources.back();
  EXPECT_EQ(last.kind, "status_list");
  EXPECT_EQ(last.name, "corp-status");
  EXPECT_EQ(last.uri, kUri);
  EXPECT_EQ(last.bits, 2);
  EXPECT_EQ(last.base_entries, 4);
  EXPECT_EQ(last.state, "fresh");
  EXPECT_THAT(last.refuses, IsEmpty());
  EXPECT_TRUE(last.next_fetch_at);
}

}  // namespace
}  // namespace latchkey::latchkeyd
