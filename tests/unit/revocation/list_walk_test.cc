// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_walk.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/revocation/list_chunk.h"

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000s};
constexpr HashSecret kSecret{7};

// Chunks that say nothing but numbers, and whoever walks over them.
struct Server {
  jose::Sha256 sha256;
  std::map<std::string, std::string> chunks;

  static NameDigest digest(std::uint64_t number) {
    NameDigest out{};
    for (std::size_t i = 0; i < 8; ++i) out[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
  }

  // The numbers from `first` on.
  ListChunk chunk(EntryKind kind, std::uint64_t first, std::uint64_t count, bool remove = false,
                  std::optional<WallTime> end = {}) {
    std::string bytes;
    for (std::uint64_t i = 0; i < count; ++i)
      append_record({.kind = kind, .digest = digest(first + i), .before = kNow}, remove, bytes);
    ListChunk out{.sha256 = hex_sha256(bytes, sha256),
                  .size = bytes.size(),
                  .entries = count,
                  .kind = kind,
                  .remove = remove,
                  .end = end};
    chunks[out.sha256] = std::move(bytes);
    return out;
  }

  ListResult<Source> walked(const std::vector<ListStep>& steps, const Source* from = nullptr,
                            WallTime now = kNow) const {
    std::vector<const ListStep*> way;
    for (const ListStep& step : steps) way.push_back(&step);
    return walk({std::move(way), from, kSecret, now}, sha256,
                [&](const ListChunk& chunk) -> ListResult<std::string> {
                  const auto found = chunks.find(chunk.sha256);
                  if (found == chunks.end())
                    return tl::unexpected(ListError{ListFault::chunk, "gone"});
                  return found->second;
                });
  }
};

bool has_token(const Source& source, std::uint64_t number) {
  return source.contains(name_hash(kSecret, EntryKind::token, Server::digest(number)));
}

std::string fault_of(const ListResult<Source>& walked) {
  return walked ? "good" : std::string(list_fault_name(walked.error().fault));
}

TEST(ListWalk, GoesFromNothingOverEachStep) {
  Server server;
  const auto walked = server.walked(
      {{0, 3, {server.chunk(EntryKind::token, 1, 3), server.chunk(EntryKind::user, 9, 1)}},
       {3, 4, {server.chunk(EntryKind::token, 10, 1)}}});
  ASSERT_TRUE(walked) << walked.error().detail;
  EXPECT_EQ(walked->size(), 5U);
  EXPECT_TRUE(has_token(*walked, 1));
  EXPECT_TRUE(has_token(*walked, 10));
  EXPECT_FALSE(has_token(*walked, 4));
  EXPECT_NE(walked->find(EntryKind::user, Server::digest(9)), nullptr);
}

// Section 4: "first its remove chunks, then its add chunks", whatever their order.
TEST(ListWalk, WhatIsRemovedAndAddedInOneStepIsThere) {
  Server server;
  const auto base = server.walked({{0, 1, {server.chunk(EntryKind::token, 1, 2)}}});
  ASSERT_TRUE(base);
  const auto next = server.walked(
      {{1, 2, {server.chunk(EntryKind::token, 1, 1), server.chunk(EntryKind::token, 1, 2, true)}}},
      &*base);
  ASSERT_TRUE(next);
  EXPECT_TRUE(has_token(*next, 1));
  EXPECT_FALSE(has_token(*next, 2));
}

TEST(ListWalk, LeavesWhatItStartedFromAsItWas) {
  Server server;
  const auto base = server.walked({{0, 1, {server.chunk(EntryKind::token, 1, 1)}}});
  ASSERT_TRUE(base);
  const std::vector<ListStep> bad = {
      {1,
       2,
       {server.chunk(EntryKind::token, 1, 1, true),
        {.sha256 = std::string(64, '0'), .size = 16, .entries = 1, .kind = EntryKind::token}}}};
  EXPECT_EQ(fault_of(server.walked(bad, &*base)), "chunk");
  EXPECT_TRUE(has_token(*base, 1));
}

TEST(ListWalk, WithNothingToGoOnFromIsNoWay) {
  Server server;
  EXPECT_EQ(fault_of(server.walked({{1, 2, {server.chunk(EntryKind::token, 1, 1)}}})), "no_way");
}

TEST(ListWalk, PassesOverWhatHasEndedAndOverReasons) {
  Server server;
  ListChunk ended = server.chunk(EntryKind::token, 1, 1, false, kNow);
  ListChunk reasons{.sha256 = std::string(64, '0'), .size = 20, .entries = 1, .kind = {}};
  server.chunks.clear();
  const auto last = server.chunk(EntryKind::token, 5, 1, false, kNow + 1s);
  const auto walked = server.walked({{0, 1, {ended, reasons, last}}});
  ASSERT_TRUE(walked) << walked.error().detail;
  EXPECT_EQ(walked->size(), 1U);
}

// Section 3: at most 262,144 subjects, keys and users in a set.
TEST(ListWalk, ASetHasItsShareOfSmallKindsAndNoMore) {
  Server server;
  const auto full = std::vector<ListStep>{
      {0, 1, {server.chunk(EntryKind::user, 0, 200'000), server.chunk(EntryKind::key, 0, 62'144)}}};
  const auto walked = server.walked(full);
  ASSERT_TRUE(walked) << walked.error().detail;
  EXPECT_EQ(walked->few(), 262'144U);
  const auto one_more = server.chunk(EntryKind::subject, 0, 1);
  auto begun = full;
  begun[0].chunks.push_back(one_more);
  EXPECT_EQ(fault_of(server.walked(begun)), "bounds");
  EXPECT_EQ(fault_of(server.walked({{1, 2, {one_more}}}, &*walked)), "bounds");
  EXPECT_EQ(fault_of(server.walked({{1, 2, {one_more, server.chunk(EntryKind::key, 5, 1, true)}}},
                                   &*walked)),
            "good");
}

TEST(ListWalk, AChunkAboveThatShareIsNotEvenRead) {
  Server server;
  const ListChunk huge{.sha256 = std::string(64, '0'),
                       .size = std::uint64_t{262'145} * 16,
                       .entries = 262'145,
                       .kind = EntryKind::user};
  EXPECT_EQ(fault_of(server.walked({{0, 1, {huge}}})), "bounds");
}

// The merge that a large change makes is part of the walk.
TEST(ListWalk, ALargeChangeGoesIntoTheBase) {
  Server server;
  const auto base = server.walked({{0, 1, {server.chunk(EntryKind::token, 0, 10'000)}}});
  ASSERT_TRUE(base);
  const auto next =
      server.walked({{1, 2, {server.chunk(EntryKind::token, 20'000, 5'000)}}}, &*base);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->delta_size(), 0U);
  EXPECT_EQ(next->base_size(), 15'000U);
  EXPECT_TRUE(has_token(*next, 24'999));
}

// What is read takes memory, so the manifest's own word is enough to refuse it.
TEST(ListWalk, ChunksOfTooManySmallEntriesAreNotEvenRead) {
  Server server;
  ListChunk chunk = server.chunk(EntryKind::user, 0, 1);
  chunk.entries = list_limits::kFewEntries + 1;
  server.chunks.clear();
  const auto walked = server.walked({{0, 1, {chunk}}});
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().fault, ListFault::bounds);
}

}  // namespace
}  // namespace latchkey::revocation
