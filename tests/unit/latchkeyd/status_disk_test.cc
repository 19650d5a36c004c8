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

// A server may say that what was asked for as a whole is what it was.
TEST_F(StatusKeeperTest, AListThatWasNotStoredIsAskedForAsAWholeWhateverIsConfirmed) {
  have(kValid);
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  const fs::path obstacle = in_the_way(folder, ".jwt");
  fs::create_directories(obstacle / "full");
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked), "\"2\"");
  fs::remove_all(obstacle);
  for (int i = 0; i < 2; ++i) {
    clock.advance(5min);
    keeper->tick();
    ASSERT_EQ(asked(), 1U);
    EXPECT_EQ(fetcher.statuses[0].first.etag, "");
    answer({.status = FetchResult::Status::not_modified, .etag = "\"2\""});
  }
}

// Where the process ends just after it said so.
TEST_F(StatusKeeperTest, AListIsDurableBeforeItIsInForce) {
  have(kValid);
  const fs::path folder = fs::path(std::string(state.path())) / "status";
  clock.advance(5min);
  keeper->tick();
  fetcher.answer_status({.status = FetchResult::Status::ok, .body = token(kRevoked)});
  loop.run_ready();
  builder.run_ready();
  loop.run_ready();
  ASSERT_EQ(first(), "invalid");
  const fs::path copied = fs::path(std::string(state.path())) / "kept";
  fs::copy(folder, copied, fs::copy_options::recursive);
  run();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2) << "list and record";
  keeper.reset();
  fs::remove_all(folder);
  fs::rename(copied, folder);
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
}

TEST_F(StatusKeeperTest, AListThatHasNoRoomLeavesTheOneBeforeItOnDisk) {
  list_bytes_most = 8;
  limits.bytes = 8;
  start();
  have(kRevoked);
  want(kPlace + "2");
  come(token(latchkey::testing::packed(std::string(7, '\0')), "", kPlace + "2"));
  in_use = {{kIssuer, kPlace + "2"}};
  clock.advance(5min);
  want(kUri, held()->generation);
  ASSERT_EQ(asked_for().front(), kUri);
  come(token(latchkey::testing::packed(std::string(2, '\0'))));
  EXPECT_THAT(journal.text(), HasSubstr("no room"));
  EXPECT_EQ(first(), "invalid");
  limits = {};  // of bytes on disk, too
  start();
  EXPECT_EQ(first(), "invalid");
}

// As where its key is the reason for the other configuration.
TEST_F(StatusKeeperTest, AListThatIsReadWhileItsSectionChangesIsNotOnDisk) {
  section_keys.document = latchkey::testing::jwk_set({own.jwk(), other.jwk()});
  start();
  want();
  come(token(kRevoked, "", kUri, &other));
  clock.advance(5min);
  keeper->tick();
  fetcher.answer_status({.status = FetchResult::Status::ok, .body = token(kValid)});
  section_keys.document = latchkey::testing::jwk_set({other.jwk()});
  digest = "d2";
  configure();
  run();
  EXPECT_EQ(first(), "invalid");
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusKeeperTest, AFirstListThatIsNotTakenIsNotOnDisk) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  want();
  fetcher.answer_status({.status = FetchResult::Status::ok, .body = token(kValid)});
  issuer_keys = set_of({other.jwk()});
  run();
  EXPECT_EQ(first(), "none");
  start();
  EXPECT_EQ(first(), "none");
}

TEST_F(StatusKeeperTest, AListThatIsNewerThanTheRecordBesideItCounts) {
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
