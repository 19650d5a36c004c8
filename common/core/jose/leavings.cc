// SPDX-License-Identifier: Apache-2.0
//
// No call of a library stands between the secret's last use and the registers' end:
// explicit_bzero() comes after. On other processors than these two the registers are left to those
// who come next.
#include "core/jose/leavings.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace latchkey::jose {
namespace {

constexpr std::size_t kStackBytes = std::size_t{64} * 1'024;

// Never inlined: its frame is what is overwritten.
[[gnu::noinline]] void wipe_stack() noexcept {
  std::array<char, kStackBytes> dead;
  explicit_bzero(dead.data(), dead.size());
}

// NOLINTBEGIN(hicpp-no-assembler): no language has a word for a register.
#if defined(__x86_64__)

void wipe_sse() noexcept {
  asm volatile(
      "pxor %%xmm0, %%xmm0\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm2, %%xmm2\n\t"
      "pxor %%xmm3, %%xmm3\n\tpxor %%xmm4, %%xmm4\n\tpxor %%xmm5, %%xmm5\n\t"
      "pxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm8, %%xmm8\n\t"
      "pxor %%xmm9, %%xmm9\n\tpxor %%xmm10, %%xmm10\n\tpxor %%xmm11, %%xmm11\n\t"
      "pxor %%xmm12, %%xmm12\n\tpxor %%xmm13, %%xmm13\n\tpxor %%xmm14, %%xmm14\n\t"
      "pxor %%xmm15, %%xmm15" ::
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
            "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

// Their whole width, which the instructions of SSE leave alone.
[[gnu::target("avx")]] void wipe_avx() noexcept { __builtin_ia32_vzeroall(); }

// The sixteen that only AVX-512 has; libc's copies go through them. The short form ends the whole.
[[gnu::target("avx512f,avx512vl")]] void wipe_avx512() noexcept {
  asm volatile(
      "vpxord %%xmm16, %%xmm16, %%xmm16\n\tvpxord %%xmm17, %%xmm17, %%xmm17\n\t"
      "vpxord %%xmm18, %%xmm18, %%xmm18\n\tvpxord %%xmm19, %%xmm19, %%xmm19\n\t"
      "vpxord %%xmm20, %%xmm20, %%xmm20\n\tvpxord %%xmm21, %%xmm21, %%xmm21\n\t"
      "vpxord %%xmm22, %%xmm22, %%xmm22\n\tvpxord %%xmm23, %%xmm23, %%xmm23\n\t"
      "vpxord %%xmm24, %%xmm24, %%xmm24\n\tvpxord %%xmm25, %%xmm25, %%xmm25\n\t"
      "vpxord %%xmm26, %%xmm26, %%xmm26\n\tvpxord %%xmm27, %%xmm27, %%xmm27\n\t"
      "vpxord %%xmm28, %%xmm28, %%xmm28\n\tvpxord %%xmm29, %%xmm29, %%xmm29\n\t"
      "vpxord %%xmm30, %%xmm30, %%xmm30\n\tvpxord %%xmm31, %%xmm31, %%xmm31" ::
          : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",
            "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

#elif defined(__aarch64__)

void wipe_neon() noexcept {
  asm volatile(
      "movi v0.2d, #0\n\tmovi v1.2d, #0\n\tmovi v2.2d, #0\n\tmovi v3.2d, #0\n\t"
      "movi v4.2d, #0\n\tmovi v5.2d, #0\n\tmovi v6.2d, #0\n\tmovi v7.2d, #0\n\t"
      "movi v16.2d, #0\n\tmovi v17.2d, #0\n\tmovi v18.2d, #0\n\tmovi v19.2d, #0\n\t"
      "movi v20.2d, #0\n\tmovi v21.2d, #0\n\tmovi v22.2d, #0\n\tmovi v23.2d, #0\n\t"
      "movi v24.2d, #0\n\tmovi v25.2d, #0\n\tmovi v26.2d, #0\n\tmovi v27.2d, #0\n\t"
      "movi v28.2d, #0\n\tmovi v29.2d, #0\n\tmovi v30.2d, #0\n\tmovi v31.2d, #0" ::
          : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20",
            "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#endif
// NOLINTEND(hicpp-no-assembler)

}  // namespace

void wipe_registers() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vl")) wipe_avx512();
  __builtin_cpu_supports("avx") ? wipe_avx() : wipe_sse();
#elif defined(__aarch64__)
  wipe_neon();
#endif
}

void wipe_leavings() noexcept {
  wipe_registers();
  wipe_stack();
}

}  // namespace latchkey::jose
