// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/page_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <new>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} * 1024 * 1024;

TEST(PageMemory, CanBeWrittenFromTheFirstByteToTheLast) {
  PageMemory memory;
  for (const std::size_t size :
       {std::size_t{1}, kHugePage - 1, kHugePage, kHugePage + 1, 3 * kHugePage + 4'097}) {
    void* const at = memory.allocate(size);
    std::memset(at, 0x5a, size);
    if (size >= kHugePage) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % kHugePage, 0U);
    }
    memory.deallocate(at, size);
  }
}

TEST(PageMemory, HoldsAContainerThatGrows) {
  PageMemory memory;
  std::pmr::vector<std::uint64_t> numbers(&memory);
  for (std::uint64_t i = 0; i < 1'000'000; ++i) numbers.push_back(i);
  for (std::uint64_t i = 0; i < numbers.size(); i += 997) EXPECT_EQ(numbers[i], i);
}

TEST(PageMemory, SaysWhenThereIsNone) {
  PageMemory memory;
  // Beyond what any machine has; the compiler is not to know.
  volatile std::size_t beyond = SIZE_MAX / 4;
  EXPECT_THROW((void)memory.allocate(beyond), std::bad_alloc);
  beyond = SIZE_MAX - 10;
  EXPECT_THROW((void)memory.allocate(beyond), std::bad_alloc);
}

TEST(PageMemory, IsAnyOtherPageMemory) {
  const PageMemory one;
  const PageMemory other;
  EXPECT_TRUE(one.is_equal(other));
  EXPECT_FALSE(one.is_equal(*std::pmr::new_delete_resource()));
}

}  // namespace
}  // namespace latchkey::latchkeyd
