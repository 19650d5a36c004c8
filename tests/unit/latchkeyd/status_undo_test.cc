// SPDX-License-Identifier: Apache-2.0
//
// Lists that came and are not taken, and keys that go: what was at hand stays, in memory and on
// disk, and nothing that it revokes is taken back.
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

namespace fs = std::filesystem;

class StatusUndoTest : public StatusKeeperTest {
 protected:
  // A key set as one with two names for `key` is.
  static std::string under(const SigningKey& key, const std::string& name) {
    std::string jwk = key.jwk();
    const std::string own = '"' + key.kid() + '"';
    return jwk.replace(jwk.find(own), own.size(), '"' + name + '"');
  }
  // Where the next list would be written.
  fs::path in_the_way() const {
    const fs::path folder = fs::path(std::string(state.path())) / "status";
    for (const auto& each : fs::directory_iterator(folder))
      if (each.path().extension() == ".jwt")
        return folder / ("." + each.path().filename().string() + ".new");
    return {};
  }
};

TEST_F(StatusUndoTest, AKeyOfTwoNamesIsKeptUnderBoth) {
  issuer_keys = set_of({under(other, "another-name"), other.jwk()});
  want();
  come(token(kRevoked, "", kUri, &other));
  ASSERT_EQ(first(), "invalid");
  issuer_keys = set_of({own.jwk()});
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusUndoTest, AListOfBeforeIsOldAlsoWhereTheKeyOfTheNewerOneIsGone) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  const std::string before = token(kValid, "", kUri, &other, -100s);
  want();
  come(token(kRevoked, "", kUri, &own, -200s));  // by a clock that is ahead
  issuer_keys = set_of({other.jwk()});
  clock.advance(60s);
  keeper->hurry();
  keeper->tick();
  come(before);
  EXPECT_EQ(first(), "invalid");
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusUndoTest, WhatWasOnDiskIsWrittenAgainWhereAListThatIsNotTakenHasTakenItsPlace) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  want();
  come(token(kRevoked, "", kUri, &other));
  const fs::path obstacle = in_the_way();
  fs::create_directories(obstacle / "full");
  clock.advance(5min);
  keeper->tick();
  fetcher.answer_status({.status = FetchResult::Status::ok, .body = token(kValid)});
  issuer_keys = set_of({other.jwk()});  // the key goes while it is read
  run();
  EXPECT_EQ(first(), "invalid");
  EXPECT_EQ(journal.count("a status list could not be stored"), 1U);
  fs::remove_all(obstacle);
  clock.advance(5min);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "") << "the whole of it";
  come(token(kRevoked, "", kUri, &other));
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusUndoTest, OfTwoThatAreNotTakenNoneStaysOnDisk) {
  section_keys.document = latchkey::testing::jwk_set({own.jwk(), other.jwk()});
  start();
  want();
  come(token(kRevoked, "", kUri, &other));
  clock.advance(5min);
  keeper->tick();
  for (const char* next : {"digest-2", "digest-3"}) {  // while the first is read, then the second
    ASSERT_EQ(asked(), 1U);
    fetcher.answer_status({.status = FetchResult::Status::ok, .body = token(kValid)});
    if (std::string_view(next) == "digest-3")
      section_keys.document = latchkey::testing::jwk_set({other.jwk()});
    digest = next;
    configure();
    clock.advance(1s);
    keeper->tick();
  }
  run();
  EXPECT_EQ(first(), "invalid");
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusUndoTest, AListWhoseKeyIsGoneIsAskedForAsAWhole) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  have();
  issuer_keys = set_of({other.jwk()});
  clock.advance(5min);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "");
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
