// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/guests.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::namesd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class GuestsTest : public ::testing::Test {
 protected:
  // How many new names are admitted now, of so many.
  std::size_t admitted(std::size_t of) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < of; ++i) {
      if (guests.admit("g" + std::to_string(made), made, now)) ++count;
      ++made;
    }
    return count;
  }

  Guests guests;
  Guests::TimePoint now{};
  std::uint32_t made = 1;
};

TEST_F(GuestsTest, AreAdmittedInABurstAndThenByTheSecond) {
  EXPECT_EQ(admitted(1'000), Guests::kBurst);
  now += milliseconds(1'000);
  EXPECT_EQ(admitted(1'000), Guests::kPerSecond);
  now += milliseconds(49);
  EXPECT_EQ(admitted(10), 0U);
  now += milliseconds(1);
  EXPECT_EQ(admitted(10), 1U);
}

TEST_F(GuestsTest, AreNoMoreAfterALongTime) {
  EXPECT_EQ(admitted(1'000), Guests::kBurst);
  now += hours(100'000);
  EXPECT_EQ(admitted(1'000), Guests::kBurst);
}

TEST_F(GuestsTest, CostNothingWhileTheyAreRemembered) {
  EXPECT_TRUE(guests.admit("alice", 7, now));
  EXPECT_EQ(admitted(1'000), Guests::kBurst - 1);
  EXPECT_TRUE(guests.admit("alice", 7, now));
  EXPECT_FALSE(guests.admit("alice", 8, now)) << "another id, after another range";
}

TEST_F(GuestsTest, AreRememberedUntilOthersTakeTheirPlace) {
  EXPECT_FALSE(guests.find(0).has_value()) << "no place is taken for a guest without a name";
  EXPECT_TRUE(guests.admit("alice", 4'000'000, now));
  EXPECT_EQ(guests.find(4'000'000), "alice");
  for (std::size_t left = Guests::kRemembered; left > 0;) {
    EXPECT_EQ(guests.find(4'000'000), "alice") << left;
    now += hours(1);
    left -= admitted(1);
  }
  EXPECT_FALSE(guests.find(4'000'000).has_value());
}

}  // namespace
}  // namespace latchkey::namesd
