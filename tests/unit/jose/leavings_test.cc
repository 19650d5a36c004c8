// SPDX-License-Identifier: Apache-2.0
#include "core/jose/leavings.h"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_scan.h"

namespace latchkey::jose {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using testing::places_in_memory;

// "a secret of ours" with its bits turned: the plain form is nowhere but where a test puts it.
const std::string& hidden() {
  static const std::string bytes =
      "\x9e\xdf\x8c\x9a\x9c\x8d\x9a\x8b\xdf\x90\x99\xdf\x90\x8a\x8d\x8c";
  return bytes;
}

// 16 KiB of the secret in a frame that is dead when this returns.
[[gnu::noinline]] void leave_on_the_stack() {
  volatile char frame[16'384];
  for (std::size_t i = 0; i < sizeof frame; ++i)
    frame[i] = static_cast<char>(~hidden()[i % hidden().size()]);
}

TEST(Leavings, OfTheStackAreWiped) {
  if (!testing::kMemoryCanBeScanned) GTEST_SKIP() << "a sanitizer's shadow is memory too";
  ASSERT_THAT(places_in_memory(hidden()), IsEmpty());
  leave_on_the_stack();
  ASSERT_THAT(places_in_memory(hidden()), Not(IsEmpty())) << "the search does not look there";
  leave_on_the_stack();
  wipe_leavings();
  EXPECT_THAT(places_in_memory(hidden()), IsEmpty());
}

#if defined(__x86_64__)

struct Registers {
  std::array<unsigned char, 64> low;   // xmm or, where there is AVX-512, zmm 1
  std::array<unsigned char, 64> high;  // of zmm 17
};

[[gnu::target("avx512f,avx512vl"), gnu::noinline]] Registers wide_after(void (*wipe)() noexcept) {
  Registers seen{};
  std::array<unsigned char, 64> secret{};
  secret.fill(0x5A);
  // The call stands inside, for nothing else may come between; below what a leaf function keeps
  // under its stack pointer.
  asm volatile(
      "vmovdqu64 %2, %%zmm1\n\tvmovdqu64 %2, %%zmm17\n\tlea -256(%%rsp), %%rsp\n\tcall *%3\n\t"
      "lea 256(%%rsp), %%rsp\n\t"
      "vmovdqu64 %%zmm1, %0\n\tvmovdqu64 %%zmm17, %1"
      : "=m"(seen.low), "=m"(seen.high)
      : "m"(secret), "b"(wipe)
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
        "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",
        "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "memory", "cc");
  return seen;
}

[[gnu::noinline]] Registers narrow_after(void (*wipe)() noexcept) {
  Registers seen{};
  std::array<unsigned char, 64> secret{};
  secret.fill(0x5A);
  asm volatile(
      "movdqu %1, %%xmm1\n\tlea -256(%%rsp), %%rsp\n\tcall *%2\n\t"
      "lea 256(%%rsp), %%rsp\n\tmovdqu %%xmm1, %0"
      : "=m"(seen.low)
      : "m"(secret), "b"(wipe)
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
        "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15", "memory", "cc");
  return seen;
}

TEST(Leavings, OfTheRegistersAreWiped) {
  const bool wide = __builtin_cpu_supports("avx512vl") != 0;
  const auto after = wide ? wide_after : narrow_after;
  const std::array<unsigned char, 64> nothing{};
  EXPECT_NE(after([]() noexcept {}).low, nothing) << "the test does not see registers";
  const Registers seen = after(wipe_registers);
  EXPECT_EQ(seen.low, nothing);
  EXPECT_EQ(seen.high, nothing);
}

#endif

}  // namespace
}  // namespace latchkey::jose
