// SPDX-License-Identifier: Apache-2.0
//
// What of a source's events is on disk, and what becomes of it where the disk is full, damaged or
// not ours: nothing that was acknowledged is lost that could be kept, and what is lost is missed.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/unit/latchkeyd/event_keeper_host.h"

namespace latchkey::latchkeyd::event_keeper_test {
namespace {

class EventStorageTest : public EventKeeperTest {
 protected:
  std::string stored() const {
    std::ifstream in(file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  ino_t inode() const {
    struct stat status {};
    EXPECT_EQ(::stat(file().c_str(), &status), 0);
    return status.st_ino;
  }
};

TEST_F(EventStorageTest, ADamagedFileLosesNoGoodLineAndIsStale) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  start();
  EXPECT_TRUE(revoked("bob"));
  EXPECT_FALSE(revoked("mallory"));
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("incomplete"));
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart makes nothing whole";
  // Until whatever it was can count no more.
  pass(2h + 121s);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventStorageTest, DamageThatAClockBehindSawIsDatedByTheClockThatWasSet) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  clock.jump(-30 * 24h);
  start();
  EXPECT_NE(freshness(), FeedState::fresh);
  clock.jump(31 * 24h);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "what was lost may have come just before the start";
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart dates nothing back";
  pass(2h + 121s);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventStorageTest, DamageIsNoOlderThanWhatIsLeft) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  clock.jump(-30 * 24h);
  start();  // and stops before anybody sets the clock, with what it found written down
  have_keys({&first});
  come({});
  start();
  clock.jump(30 * 24h);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(EventStorageTest, WhoTakesTheLostLineOutTakesWhatWasLostForSettled) {
  issuer.claims.max_token_age = 0s;
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  start();
  come({});
  clock.advance(400 * 24h);
  have_keys({&first});
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "for ever, where tokens have no age";
  keeper.reset();
  std::ifstream in(file());
  std::string kept;
  for (std::string line; std::getline(in, line);)
    if (line.find(" lost ") == std::string::npos) kept += line + '\n';
  in.close();
  std::ofstream(file(), std::ios::trunc) << kept;
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("bob"));
}

TEST_F(EventStorageTest, DamageIsNoOlderThanTheLastAnswer) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  clock.advance(24h);  // nothing since; but something of just now may be what is lost
  have_keys({&first});
  start();
  come({});
  damage_the_second_line();
  clock.jump(-30 * 24h);
  start();
  have_keys({&first});
  come({});
  start();
  clock.jump(30 * 24h);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(EventStorageTest, AClockThatWasAheadForAMomentKeepsNoDamageForLong) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  start();
  come({});
  clock.jump(365 * 24h);
  keeper->tick();
  clock.jump(-365 * 24h);
  pass(2h + 121s);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventStorageTest, AFileOfWhichNothingIsLeftIsDamaged) {
  come({{"one", revokes("one", "mallory")}});
  come({});
  std::filesystem::resize_file(file(), 0);
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(EventStorageTest, AHeadThatIsDamagedLosesNoLine) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  std::fstream(file(), std::ios::in | std::ios::out) << "x";
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

// Rights that somebody set wrong, a disk that fails for a moment: the file may be whole.
TEST_F(EventStorageTest, WhatCannotBeReadIsNotWrittenOverAndIsReadWhenItCanBe) {
  come({{"one", revokes("one", "mallory")}});
  come({});
  const std::string whole = stored();
  ASSERT_EQ(::chmod(folder().c_str(), 0770), 0);
  start();
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_EQ(journal.count("what is stored of security events cannot be read"), 1U);
  for (int i = 0; i < 3; ++i) {
    come({{"two", revokes("two", "bob")}});
    EXPECT_TRUE(revoked("bob"));
    EXPECT_EQ(freshness(), FeedState::stale) << "and not absent: the transmitter has answered";
    EXPECT_THAT(error(), HasSubstr(": its folder is not ours alone"));
    pass(60s);
    EXPECT_EQ(acks(), json::array());
  }
  EXPECT_EQ(stored(), whole);
  ASSERT_EQ(::chmod(folder().c_str(), 0700), 0);
  come({{"two", revokes("two", "bob")}});
  pass(60s);
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  EXPECT_EQ(journal.count("can be read again"), 1U);
  come({{"two", revokes("two", "bob")}});
  pass(60s);
  EXPECT_EQ(acks(), json({"two"}));
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

TEST_F(EventStorageTest, AFullDiskNeedsRoomForOneLineAndNotForAll) {
  come({{"one", revokes("one", "mallory")}});
  come({});
  const ino_t first_file = inode();
  start();
  come({});
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{stored().size() + 10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  pass(60s);
  const std::string whole = stored();
  come({{"two", revokes("two", "bob")}});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(error(), HasSubstr("storage: "));
  EXPECT_EQ(stored(), whole) << "nothing half written is left";
  pass(60s);
  come({{"two", revokes("two", "bob")}});
  EXPECT_EQ(inode(), first_file);
  pass(60s);
  EXPECT_EQ(acks(), json({"two"}));
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

TEST_F(EventStorageTest, WhatIsLostIsWrittenDownWithTheFirstAnswer) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  damage_the_second_line();
  start();
  come({});
  EXPECT_THAT(stored(), HasSubstr(" lost "));
  EXPECT_FALSE(decode_events(stored().substr(stored().find('\n') + 1)).damaged);
}

}  // namespace
}  // namespace latchkey::latchkeyd::event_keeper_test
