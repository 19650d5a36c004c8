// SPDX-License-Identifier: Apache-2.0
//
// A disk that does not take a status list, keys that go while one is read, and lists of one second.
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

namespace fs = std::filesystem;

// What is written first has this name, so that a folder there is in its way.
fs::path in_the_way(const fs::path& folder, std::string_view extension) {
  for (const auto& each : fs::directory_iterator(folder))
    if (each.path().extension() == extension)
      return folder / ("." + each.path().filename().string() + ".new");
  return {};
}

TEST_F(StatusKeeperTest, AListThatTheDiskDoesNotTakeLeavesNoneThatSaysOtherwise) {
  have(kValid);
  const std::string older = token(kValid);
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  const fs::path obstacle = in_the_way(folder, ".jwt");
  fs::create_directories(obstacle / "full");
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked));
  EXPECT_EQ(first(), "invalid") << "in force, and not durable";
  EXPECT_EQ(journal.count("could not be stored"), 1U);
  start();
  EXPECT_EQ(first(), "none") << "and not what the list before it said";
  keeper->tick();
  come(older);
  EXPECT_EQ(first(), "none");
  EXPECT_THAT(error(), HasSubstr("old: ")) << "the record had room";
}

TEST_F(StatusKeeperTest, ADiskThatTakesNeitherListNorRecordLeavesNoListEither) {
  have(kValid);
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  const std::vector<fs::path> obstacles = {in_the_way(folder, ".jwt"), in_the_way(folder, ".json")};
  for (const fs::path& each : obstacles) fs::create_directories(each / "full");
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked));
  EXPECT_EQ(first(), "invalid");
  start();
  EXPECT_EQ(first(), "none");
}

TEST_F(StatusKeeperTest, AListThatWasNotStoredIsAskedForAsAWhole) {
  have(kValid);
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  const fs::path obstacle = in_the_way(folder, ".jwt");
  fs::create_directories(obstacle / "full");
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked), "\"2\"");
  fs::remove_all(obstacle);
  clock.advance(5min);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "");
  come(token(kRevoked, "", kUri, nullptr, 5min), "\"2\"");
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusKeeperTest, AListWithoutARecordIsNone) {
  want();
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  come(token(kValid));
  const fs::path record = in_the_way(folder, ".json");
  fs::create_directories(record / "full");
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked));
  start();
  EXPECT_EQ(first(), "invalid") << "the list is newer than the record beside it";
}

// The file of a section is read anew each time; so may its keys change while a list is read.
TEST_F(StatusKeeperTest, AKeyThatIsTakenAwayWhileItsListIsReadSignsNothing) {
  section_keys.document = latchkey::testing::jwk_set({own.jwk(), other.jwk()});
  start();
  want();
  come(token(kRevoked, "", kUri, &other));
  clock.advance(5min);
  keeper->tick();
  fetcher.answer_status(
      {.status = FetchResult::Status::ok, .body = token(kValid), .etag = "\"2\""});
  section_keys.document = latchkey::testing::jwk_set({other.jwk()});
  configure();
  run();
  EXPECT_EQ(first(), "invalid");
  EXPECT_THAT(error(), HasSubstr("key: the key that signed it is gone"));
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusKeeperTest, AnIssuersKeyThatGoesWhileItsListIsReadTakesNothingBack) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  want();
  come(token(kRevoked, "", kUri, &other));
  clock.advance(5min);
  keeper->tick();
  fetcher.answer_status(
      {.status = FetchResult::Status::ok, .body = token(kValid), .etag = "\"2\""});
  issuer_keys = set_of({other.jwk()});
  run();
  EXPECT_EQ(first(), "invalid");
  EXPECT_EQ(keys_asked, 1);
}

TEST_F(StatusKeeperTest, OfTwoListsOfOneSecondTheOneThatRevokesStays) {
  want();
  come(token(kValid));
  const std::string valid = token(kValid, ",\"ttl\":7");
  clock.advance(10s);
  keeper->hurry();
  keeper->tick();
  come(token(kRevoked, "", kUri, nullptr, 10s));
  EXPECT_EQ(first(), "invalid");
  clock.advance(10s);
  keeper->hurry();
  keeper->tick();
  come(valid);
  EXPECT_EQ(first(), "invalid");
  EXPECT_THAT(error(), HasSubstr("old: one with the same 'iat' revokes more"));
  start();
  keeper->hurry();
  keeper->tick();
  come(valid);
  EXPECT_EQ(first(), "invalid") << "nor after a restart";
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
