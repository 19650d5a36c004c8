// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of a stream's snapshot: a stream that was trimmed is whole again from there,
// and nothing is taken back but what the snapshot covers and leaves out.
#include <gtest/gtest.h>

#include "core/jose/sha256.h"
#include "core/revocation/list_chunk.h"
#include "tests/unit/latchkeyd/stream_keeper_host.h"

namespace latchkey::latchkeyd::stream_keeper_test {
namespace {

class StreamSnapshotTest : public StreamKeeperTest {
 protected:
  StreamSnapshotTest() {
    snapshot_url = "https://lists.example.com/now/manifest.jwt";
    start();
  }

  std::string thumbprint(const SigningKey& key) {
    const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({key.jwk()})).value();
    return std::string(set.keys()[0].thumbprint());
  }

  // Version `version` with these users, of the items of `first` up to `seen`.
  void make(std::uint64_t version, const std::vector<std::string>& users, std::uint64_t seen,
            const SigningKey* signer = nullptr, const std::string& more_seen = {}) {
    std::vector<revocation::Entry> entries;
    for (const std::string& user : users)
      entries.push_back(
          {.kind = EntryKind::user, .digest = *names->digest(EntryKind::user, "", user)});
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.digest < b.digest; });
    chunk.clear();
    for (const auto& each : entries) revocation::append_record(each, false, chunk);
    const std::string chunks = entries.empty()
                                   ? ""
                                   : "{\"sha256\":\"" + *jose::sha256_hex(chunk) +
                                         "\",\"size\":" + std::to_string(chunk.size()) +
                                         ",\"kind\":\"user\",\"op\":\"add\",\"entries\":" +
                                         std::to_string(entries.size()) + "}";
    const SigningKey& key = signer == nullptr ? first : *signer;
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch();
    manifest = key.token(
        "{\"alg\":\"" + std::string(jose::algorithm_name(key.algorithm())) + "\",\"kid\":\"" +
            key.kid() + "\",\"typ\":\"latchkey-revocations+jwt\"}",
        "{\"iss\":\"" + kStream + "\",\"format\":1,\"iat\":" + std::to_string(now.count()) +
            ",\"version\":" + std::to_string(version) +
            ",\"max_age\":3600,\"steps\":[{\"from\":0,\"to\":" + std::to_string(version) +
            ",\"chunks\":[" + chunks + "]}],\"seen\":{\"" + thumbprint(first) +
            "\":" + std::to_string(seen) + more_seen + "}}");
  }

  // As the web server would.
  void serve() {
    run();
    while (!fetcher.lists.empty()) {
      ++asked;
      const bool whole = fetcher.lists.front().first.sha256.empty();
      if (manifest.empty()) {
        fetcher.answer_list({.status = FetchResult::Status::failed, .error = "HTTP status 404"});
      } else {
        fetcher.answer_list({.status = FetchResult::Status::ok, .body = whole ? manifest : chunk});
      }
      run();
    }
    keeper->tick();
    // A question that took the place of another one.
    fetcher.streams.erase(fetcher.streams.begin(), fetcher.streams.end() - 1);
  }
  void later(std::chrono::milliseconds time) {
    clock.advance(time);
    keeper->tick();
    serve();
  }

  std::string manifest;
  std::string chunk;
  int asked = 0;
};

TEST_F(StreamSnapshotTest, ATrimmedStreamIsWholeAgainAboveItsSnapshotAndNothingIsUnrevoked) {
  serve();  // there is none yet
  come({item(5, 0, user_entry("mallory")), beat(6, 5)});
  // 7 and 8 are gone before this host heard them.
  make(1, {"mallory", "bob"}, 8);
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_FALSE(revoked("bob"));
  later(10s);
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::stale) << "what stands above it is not read yet";
  EXPECT_EQ(after(), "0-0");
  come({item(9, 8, user_entry("carol"))}, true);
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
  EXPECT_EQ(keeper->states().at(0).version, 1U);
  start();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_EQ(after(), "3-0");
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
  // It is trimmed again, behind what was read.
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(StreamSnapshotTest, AStreamOfWhichNothingIsLeftIsWholeAboveItsSnapshot) {
  make(1, {"mallory"}, 8);
  serve();
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
  later(1s);
  later(10s);
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(StreamSnapshotTest, ASnapshotTakesBackWhatItCoversAndLeavesOutAndNothingElse) {
  const std::string mistake = item(5, 0, user_entry("mallory"));
  come({mistake, item(6, 5, user_entry("bob"))});
  come({item(7, 6, user_entry("carol"))});
  clock.advance(1s);
  make(1, {"bob"}, 6);
  serve();
  EXPECT_FALSE(revoked("mallory")) << "covered, and left out";
  EXPECT_TRUE(revoked("bob") && revoked("carol"));
  // What is served again is covered.
  come({mistake});
  EXPECT_FALSE(revoked("mallory"));
  start();
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_TRUE(revoked("bob") && revoked("carol"));
}

TEST_F(StreamSnapshotTest, ASnapshotThatDoesNotCoverWhatIsMissingLeavesTheStreamIncomplete) {
  make(1, {}, 5);
  serve();
  come({beat(5, 0)});
  come({item(8, 7, user_entry("mallory"))});
  EXPECT_EQ(freshness(), FeedState::stale);
  const int before = asked;
  later(10s);
  EXPECT_GT(asked, before) << "it is asked for again at once";
  come({item(8, 7, user_entry("mallory"))}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_TRUE(revoked("mallory"));
  make(2, {"bob"}, 7);
  later(20s);
  // What came after the gap is the next one now: nothing has to be read again.
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

TEST_F(StreamSnapshotTest, AStreamThatIsIncompleteIsReadAnewAlsoWhereNoSnapshotCanBeHad) {
  serve();  // there is none
  come({item(5, 0, user_entry("mallory")), item(8, 7, user_entry("bob")), beat(9, 8)});
  EXPECT_EQ(freshness(), FeedState::stale);
  const int before = asked;
  later(10s);
  EXPECT_GT(asked, before);
  EXPECT_EQ(after(), "0-0");
  entry = 0;
  come({item(5, 0, user_entry("mallory")), item(7, 5, user_entry("carol")),
        item(8, 7, user_entry("bob")), beat(9, 8)});
  EXPECT_TRUE(revoked("carol"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamSnapshotTest, AFailingServerHasAWholeStreamReadNoneTheMoreOften) {
  serve();
  come({item(5, 0, user_entry("mallory")), beat(6, 5)});
  for (const std::uint64_t seq : {7U, 8U, 9U}) {
    later(20min);
    EXPECT_NE(after(), "0-0");
    come({beat(seq, 5)});
  }
}

TEST_F(StreamSnapshotTest, ASnapshotOfAnotherKeyOrAnOlderOneChangesNothing) {
  make(2, {"mallory"}, 8);
  serve();
  come({}, true);
  later(10s);
  come({}, true);
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  make(1, {}, 9);
  later(20min);
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_THAT(error(), HasSubstr("snapshot: rollback"));
  const SigningKey stranger = SigningKey::generate(jose::Algorithm::es256, "first");
  make(3, {}, 9, &stranger);
  later(20min);
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(StreamSnapshotTest, WhatWasSignedAfterTheSnapshotIsNotInItWhateverItsNumber) {
  make(1, {"mallory"}, 50);
  serve();
  come({item(7, 6, user_entry("carol"))});
  EXPECT_TRUE(revoked("carol")) << "signed in the same second: nobody knows which was first";
  clock.advance(1s);
  come({item(8, 7, user_entry("bob"))});
  EXPECT_TRUE(revoked("bob"));
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
}

TEST_F(StreamSnapshotTest, ASnapshotWhoseKeyIsTakenAwayIsMissedUntilAnotherOneComes) {
  make(1, {"mallory"}, 8, &second);
  serve();
  come({beat(9, 8)}, true);
  later(10s);
  come({beat(9, 8)}, true);
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  keys = {&first};
  digest = "digest-2";
  configure();
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::stale);
  make(2, {"mallory"}, 8);
  later(10s);
  come({beat(9, 8)}, true);
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamSnapshotTest, AnotherKeySignsTheVersionOfOneThatWasTakenAwayOnceMore) {
  make(1, {"mallory"}, 8, &second);
  serve();
  come({beat(9, 8)}, true);
  later(10s);
  come({beat(9, 8)}, true);
  keys = {&first};
  digest = "digest-2";
  configure();
  clock.advance(1s);
  make(1, {"mallory"}, 8);
  later(10s);
  come({beat(9, 8)}, true);
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamSnapshotTest, WithoutASnapshotAWholeStreamIsReadAndIsWhole) {
  make(1, {"mallory"}, 5);
  serve();
  come({item(5, 0, user_entry("mallory")), item(6, 5, user_entry("bob"))});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  // Its files are lost while the daemon is down.
  std::filesystem::remove_all(std::string(state.path()) + "/lists");
  manifest.clear();
  start();
  EXPECT_EQ(journal.count("a revocation stream has lost its snapshot"), 1U);
  EXPECT_EQ(after(), "0-0");
  entry = 0;
  come({item(5, 0, user_entry("mallory")), item(6, 5, user_entry("bob")), beat(7, 6)});
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

}  // namespace
}  // namespace latchkey::latchkeyd::stream_keeper_test
