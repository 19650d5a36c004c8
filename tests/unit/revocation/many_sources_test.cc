// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/revocation/revocation_set.h"

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;

constexpr HashSecret kSecret = {1, 2, 3};
constexpr WallTime kNow{1'764'331'200'000ms};
const std::string kIssuer = "https://id.example.com";
const std::string kTokenHash(64, 'a');
const std::string kThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

class ManySources : public ::testing::Test {
 protected:
  std::shared_ptr<const Source> source(const std::vector<Entry>& entries) const {
    return std::make_shared<const Source>(Source(kSecret, kNow).with({}, entries));
  }
  RevocationSet set(RevocationSet::Sources sources) const {
    return RevocationSet(kSecret, names_, std::move(sources));
  }
  Entry named(EntryKind kind, std::string_view value, WallTime before = {}) const {
    return {.kind = kind, .digest = names_->digest(kind, kIssuer, value).value(), .before = before};
  }

  static claims::ValidatedClaims alice() {
    claims::ClaimsRecord record;
    record.issuer = kIssuer;
    record.subject = "subject-1";
    record.token_id = "t1";
    record.token_digest = kTokenHash;
    record.key_id = kThumbprint;
    record.session = "s1";
    record.issued_at = kNow;
    return claims::ValidatedClaims::recall(record);
  }

  std::shared_ptr<const Names> names_ = std::make_shared<const Names>();
};

TEST_F(ManySources, RefuseByEachKindOfEntry) {
  struct Case {
    std::string name;
    Entry entry;
    std::optional<Reason> want;
  };
  const auto hash = digest_of_token_hash(kTokenHash).value();
  const auto key = digest_of_key(kThumbprint).value();
  const std::vector<Case> cases = {
      {"the token by its id", named(EntryKind::token, "t1"), Reason::revoked_token},
      {"the token by its hash",
       {.kind = EntryKind::token_hash, .digest = hash},
       Reason::revoked_token},
      {"its session", named(EntryKind::session, "s1"), Reason::revoked_session},
      {"its key", {.kind = EntryKind::key, .digest = key}, Reason::revoked_key},
      {"its subject, later", named(EntryKind::subject, "subject-1", kNow + 1ms),
       Reason::revoked_subject},
      {"not its subject at that moment", named(EntryKind::subject, "subject-1", kNow),
       std::nullopt},
      {"not another token", named(EntryKind::token, "t2"), std::nullopt},
      {"not a session by a token's entry", named(EntryKind::token, "s1"), std::nullopt},
      {"not a token by a session's entry", named(EntryKind::session, "t1"), std::nullopt},
      {"not a key by a hash's entry", {.kind = EntryKind::token_hash, .digest = key}, std::nullopt},
      {"not a hash by a key's entry", {.kind = EntryKind::key, .digest = hash}, std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(set({source({c.entry})}).find(*alice()), c.want) << c.name;
}

TEST_F(ManySources, RefuseNothingForWhatAClaimDoesNotSay) {
  const auto all = set({source({named(EntryKind::token, "t1"),
                                named(EntryKind::session, "s1"),
                                {.kind = EntryKind::token_hash},
                                {.kind = EntryKind::key}})});
  claims::ClaimsRecord record;
  record.issuer = kIssuer;
  record.subject = "subject-1";
  EXPECT_EQ(all.find(*claims::ValidatedClaims::recall(record)), std::nullopt);
  record.key_id = "of a symmetric key";
  record.token_digest = "short";
  EXPECT_EQ(all.find(*claims::ValidatedClaims::recall(record)), std::nullopt);
}

TEST_F(ManySources, RefuseWhatAnyOfThemRevokes) {
  const auto empty = source({});
  const auto other = source({named(EntryKind::token, "t2"), named(EntryKind::user, "bob")});
  const auto ours = source({named(EntryKind::token, "t1"), named(EntryKind::user, "alice")});
  for (const auto& sources : std::vector<RevocationSet::Sources>{
           {ours}, {ours, other}, {other, ours}, {empty, other, ours}, {ours, empty, other}}) {
    EXPECT_EQ(set(sources).find(*alice()), Reason::revoked_token);
    EXPECT_TRUE(set(sources).user_revoked("alice"));
  }
  EXPECT_EQ(set({empty, other}).find(*alice()), std::nullopt);
  EXPECT_FALSE(set({empty, other}).user_revoked("alice"));
  EXPECT_EQ(set({}).find(*alice()), std::nullopt);
  EXPECT_EQ(set({empty, other, ours}).size(), 4U);
}

TEST_F(ManySources, TakeBackNothingOfEachOther) {
  for (const auto kind : {EntryKind::token, EntryKind::session, EntryKind::subject}) {
    const auto value = kind == EntryKind::token     ? "t1"
                       : kind == EntryKind::session ? "s1"
                                                    : "subject-1";
    const std::vector<Entry> entry = {named(kind, value, kNow + 1h)};
    const auto says = source(entry);
    const auto takes_back = std::make_shared<const Source>(says->with(entry, {}));
    EXPECT_EQ(set({takes_back}).find(*alice()), std::nullopt);
    EXPECT_TRUE(set({says, takes_back}).find(*alice()));
    EXPECT_TRUE(set({takes_back, says}).find(*alice()));
    // Not by a lower moment either.
    const auto earlier = source({named(kind, value, kNow - 1h)});
    EXPECT_TRUE(set({says, earlier}).find(*alice()));
    EXPECT_TRUE(set({earlier, says}).find(*alice()));
  }
}

using ManySourcesDeathTest = ManySources;
TEST_F(ManySourcesDeathTest, DieOfASourceWithAnotherSecret) {
  const RevocationSet::Sources sources = {std::make_shared<const Source>(HashSecret{9}, kNow)};
  EXPECT_DEATH(set(sources), "");
}

// What was said to be in force is found by every look-up that begins after that, while the set is
// swapped and merged underneath.
TEST_F(ManySources, HoldWhatTheySaidWhileTheyAreSwapped) {
  constexpr int kTokens = 3'000;
  std::mutex mutex;
  auto shared = std::make_shared<const RevocationSet>(set({}));
  std::atomic<int> said{0};
  std::atomic<int> missed{0};
  const auto look = [&] {
    claims::ClaimsRecord record;
    record.issuer = kIssuer;
    for (int round = 0; said < kTokens; ++round) {
      const int upto = said;
      if (upto == 0) continue;
      record.token_id = "t" + std::to_string(round * 7 % upto);
      const auto claims = claims::ValidatedClaims::recall(record);
      std::shared_ptr<const RevocationSet> now;
      {
        const std::scoped_lock lock(mutex);
        now = shared;
      }
      if (!now->find(*claims)) ++missed;
    }
  };
  std::thread one(look);
  std::thread other(look);
  auto ours = std::make_shared<const Source>(kSecret, kNow);
  const auto theirs = source({named(EntryKind::user, "bob")});
  for (int i = 0; i < kTokens; ++i) {
    const std::vector<Entry> entry = {named(EntryKind::token, "t" + std::to_string(i))};
    ours = std::make_shared<const Source>(ours->with({}, entry));
    if (i % 100 == 99) ours = std::make_shared<const Source>(ours->merged(kNow));
    auto next = std::make_shared<const RevocationSet>(set({theirs, ours}));
    {
      const std::scoped_lock lock(mutex);
      shared.swap(next);
    }
    said = i + 1;
  }
  one.join();
  other.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(shared->size(), kTokens + 1U);
}

}  // namespace
}  // namespace latchkey::revocation
