// SPDX-License-Identifier: Apache-2.0
//
// What a status list makes of a token that refers to it.
#include "core/status.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "tests/unit/decide/host.h"

namespace latchkey::test {
namespace {

using revocation::HeldStatusList;
using revocation::StatusList;
using revocation::StatusLists;
using revocation::StatusListToken;
using ::testing::HasSubstr;

const std::string kUri = "https://status.example.com/lists/1";

constexpr std::string_view kSection = R"(
revocation:
  status_lists:
    - name: corp-status
      issuers: [ corp ]
      uris: [ "https://status.example.com/lists/" ]
)";

// Four statuses of two bits: valid, invalid, suspended, of an application. One byte: 0b11100100.
const std::string kFour("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9);

// Of the key of RFC 8037 appendix A.3.
const std::string kThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

const testing::SigningKey& key() {
  static const auto made = testing::SigningKey::of_the_rfc("k");
  return made;
}

StatusListToken list_token() {
  auto list = StatusList::unpack(2, kFour, 100);
  EXPECT_TRUE(list) << list.error().detail;
  return {*std::move(list), kUri, kNow, {}, {}, kThumbprint};
}

HeldStatusList held(StatusListToken token = list_token()) {
  return {.issuer = std::string(kIssuer),
          .uri = kUri,
          .token = std::make_shared<const StatusListToken>(std::move(token)),
          .usable_until = kNow + 1h,
          .generation = 7,
          .key_stands = true};
}

struct Case {
  std::string name;
  Reason want;
  std::uint64_t index = 0;
  std::function<void(HeldStatusList&, Snapshot&, claims::ClaimsRecord&)> change = [](auto&, auto&,
                                                                                     auto&) {};
  Operation operation = Operation::authenticate;
  std::string service = "sshd";
  std::string more = {};  // of the section
};

Decision judged(const Case& c, bool there = true) {
  Host host{.settings = std::string(kSection) + c.more};
  host.bindings = {{"alice", subject_of("alice")}};
  host.access = "access:\n  - services: [ \"*\" ]\n    allow: { anyone: true }\n";
  auto snapshot = host.snapshot();
  auto set = jose::JwkSet::parse(testing::jwk_set({key().jwk()}));
  snapshot.keys[0].keys = std::make_shared<const jose::JwkSet>(*std::move(set));
  auto claims = claims_of("alice");
  claims.status_uri = kUri;
  claims.status_index = c.index;
  HeldStatusList list = held();
  c.change(list, snapshot, claims);
  if (there && list.token)
    snapshot.statuses = std::make_shared<const StatusLists>(std::vector{list});
  const LoginRequest asked =
      request(c.operation, c.service, "alice", {},
              c.operation == Operation::authenticate ? "" : std::string(kLoginId));
  if (c.operation == Operation::authenticate)
    return judge(claims::ValidatedClaims::recall(claims), 0, asked, snapshot, kNow, {});
  Login login = login_of("alice");
  login.claims = claims;
  return judge_later_call(asked, &login, nullptr, snapshot, kNow);
}

TEST(Status, IsWhatTheListSays) {
  const auto lapsed = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    l.usable_until = kNow;
  };
  const auto ended = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    auto token = list_token();
    token.expires_at = kNow - 60s;
    l.token = std::make_shared<const StatusListToken>(std::move(token));
  };
  const auto no_key = [](HeldStatusList&, Snapshot& s, claims::ClaimsRecord&) {
    s.keys[0].keys = std::make_shared<const jose::JwkSet>(
        jose::JwkSet::parse(testing::jwk_set({testing::signing_key(jose::Algorithm::es256).jwk()}))
            .value());
  };
  const auto key_revoked = [](HeldStatusList&, Snapshot& s, claims::ClaimsRecord&) {
    revocation::Revocation key;
    key.kind = revocation::EntryKind::key;
    key.value = kThumbprint;
    s.revocations = std::make_shared<const revocation::RevocationSet>(
        revocation::RevocationSet::build({&key, 1}, std::array<std::uint8_t, 16>{}));
  };
  const auto section_key_gone = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    l.key_stands = false;
  };
  const auto signed_long_ago = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    auto token = list_token();
    token.issued_at = kNow - 24h - 1s;
    l.token = std::make_shared<const StatusListToken>(std::move(token));
  };
  // The administrator found that this provider means something else.
  const auto ignored = [](HeldStatusList&, Snapshot& s, claims::ClaimsRecord&) {
    auto config = std::make_shared<config::Config>(*s.config);
    config->issuers[0].config.claims.status = claims::StatusRule::ignore;
    s.config = config;
  };
  const std::string signed_within = "      max_signed_age: 24h\n";
  const auto at = [](std::string uri) {
    return [uri](HeldStatusList&, Snapshot&, claims::ClaimsRecord& c) { c.status_uri = uri; };
  };
  const auto of_another = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    l.issuer = "https://other.example.com";
  };
  const std::string some = "      unknown_refuses: [ sudo ]\n";
  const std::vector<Case> cases = {
      {"valid", Reason::allowed, 0},
      {"invalid", Reason::status_revoked, 1},
      {"suspended", Reason::status_suspended, 2},
      {"of an application", Reason::status_revoked, 3},
      {"beyond the list", Reason::status_unknown, 4},
      {"beyond the list, whatever the configuration says",
       Reason::status_unknown,
       4,
       {},
       Operation::authenticate,
       "sshd",
       some},
      {"lapsed", Reason::status_unknown, 0, lapsed},
      {"lapsed, and revoked all the same", Reason::status_revoked, 1, lapsed},
      {"its end has passed", Reason::status_unknown, 0, ended},
      {"its key is gone", Reason::status_unknown, 0, no_key},
      {"its key is gone, as its keeper knows", Reason::status_unknown, 0, section_key_gone},
      {"its key is gone, and revoked all the same", Reason::status_revoked, 1, section_key_gone},
      {"its key is revoked", Reason::status_unknown, 0, key_revoked},
      {"signed long ago", Reason::allowed, 0, signed_long_ago},
      {"signed too long ago", Reason::status_unknown, 0, signed_long_ago, Operation::authenticate,
       "sshd", signed_within},
      {"ignored since", Reason::allowed, 1, ignored},
      {"ignored since, and later", Reason::allowed, 1, ignored, Operation::account},
      {"another issuer's list of that name", Reason::status_unknown, 1, of_another},
      {"no section takes it", Reason::status_list_unknown, 0,
       at("https://elsewhere.example.com/1")},
      {"lapsed where this service goes on", Reason::allowed, 0, lapsed, Operation::authenticate,
       "sshd", some},
      {"lapsed where that one does not", Reason::status_unknown, 0, lapsed, Operation::authenticate,
       "sudo", some},
      {"account: revoked", Reason::status_revoked, 1, {}, Operation::account},
      {"account: lapsed", Reason::status_unknown, 0, lapsed, Operation::account},
      {"a session that opens is revoked", Reason::status_revoked, 1, {}, Operation::open_session},
      {"a session that closes is not kept by what is not known", Reason::allowed, 0, lapsed,
       Operation::close_session},
  };
  for (Case c : cases) {
    if (!c.change) c.change = [](auto&, auto&, auto&) {};
    const auto decision = judged(c);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    if (c.want == Reason::status_unknown) {
      ASSERT_TRUE(decision.status_list) << c.name;
      EXPECT_EQ(decision.status_list->issuer, "corp");
      EXPECT_EQ(decision.status_list->uri, kUri);
      EXPECT_EQ(decision.trace[Check::status], Outcome::failed) << c.name;
    }
  }
}

TEST(Status, NamesTheListThatItLacksAndWhatItHad) {
  const auto lapsed = [](HeldStatusList& l, Snapshot&, claims::ClaimsRecord&) {
    l.usable_until = kNow;
  };
  EXPECT_FALSE(judged({"", Reason::allowed, 1}).status_list);
  EXPECT_EQ(judged({"", Reason::allowed, 1, lapsed}).status_list->seen, 7U)
      << "one that has no say any more is asked for anew, though it revokes";
  EXPECT_EQ(judged({"", Reason::allowed}, false).status_list->seen, 0U);
  EXPECT_EQ(judged({"", Reason::allowed, 4}).status_list->seen, 7U);
  const auto valid = judged({"", Reason::allowed});
  EXPECT_FALSE(valid.status_list);
  EXPECT_EQ(valid.trace[Check::status], Outcome::passed);
}

TEST(Status, ThatIsNotKnownIsToldWhereTheServiceGoesOn) {
  const auto decision = judged({"", Reason::allowed, 0, [](auto&, auto&, auto&) {},
                                Operation::authenticate, "sshd", "      unknown_refuses: []\n"},
                               false);
  EXPECT_EQ(code(decision.reason), "allowed");
  EXPECT_THAT(decision.detail, HasSubstr("the token's status is not known"));
  EXPECT_EQ(decision.trace[Check::status], Outcome::not_reached);
  EXPECT_TRUE(decision.status_list);
}

TEST(Status, OfATokenWithoutAListIsNotLookedAt) {
  const auto decision = judged({"", Reason::allowed, 1, [](auto&, auto&, claims::ClaimsRecord& c) {
                                  c.status_uri.clear();
                                }});
  EXPECT_EQ(code(decision.reason), "allowed");
  EXPECT_EQ(decision.trace[Check::status], Outcome::not_reached);
}

TEST(Status, ASnapshotWithoutItsListsAnswersNothing) {
  auto snapshot = Host().snapshot();
  snapshot.statuses = nullptr;
  EXPECT_EQ(code(judge(claims::ValidatedClaims::recall(claims_of("alice")), 0,
                       request(Operation::authenticate, "sshd", "alice"), snapshot, kNow, {})
                     .reason),
            "internal_error");
}

TEST(Status, ListsOfOneNameAreEachTheirIssuers) {
  auto other = held();
  other.issuer = "https://another";
  other.generation = 9;
  const StatusLists lists({held(), other});
  EXPECT_EQ(lists.size(), 2U);
  EXPECT_EQ(lists.find(kIssuer, kUri)->generation, 7U);
  EXPECT_EQ(lists.find("https://another", kUri)->generation, 9U);
  EXPECT_EQ(lists.find("https://third", kUri), nullptr);
  EXPECT_EQ(lists.find(kIssuer, kUri + "2"), nullptr);
}

}  // namespace
}  // namespace latchkey::test
