// SPDX-License-Identifier: Apache-2.0
//
// What Redis says of a stream, as its reader understands it.
#include "daemon/fetchd/stream_session.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/redis_stub.h"

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

std::string text_bytes(const std::string& value) {
  return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}
std::string array_bytes(const std::vector<std::string>& elements) {
  std::string bytes = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& each : elements) bytes += each;
  return bytes;
}
std::string entry_bytes(const std::string& id, const std::vector<std::string>& fields) {
  std::vector<std::string> all;
  for (const std::string& each : fields) all.push_back(text_bytes(each));
  return array_bytes({text_bytes(id), array_bytes(all)});
}
std::string item_bytes(const std::string& id) { return entry_bytes(id, {"item", id}); }
std::string batch_bytes(const std::vector<std::string>& all) {
  return array_bytes({array_bytes({text_bytes("s"), array_bytes(all)})});
}
std::string info_bytes(const std::string& first) {
  return array_bytes({text_bytes("length"), ":4\r\n", text_bytes("last-generated-id"),
                      text_bytes("9-0"), text_bytes("entries-added"), ":4\r\n",
                      text_bytes("first-entry"), first});
}
const std::vector<std::string>& many_fields() {
  static const std::vector<std::string> fields(3'000, "x");
  return fields;
}

class StreamSessionTalk : public ::testing::Test {
 protected:
  static redis::Result<StreamSession> open(const test::RedisStub& stub) {
    config::StreamSource stream;
    stream.server = "unix://" + stub.path();
    stream.key = "s";
    return StreamSession::open(stream, -1);
  }
  static std::string ids(const redis::Result<ipc::fetch::StreamBatch>& batch) {
    if (!batch) return batch.error().what;
    std::string out;
    for (const auto& item : batch->items) out += item.id + (item.bytes == item.id ? " " : "! ");
    return out + (batch->more ? "more" : "");
  }
};

TEST_F(StreamSessionTalk, AnEntryOfThousandsOfFieldsHoldsNobodyUp) {
  const std::string huge = entry_bytes("2-0", many_fields());
  std::vector<std::string> thirty_two{item_bytes("1-0")};
  for (int n = 2; n < 32; ++n)
    thirty_two.push_back(entry_bytes(std::to_string(n) + "-0", std::vector<std::string>(140, "x")));
  thirty_two.push_back(item_bytes("32-0"));
  const test::RedisStub stub(
      {{info_bytes(huge), batch_bytes({item_bytes("1-0"), huge, item_bytes("3-0")}),
        info_bytes(huge), batch_bytes(thirty_two)}});
  auto session = open(stub);
  ASSERT_TRUE(session);
  EXPECT_EQ(ids(session->after("0-0")), "1-0 2-0! 3-0 ");
  const auto batch = session->after("0-0");
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->items.size(), 32U);
  EXPECT_EQ(batch->items.front().bytes, "1-0");
  EXPECT_EQ(batch->items[7].bytes, "");
  EXPECT_EQ(batch->items.back().bytes, "32-0");
}

TEST_F(StreamSessionTalk, WhatCameOfAnAnswerThatBrokeOffCounts) {
  const std::string good = info_bytes(item_bytes("1-0"));
  const std::string beginning = "*1\r\n*2\r\n$1\r\ns\r\n*3\r\n";
  const std::string more_than_any_item = "*2\r\n$3\r\n2-0\r\n*2\r\n$4\r\nitem\r\n$500000000\r\n" +
                                         std::string(redis::limits::kArrayBytes + 1, 'x');
  const std::string half_an_item = "*2\r\n$3\r\n2-0\r\n*2\r\n$4\r\nitem\r\n$9\r\n2-";
  const test::RedisStub stub({{good, beginning + item_bytes("1-0") + more_than_any_item},
                              {good, beginning + item_bytes("1-0") + half_an_item},
                              {good, beginning + more_than_any_item},
                              {good, beginning + half_an_item}});
  auto session = open(stub);
  ASSERT_TRUE(session);
  EXPECT_EQ(ids(session->after("0-0")), "1-0 2-0! more");
  EXPECT_EQ(ids(session->after("0-0")), "1-0 more") << "perhaps it is good: it is read again";
  EXPECT_EQ(ids(session->after("0-0")), "2-0! more");
  const auto none = session->after("0-0");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, redis::Trouble::Kind::network);
}

TEST_F(StreamSessionTalk, AFirstEntryThatDoesNotEndHidesNothing) {
  const std::string begun = info_bytes("*2\r\n$3\r\n5-0\r\n*2\r\n$4\r\nitem\r\n$500000000\r\n");
  const test::RedisStub stub(
      {{begun + std::string(1'000'000, 'x')}, {batch_bytes({item_bytes("6-0")})}});
  auto session = open(stub);
  ASSERT_TRUE(session);
  const auto batch = session->after("4-0");
  EXPECT_EQ(ids(batch), "6-0 ");
  EXPECT_TRUE(batch->trimmed) << "it begins behind what was read";
}

TEST_F(StreamSessionTalk, FewerThanCouldBeAreNotTheEnd) {
  const std::string good = info_bytes(item_bytes("1-0"));
  const test::RedisStub stub(
      {{good, batch_bytes({item_bytes("1-0")}), good, batch_bytes({item_bytes("1-0")})}});
  auto session = open(stub);
  ASSERT_TRUE(session);
  EXPECT_EQ(ids(session->after("0-0", 1)), "1-0 more");
  EXPECT_EQ(ids(session->after("0-0")), "1-0 ");
}

// It goes away behind its answer: whoever asked again at once would have taken that for silence.
TEST_F(StreamSessionTalk, SilenceThatIsSaidAtOnceIsWaitedOut) {
  const test::RedisStub stub({{info_bytes(item_bytes("1-0")), "*-1\r\n"}});
  auto session = open(stub);
  ASSERT_TRUE(session);
  const auto batch = session->after("9-0");
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind, redis::Trouble::Kind::network);
}

}  // namespace
}  // namespace latchkey::fetchd
