// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} * 1024 * 1024;

TEST(Pages, AreZeroFromTheFirstByteToTheLast) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{5'000}, kHugePage - 1, kHugePage, 3 * kHugePage + 1}) {
    Pages pages(size);
    ASSERT_NE(pages.data(), nullptr) << size;
    EXPECT_EQ(pages.data()[0], std::byte{0});
    EXPECT_EQ(pages.data()[size - 1], std::byte{0});
    pages.data()[0] = std::byte{1};
    pages.data()[size - 1] = std::byte{1};
  }
}

TEST(Pages, BeginWithAHugePageWhereTheyAreLarge) {
  const Pages pages(kHugePage);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages.data()) % kHugePage, 0U);
}

TEST(Pages, AreNoneWhereNoneAreAskedFor) {
  EXPECT_EQ(Pages().data(), nullptr);
  EXPECT_EQ(Pages(0).data(), nullptr);
}

TEST(Pages, AreNoneWhereTheKernelHasNone) { EXPECT_EQ(Pages(SIZE_MAX / 4).data(), nullptr); }

TEST(Pages, StayWhereTheyAreWhenTheyChangeHands) {
  Pages pages(10);
  std::byte* const data = pages.data();
  data[3] = std::byte{3};
  Pages other = std::move(pages);
  EXPECT_EQ(other.data(), data);
  pages = Pages(20);
  EXPECT_EQ(other.data()[3], std::byte{3});
}

}  // namespace
}  // namespace latchkey::latchkeyd
