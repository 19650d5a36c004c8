// SPDX-License-Identifier: Apache-2.0
//
// What somebody tries who holds the web server, a key that was taken away, or the clock; each of
// these once worked.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/list_keeper_host.h"

namespace latchkey::latchkeyd::list_keeper_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ListAttackTest : public ListKeeperTest {
 protected:
  // The list's section with these keys.
  config::ListSource keyed(const std::vector<const SignedList*>& signers) const {
    config::ListSource of = section();
    std::string keys;
    for (const SignedList* signer : signers) keys += (keys.empty() ? "" : ",") + signer->key.jwk();
    of.keys.document = "{\"keys\":[" + keys + "]}";
    return of;
  }
  SignedList other_{.key = SigningKey::generate(jose::Algorithm::es256, "other")};
  std::string by_other(std::uint64_t version, const std::string& steps,
                       std::chrono::seconds max_age = 1h) const {
    return other_.manifest(version, clock.wall(), steps, max_age, "ES256", "other");
  }
};

// The thief of the old key takes "one" back and shuts "victim" out. Whoever follows the page's own
// advice (both keys, sign with the new one, take the old one away) is rid of both.
TEST_F(ListAttackTest, WhatAStolenKeySaidIsGoneWithAChangeOfTheKey) {
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  manifest = source_.manifest(5, clock.wall(), SignedList::step(0, 5, base));
  configure();
  tick_and_serve();
  const std::string gone = source_.chunk(EntryKind::token, {"one"}, true);
  const std::string victim = source_.chunk(EntryKind::user, {"victim"});
  manifest = source_.manifest(
      6, clock.wall(),
      SignedList::step(0, 5, base) + "," + SignedList::step(5, 6, gone + "," + victim));
  next_round();
  EXPECT_FALSE(revoked("one"));
  configure({keyed({&source_, &other_})});
  const std::string more = source_.chunk(EntryKind::token, {"more"});
  manifest = by_other(7, SignedList::step(0, 6, base) + "," + SignedList::step(6, 7, more));
  next_round();
  EXPECT_EQ(version(), 7U) << error();
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(user_revoked("victim"));
  configure({keyed({&other_})});
  EXPECT_EQ(freshness(), FeedState::fresh) << "nothing of it is by the old key";
  EXPECT_TRUE(revoked("more"));
}

// One that a daemon wrote that went on over a change of the key.
TEST_F(ListAttackTest, ASetIsOfAllKeysThatItWasBuiltOver) {
  store.emplace(state.path(), journal);
  ListWork work(*store, secret);
  const auto keys = *jose::JwkSet::parse(keyed({&source_, &other_}).keys.document);
  jose::Scratch scratch;
  ListWork::Standing standing;
  const auto accept = [&](const std::string& text) {
    auto read = revocation::read_manifest(text, {kIssuer, keys}, {}, clock.wall(), scratch).value();
    for (const auto& chunk : work.missing(kPlace, read, standing, clock.wall()))
      ASSERT_TRUE(work.take_chunk(kPlace, chunk, source_.chunks.at(chunk.sha256)));
    auto built = work.build({.list = kPlace,
                             .issuer = kIssuer,
                             .url = section().url,
                             .text = text,
                             .manifest = std::move(read),
                             .from = standing,
                             .ends_by = clock.wall()});
    standing = work.commit(std::move(built).value()).value();
  };
  const std::string one = source_.chunk(EntryKind::token, {"one"});
  const std::string two = source_.chunk(EntryKind::token, {"two"});
  accept(source_.manifest(1, clock.wall(), SignedList::step(0, 1, one)));
  accept(by_other(2, SignedList::step(0, 1, one) + "," + SignedList::step(1, 2, two)));
  EXPECT_EQ(standing.trail->size(), 1U) << "the newest one is enough";
  EXPECT_EQ(standing.keys.size(), 2U);
  accept(by_other(3, SignedList::step(0, 3, source_.chunk(EntryKind::token, {"x"})) + "," +
                         SignedList::step(2, 3)));
  EXPECT_EQ(standing.keys.size(), 2U);
  accept(source_.manifest(4, clock.wall(),
                          SignedList::step(0, 4, source_.chunk(EntryKind::token, {"y"})) + "," +
                              SignedList::step(3, 4)));
  configure({keyed({&source_, &other_})});
  EXPECT_EQ(version(), 4U) << error();
  EXPECT_TRUE(revoked("two"));
  configure({keyed({&source_})});
  EXPECT_EQ(freshness(), FeedState::absent) << "the other key's steps are in it";
  EXPECT_FALSE(revoked("two"));
}

// A key is taken away while the server, in the hands of whoever has that key, lets a chunk wait.
class KeyWithdrawnTest : public ListAttackTest {
 protected:
  // Version 2 by the other key takes everything back, for a month; its chunk was asked for.
  void ask_for_the_last_chunk() {
    begin();
    configure({keyed({&source_, &other_})});
    const std::string two = source_.chunk(EntryKind::user, {"everybody"});
    manifest = by_other(2, SignedList::step(0, 2, two), 720h);
    clock.advance(900s);
    keeper().tick();
    fetcher.answer_list({.status = FetchResult::Status::ok, .body = manifest});
    run();
    ASSERT_EQ(fetcher.lists.size(), 1U);
  }
  void give_the_last_chunk() {
    const std::string sha256 = fetcher.lists.front().first.sha256;
    fetcher.answer_list({.status = FetchResult::Status::ok, .body = source_.chunks.at(sha256)});
  }
  void the_set_before_stands() {
    EXPECT_EQ(version(), 1U);
    EXPECT_TRUE(revoked("one"));
    EXPECT_FALSE(user_revoked("everybody"));
    EXPECT_EQ(freshness(), FeedState::fresh);
  }
};

TEST_F(KeyWithdrawnTest, WhileAChunkIsWaitedForEndsTheRound) {
  ask_for_the_last_chunk();
  configure({keyed({&source_})});
  EXPECT_THAT(error(), StartsWith("key: "));
  EXPECT_EQ(keeper().next_tick(), clock.steady()) << "it is asked again at once";
  give_the_last_chunk();
  run();
  the_set_before_stands();
  manifest = source_.manifest(1, clock.wall(),
                              SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"})));
  tick_and_serve();
  EXPECT_EQ(error(), "");
}

TEST_F(KeyWithdrawnTest, InItsFileIsNoticedBeforeAnythingIsDurable) {
  const std::string file = state / "keys.json";
  const auto write = [&](const config::ListSource& of) {
    fs::remove(file);
    testing::write_file(file, of.keys.document);
  };
  ask_for_the_last_chunk();
  auto from_file = section();
  from_file.keys.document.clear();
  from_file.keys_file = file;
  write(keyed({&source_, &other_}));
  configure({from_file});
  give_the_last_chunk();
  write(keyed({&source_}));
  run();
  the_set_before_stands();
  restart();
  the_set_before_stands();
}

TEST_F(KeyWithdrawnTest, WhileItIsMadeDurableIsNotTaken) {
  ask_for_the_last_chunk();
  give_the_last_chunk();
  for (int i = 0; i < 2; ++i) {  // stored; built
    builder.run_ready();
    control.run_ready();
  }
  configure({keyed({&source_})});
  run();
  EXPECT_TRUE(revoked("one"));
  EXPECT_FALSE(user_revoked("everybody"));
  EXPECT_EQ(version(), 2U) << "it is durable, so nothing older is taken";
}

// Whoever looks again while a chunk is waited for, and finds the keys as they were, disturbs none.
TEST_F(KeyWithdrawnTest, NotAtAllTheRoundGoesOn) {
  ask_for_the_last_chunk();
  EXPECT_FALSE(keeper().look_again());
  give_the_last_chunk();
  run();
  EXPECT_EQ(version(), 2U) << error();
  EXPECT_TRUE(user_revoked("everybody"));
}

// A chunk of the base is lost from the disk of a running daemon, or cut short: the next change is
// taken all the same.
class LostChunkTest : public ListAttackTest {
 protected:
  template <typename Spoil>
  void each_change_is_taken(Spoil spoil) {
    begin();
    std::string steps = SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"}));
    for (const auto& entry : fs::directory_iterator(state / ("lists/" + kPlace))) {
      if (entry.file_size() != 16) continue;
      spoil(entry.path());
      break;
    }
    for (std::uint64_t version = 2; version < 5; ++version) {
      const std::string name = "t" + std::to_string(version);
      steps +=
          "," + SignedList::step(version - 1, version, source_.chunk(EntryKind::token, {name}));
      manifest = source_.manifest(version, clock.wall(), steps);
      next_round();
      EXPECT_EQ(error(), "");
      EXPECT_TRUE(revoked(name));
    }
    restart();
    EXPECT_EQ(version(), 4U) << error();
    EXPECT_TRUE(revoked("one"));
    EXPECT_TRUE(revoked("t4"));
  }
};

TEST_F(LostChunkTest, IsFetchedAgainInTheSameRound) {
  each_change_is_taken([](const fs::path& path) { fs::remove(path); });
}

TEST_F(LostChunkTest, OrCutShortIsFetchedAgainInTheSameRound) {
  each_change_is_taken([](const fs::path& path) { fs::resize_file(path, 15); });
}

TEST_F(LostChunkTest, ThatTheServerHasNotLeavesTheSetAtWork) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  for (const auto& entry : fs::directory_iterator(state / ("lists/" + kPlace)))
    if (entry.file_size() == 16) fs::remove(entry.path());
  const auto kept = std::exchange(source_.chunks, {});
  const std::string two = source_.chunk(EntryKind::token, {"two"});
  manifest = source_.manifest(2, clock.wall(),
                              SignedList::step(0, 1, base) + "," + SignedList::step(1, 2, two));
  next_round();
  EXPECT_THAT(error(), HasSubstr("404"));
  EXPECT_TRUE(revoked("one"));
  source_.chunks.insert(kept.begin(), kept.end());
  next_round();
  EXPECT_TRUE(revoked("two")) << error();
}

// The last chunk of each version never comes.
TEST_F(ListAttackTest, WhatNeverCameToBeAcceptedFillsNoDisk) {
  begin();
  const auto files = [&] {
    const fs::directory_iterator all(state / ("lists/" + kPlace));
    return std::distance(fs::begin(all), fs::end(all));
  };
  for (std::uint64_t version = 2; version < 12; ++version) {
    const std::string name = std::to_string(version);
    const std::string good = source_.chunk(EntryKind::token, {"good" + name});
    const auto before = source_.chunks;
    const std::string held = source_.chunk(EntryKind::token, {"held" + name});
    source_.chunks = before;
    manifest =
        source_.manifest(version, clock.wall(), SignedList::step(0, version, good + "," + held));
    next_round();
    EXPECT_THAT(error(), HasSubstr("404"));
  }
  EXPECT_LE(files(), 4) << "record, manifest and chunk of what stands, and one that came";
  restart();
  EXPECT_EQ(version(), 1U) << error();
  EXPECT_TRUE(revoked("one"));
}

TEST_F(ListAttackTest, AListUnderAnotherNameIsNoYounger) {
  manifest = source_.manifest(7, clock.wall(),
                              SignedList::step(0, 7, source_.chunk(EntryKind::token, {"one"})));
  configure();
  tick_and_serve();
  auto renamed = section();
  renamed.feed.name = "renamed";
  renamed.digest = "digest-2";
  manifest = source_.manifest(6, clock.wall(), SignedList::step(0, 6));
  configure({renamed});
  run();
  EXPECT_TRUE(revoked("one")) << "what is on the disk is this list's";
  next_round();
  EXPECT_THAT(error(), StartsWith("rollback: "));
  EXPECT_EQ(version(), 7U);
}

// To another list and back again.
TEST_F(ListAttackTest, AListThatComesBackIsNoYounger) {
  manifest = source_.manifest(7, clock.wall(),
                              SignedList::step(0, 7, source_.chunk(EntryKind::token, {"one"})));
  configure();
  tick_and_serve();
  auto changed = section();
  changed.issuer = source_.issuer = "https://lists.example.com/another";
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1));
  configure({changed});
  run();
  tick_and_serve();
  EXPECT_EQ(version(), 1U) << error();
  source_.issuer = kIssuer;
  manifest = source_.manifest(6, clock.wall(), SignedList::step(0, 6));
  configure();
  run();
  next_round();
  EXPECT_THAT(error(), StartsWith("rollback: "));
  EXPECT_TRUE(revoked("one"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::list_keeper_test
