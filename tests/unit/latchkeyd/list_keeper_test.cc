// SPDX-License-Identifier: Apache-2.0
//
// Which manifests a host takes, and what it does about those that it does not.
#include "daemon/latchkeyd/service/list_keeper.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/list_keeper_host.h"

namespace latchkey::latchkeyd::list_keeper_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ListKeeperTest, AListGoesToWorkWhenItsChunksAreThere) {
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
  configure();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_EQ(journal.count("a revocation list is absent"), 1U);
  EXPECT_FALSE(revoked("one"));
  tick_and_serve();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(revoked("two"));
  EXPECT_EQ(version(), 1U);
  EXPECT_EQ(state_of().base_entries, 1U);
  EXPECT_GE(published, 1);
  EXPECT_EQ(journal.count("a revocation list is at work list=fleet version=1 entries=1"), 1U);
}

TEST_F(ListKeeperTest, ASmallStepIsAllThatIsFetchedForAChange) {
  begin();
  asked.clear();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  const std::string added = source_.chunk(EntryKind::user, {"mallory"});
  const std::string removed = source_.chunk(EntryKind::token, {"one"}, true);
  manifest = source_.manifest(
      2, clock.wall() + 900s,
      SignedList::step(0, 1, base) + "," + SignedList::step(1, 2, removed + "," + added));
  next_round();
  EXPECT_EQ(version(), 2U) << error();
  EXPECT_EQ(asked.size(), 2U) << "the digest that goes is in a chunk that is at hand";
  EXPECT_FALSE(revoked("one"));
  EXPECT_TRUE(user_revoked("mallory"));
  EXPECT_EQ(state_of().delta_entries, 2U);
}

TEST_F(ListKeeperTest, AnUnchangedManifestIsNamedAndMakesNothingFresher) {
  etag = "\"v1\"";
  begin();
  asked.clear();
  tags.clear();
  for (int i = 0; i < 4; ++i) next_round();
  EXPECT_THAT(asked, ElementsAre("manifest", "manifest", "manifest", "manifest"));
  EXPECT_THAT(tags, ::testing::Each(etag));
  EXPECT_EQ(error(), "");
  clock.advance(1s);
  EXPECT_EQ(freshness(), FeedState::stale);
  keeper().tick();
  EXPECT_EQ(journal.count("a revocation list is stale"), 1U);
  EXPECT_EQ(journal.count("refuses=sudo, sudo-i"), 1U);
  EXPECT_TRUE(revoked("one")) << "what is in the set stays revoked";
}

TEST_F(ListKeeperTest, SignedAgainItIsFreshAgainWithoutAnyChunk) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  clock.advance(2h);
  EXPECT_EQ(freshness(), FeedState::stale);
  keeper().tick();
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1, base));
  asked.clear();
  serve();
  EXPECT_EQ(freshness(), FeedState::fresh);
  EXPECT_THAT(asked, ElementsAre("manifest"));
  EXPECT_EQ(journal.count("a revocation list is fresh"), 2U);
}

TEST_F(ListKeeperTest, AnOlderVersionIsARollback) {
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  manifest = source_.manifest(7, clock.wall(), SignedList::step(0, 7, base));
  configure();
  tick_and_serve();
  manifest = source_.manifest(6, clock.wall() + 900s, SignedList::step(0, 6));
  next_round();
  EXPECT_THAT(error(), StartsWith("rollback: version 6 after version 7"));
  EXPECT_EQ(version(), 7U);
  EXPECT_TRUE(revoked("one"));
  EXPECT_EQ(journal.count("the last good one stays at work"), 1U);
}

TEST_F(ListKeeperTest, OneVersionHasOneSet) {
  begin();
  clock.advance(900s);
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"two"})));
  tick_and_serve();
  EXPECT_THAT(error(), StartsWith("rollback: other chunks under the version"));
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(revoked("two"));
  manifest = source_.manifest(2, clock.wall(),
                              SignedList::step(0, 2, source_.chunk(EntryKind::token, {"two"})));
  next_round();
  EXPECT_EQ(error(), "");
  EXPECT_TRUE(revoked("two"));
}

// Its steps lead on from numbers that this host has, and from other sets than those.
TEST_F(ListKeeperTest, AFolderThatWasMadeAnewIsReadFromItsBeginningOnceItIsAhead) {
  begin();
  const std::string other = source_.chunk(EntryKind::token, {"two"});
  const std::string more = source_.chunk(EntryKind::token, {"three"});
  clock.advance(900s);
  manifest = source_.manifest(2, clock.wall(),
                              SignedList::step(0, 1, other) + "," + SignedList::step(1, 2, more));
  tick_and_serve();
  EXPECT_EQ(error(), "");
  EXPECT_TRUE(revoked("two") && revoked("three"));
  EXPECT_FALSE(revoked("one"));
  // Nor do steps that say nothing of how this host came to its number.
  clock.advance(900s);
  manifest = source_.manifest(3, clock.wall(),
                              SignedList::step(0, 3, other) + "," + SignedList::step(2, 3, ""));
  tick_and_serve();
  EXPECT_EQ(version(), 3U);
  EXPECT_TRUE(revoked("two"));
  EXPECT_FALSE(revoked("three"));
}

TEST_F(ListKeeperTest, AnEarlierSigningOfTheSameVersionChangesNothing) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  manifest = source_.manifest(1, clock.wall() - 60s, SignedList::step(0, 1, base));
  next_round();
  EXPECT_EQ(error(), "");
  EXPECT_EQ(state_of().feed.known->issued_at, clock.wall() - 900s);
}

TEST_F(ListKeeperTest, WhatIsNotSignedForThisListIsRefused) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  const auto next = [&](const SignedList& other) {
    manifest = other.manifest(2, clock.wall(), SignedList::step(0, 2, base));
  };
  SignedList stranger{.key = SigningKey::generate(jose::Algorithm::eddsa, "list")};
  next(stranger);
  next_round();
  EXPECT_THAT(error(), StartsWith("signature: "));
  next(SignedList{.key = SigningKey::generate(jose::Algorithm::eddsa, "another")});
  manifest = "e30." + manifest.substr(manifest.find('.') + 1);
  next_round();
  EXPECT_THAT(error(), StartsWith("form: "));
  next(SignedList{.issuer = "https://lists.example.com/other"});
  next_round();
  EXPECT_THAT(error(), StartsWith("issuer: "));
  manifest = source_.manifest(2, clock.wall() + 24h, SignedList::step(0, 2, base));
  next_round();
  EXPECT_THAT(error(), StartsWith("ahead: "));
  EXPECT_EQ(version(), 1U);
  EXPECT_TRUE(revoked("one"));
}

TEST_F(ListKeeperTest, AListWhoseKeyIsTakenAwayIsWithdrawn) {
  begin();
  auto changed = section();
  changed.keys.document =
      latchkey::testing::jwk_set({SigningKey::generate(jose::Algorithm::es256, "other").jwk()});
  configure({changed});
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_EQ(version(), 1U) << "no older one is ever taken";
}

TEST_F(ListKeeperTest, AKeyThatIsTakenOutOfItsFileIsNoticedByAReload) {
  const std::string file = state / "keys.json";
  const auto write = [&](const SigningKey& key) {
    std::filesystem::remove(file);
    testing::write_file(file, latchkey::testing::jwk_set({key.jwk()}));
  };
  write(source_.key);
  auto from_file = section();
  from_file.keys.document.clear();
  from_file.keys_file = file;
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
  configure({from_file});
  tick_and_serve();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_FALSE(keeper().look_again());
  std::filesystem::remove(file);
  EXPECT_FALSE(keeper().look_again()) << "nobody said anything";
  EXPECT_TRUE(revoked("one"));
  write(SigningKey::generate(jose::Algorithm::eddsa, "list"));
  EXPECT_TRUE(keeper().look_again());
  EXPECT_EQ(freshness(), FeedState::absent);
}

TEST_F(ListKeeperTest, HalfOfAChangeIsNoSet) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  const std::string good = source_.chunk(EntryKind::token, {"two"});
  const std::string bad = source_.chunk(EntryKind::token, {"three"});
  for (auto& [sha256, bytes] : source_.chunks) {
    if (bad.find(sha256) != std::string::npos) bytes[3] ^= 1;
  }
  manifest = source_.manifest(
      2, clock.wall() + 900s,
      SignedList::step(0, 1, base) + "," + SignedList::step(1, 2, good + "," + bad));
  next_round();
  EXPECT_THAT(error(), StartsWith("chunk: "));
  EXPECT_FALSE(revoked("two"));
  EXPECT_EQ(version(), 1U);
}

TEST_F(ListKeeperTest, AChunkThatIsNotThereIsTriedAgainLater) {
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  const auto chunks = std::exchange(source_.chunks, {});
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1, base));
  configure();
  tick_and_serve();
  EXPECT_THAT(error(), HasSubstr("404"));
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 10s);
  source_.chunks = chunks;
  next_round();
  EXPECT_EQ(error(), "");
  EXPECT_TRUE(revoked("one"));
}

// F14: a full disk, or a folder that is gone: what was good is not taken where it cannot be kept.
TEST_F(ListKeeperTest, WhatCannotBeStoredIsNotTaken) {
  begin();
  const std::string folder = state / ("lists/" + kPlace);
  std::filesystem::remove_all(folder);
  std::ofstream(folder) << "no folder";
  const std::string two = source_.chunk(EntryKind::token, {"two"});
  manifest = source_.manifest(2, clock.wall(), SignedList::step(0, 2, two));
  next_round();
  EXPECT_THAT(error(), StartsWith("storage: "));
  EXPECT_EQ(version(), 1U);
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(revoked("two"));
  std::filesystem::remove(folder);
  next_round();
  EXPECT_EQ(version(), 2U) << error();
}

TEST_F(ListKeeperTest, SetsAreBuiltOnAThreadOfTheirOwn) {
  thread.emplace();
  const auto serve_one = [&](const std::string& body) {
    control.run_until([&] { return !fetcher.lists.empty(); });
    fetcher.answer_list({.status = FetchResult::Status::ok, .body = body});
  };
  for (std::uint64_t version = 1; version < 5; ++version) {
    const std::string name = "token-" + std::to_string(version);
    const std::string chunk = source_.chunk(EntryKind::token, {name});
    manifest = source_.manifest(version, clock.wall(), SignedList::step(0, version, chunk));
    if (version == 1) configure();
    clock.advance(1h);
    keeper().tick();
    control.post([] {});
    serve_one(manifest);
    control.post([] {});
    serve_one(source_.chunks.at(*jose::sha256_hex(source_.chunks.begin()->second)));
    source_.chunks.clear();
    control.run_until([&] { return this->version() == version; });
    EXPECT_TRUE(revoked(name)) << error();
  }
  thread.reset();
  control.run_ready();
}

TEST_F(ListKeeperTest, WhatHasEndedIsNotFetched) {
  const std::string ended =
      source_.chunk(EntryKind::token, {"old"}, false, ",\"end\":" + std::to_string(1'800'000'000));
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1, ended + "," + base));
  configure();
  tick_and_serve();
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(revoked("old"));
}

TEST_F(ListKeeperTest, MoreThanAListsShareOfSmallKindsIsRefused) {
  constexpr std::uint32_t kMany = 262'145;
  std::string bytes;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(i >> shift);
    bytes.append(12, '\0');
  }
  const std::string sha256 = *jose::sha256_hex(bytes);
  source_.chunks[sha256] = bytes;
  manifest = source_.manifest(
      1, clock.wall(),
      SignedList::step(
          0, 1,
          "{\"sha256\":\"" + sha256 + "\",\"size\":" + std::to_string(bytes.size()) +
              ",\"kind\":\"user\",\"op\":\"add\",\"entries\":" + std::to_string(kMany) + "}"));
  configure();
  tick_and_serve();
  EXPECT_THAT(error(), StartsWith("bounds: there are more than 262144"));
  EXPECT_EQ(freshness(), FeedState::absent);
}

// A server that says so without having been asked would keep the list as it is for ever.
TEST_F(ListKeeperTest, NothingThatWasNotNamedIsNotModified) {
  const FetchResult unchanged{.status = FetchResult::Status::not_modified};
  begin();
  clock.advance(900s);
  keeper().tick();
  fetcher.answer_list(unchanged);
  EXPECT_THAT(error(), HasSubstr("no manifest was named"));
  etag = "\"v1\"";
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
  next_round();
  ASSERT_EQ(error(), "");
  auto moved = section();
  moved.url = "https://other.example.com/manifest.jwt";
  configure({moved});
  keeper().tick();
  fetcher.answer_list(unchanged);
  EXPECT_THAT(error(), HasSubstr("no manifest was named")) << "the tag is of the other place";
}

// Whoever takes a key out of the file need not reload: the next answer is enough.
TEST_F(ListKeeperTest, AKeyThatIsTakenOutOfItsFileIsNoticedByAnUnchangedManifest) {
  const std::string file = state / "keys.json";
  testing::write_file(file, latchkey::testing::jwk_set({source_.key.jwk()}));
  auto from_file = section();
  from_file.keys.document.clear();
  from_file.keys_file = file;
  etag = "\"v1\"";
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
  configure({from_file});
  tick_and_serve();
  std::filesystem::remove(file);
  testing::write_file(file, latchkey::testing::jwk_set(
                                {SigningKey::generate(jose::Algorithm::eddsa, "list").jwk()}));
  published = 0;
  next_round();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_GE(published, 1);
  EXPECT_FALSE(revoked("one"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::list_keeper_test
