// SPDX-License-Identifier: Apache-2.0
#include "wire/secret_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace latchkey::wire {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!std::is_copy_constructible_v<SecretBuffer> &&
              !std::is_copy_assignable_v<SecretBuffer>);
static_assert(std::is_nothrow_move_constructible_v<SecretBuffer> &&
              std::is_nothrow_move_assignable_v<SecretBuffer>);
static_assert(!Printable<SecretBuffer>, "a secret must not have a way into a log");

// What lies in the pages, also behind the content: the buffer's own room shows it.
bool all_zero(SecretBuffer& buffer) {
  return std::ranges::all_of(buffer.room(), [](std::byte b) { return b == std::byte{0}; });
}

TEST(SecretBuffer, TakesWhatFitsAndNothingMore) {
  SecretBuffer buffer(8);
  EXPECT_TRUE(buffer.append("12345"));
  EXPECT_FALSE(buffer.append("6789"));
  EXPECT_EQ(buffer.view(), "12345") << "a refused append changes nothing";
  EXPECT_TRUE(buffer.append("678"));
  EXPECT_EQ(buffer.view(), "12345678");
  EXPECT_FALSE(buffer.append("9"));
  EXPECT_TRUE(buffer.append(""));
}

TEST(SecretBuffer, GrowsOverWhatWasReadIntoItsRoom) {
  SecretBuffer buffer(8);
  ASSERT_TRUE(buffer.append("ab"));
  ASSERT_EQ(buffer.room().size(), 6U);
  std::memcpy(buffer.room().data(), "cd", 2);
  EXPECT_FALSE(buffer.grow(7));
  EXPECT_TRUE(buffer.grow(2));
  EXPECT_EQ(buffer.view(), "abcd");
}

TEST(SecretBuffer, WipeLeavesNothing) {
  SecretBuffer buffer(16);
  ASSERT_TRUE(buffer.append("secret"));
  buffer.wipe();
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(all_zero(buffer));
}

TEST(SecretBuffer, DroppingTheFrontKeepsTheRestAndLeavesNothingBehindIt) {
  SecretBuffer buffer(16);
  ASSERT_TRUE(buffer.append("0123456789"));
  buffer.drop_front(0);
  EXPECT_EQ(buffer.view(), "0123456789");
  buffer.drop_front(4);
  EXPECT_EQ(buffer.view(), "456789");
  EXPECT_TRUE(all_zero(buffer));
  buffer.drop_front(99);
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(all_zero(buffer));
}

TEST(SecretBuffer, MovesItsPagesAndLeavesTheOtherEmpty) {
  SecretBuffer first(16);
  ASSERT_TRUE(first.append("secret"));
  const char* where = first.view().data();
  SecretBuffer second(std::move(first));
  EXPECT_EQ(second.view().data(), where);
  // NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that it is empty is the promise.
  EXPECT_EQ(first.capacity(), 0U);
  EXPECT_FALSE(first.append("x"));
  // NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  SecretBuffer third(4);
  third = std::move(second);
  EXPECT_EQ(third.view(), "secret");
  third = SecretBuffer();
  EXPECT_EQ(third.capacity(), 0U);
}

TEST(SecretBuffer, HasNoRoomWhereThereIsNoMemory) {
  SecretBuffer none;
  EXPECT_FALSE(none.append("x"));
  EXPECT_TRUE(none.append(""));
  none.wipe();
  none.drop_front(1);
  SecretBuffer too_much(std::size_t{1} << 60U);
  EXPECT_EQ(too_much.capacity(), 0U);
  EXPECT_FALSE(too_much.append("x"));
}

TEST(Wipe, OverwritesEveryByte) {
  std::string text = "secret";
  wipe(std::span<char>(text));
  EXPECT_EQ(text, std::string(6, '\0'));
  wipe(std::span<char>());
}

}  // namespace
}  // namespace latchkey::wire
