// SPDX-License-Identifier: Apache-2.0
//
// What Redis says of a stream, as its reader understands it.
#include "daemon/fetchd/stream_session.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using ipc::fetch::EntryId;
using redis::Reply;

Reply text(std::string value) {
  Reply reply;
  reply.type = Reply::Type::text;
  reply.text = std::move(value);
  return reply;
}
Reply array(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::array;
  reply.elements = std::move(elements);
  return reply;
}
Reply number(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}
// As Redis 7.0 answers: `first` is empty where no entry is left.
Reply info(const std::string& last, const std::string& deleted, const std::string& first = "1-0",
           std::int64_t length = 3, std::int64_t added = 3) {
  return array({text("length"), number(length), text("last-generated-id"), text(last),
                text("max-deleted-entry-id"), text(deleted), text("entries-added"), number(added),
                text("first-entry"), first.empty() ? Reply{} : array({text(first), array({})})});
}
Reply entry(const std::string& id, const std::string& item) {
  return array({text(id), array({text("item"), text(item)})});
}
Reply entries(std::vector<Reply> all) { return array({array({text("s"), array(std::move(all))})}); }

TEST(StreamSession, SeesTheTrimmingThatRedisDoesNotCallADeletion) {
  const EntryId after{10, 0};
  EXPECT_FALSE(read_standing(info("12-0", "0-0", "10-0"), after)->trimmed);
  EXPECT_TRUE(read_standing(info("12-0", "0-0", "10-1"), after)->trimmed);
  EXPECT_TRUE(read_standing(info("12-0", "0-0", "", 0), after)->trimmed);
  EXPECT_FALSE(read_standing(info("10-0", "0-0", "", 0), after)->trimmed) << "nothing came since";
  // From the beginning all that was ever added has to be there.
  EXPECT_FALSE(read_standing(info("12-0", "0-0", "9-0", 3, 3), {})->trimmed);
  EXPECT_TRUE(read_standing(info("12-0", "0-0", "9-0", 3, 4), {})->trimmed);
}

TEST(StreamSession, SeesThatItWasTrimmedBeyondTheEntry) {
  const EntryId after{10, 0};
  EXPECT_FALSE(read_standing(info("12-0", "9-9"), after)->trimmed);
  EXPECT_FALSE(read_standing(info("12-0", "10-0"), after)->trimmed);
  EXPECT_TRUE(read_standing(info("12-0", "10-1"), after)->trimmed);
  EXPECT_FALSE(read_standing(info("12-0", "10-1"), after)->anew);
}

TEST(StreamSession, SeesThatTheStreamWasBegunAnew) {
  EXPECT_FALSE(read_standing(info("10-0", "0-0"), {10, 0})->anew);
  const auto younger = read_standing(info("9-9", "0-0"), {10, 0});
  EXPECT_TRUE(younger->anew && younger->trimmed);
  Reply none;
  none.type = Reply::Type::error;
  none.text = "ERR no such key";
  EXPECT_TRUE(read_standing(none, {10, 0})->trimmed);
  EXPECT_FALSE(read_standing(none, {})->trimmed) << "nobody has written yet";
}

TEST(StreamSession, TakesNoErrorForAStream) {
  Reply refused;
  refused.type = Reply::Type::error;
  refused.text = "NOPERM";
  EXPECT_EQ(read_standing(refused, {}).error().kind, redis::Trouble::Kind::refused);
  EXPECT_EQ(read_standing(array({}), {}).error().kind, redis::Trouble::Kind::protocol);
}

TEST(StreamSession, GivesItemsAndAnEmptyOneForAnEntryThatHasNone) {
  const auto items = read_items(
      entries({entry("11-0", "a"), array({text("11-1"), array({text("other"), text("x")})})}), "s",
      {10, 0});
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 2U);
  EXPECT_EQ(items->at(0).bytes, "a");
  EXPECT_EQ(items->at(1).bytes, "");
  EXPECT_TRUE(read_items({}, "s", {})->empty()) << "silence";
}

TEST(StreamSession, RefusesEntriesThatDoNotLeadOn) {
  EXPECT_FALSE(read_items(entries({entry("10-0", "a")}), "s", {10, 0}));
  EXPECT_FALSE(read_items(entries({entry("12-0", "a"), entry("11-0", "b")}), "s", {10, 0}));
  EXPECT_FALSE(read_items(entries({entry("x", "a")}), "s", {10, 0}));
  EXPECT_FALSE(read_items(entries({entry("11-0", "a")}), "another", {10, 0}));
}

}  // namespace
}  // namespace latchkey::fetchd
