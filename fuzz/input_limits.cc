// SPDX-License-Identifier: Apache-2.0
//
// Linked into every fuzzer: no input may hold more than 64 MB of memory at a time, nor take more
// than a second of processor time. libFuzzer's own limits see one allocation, or the whole process
// with its shadow memory, and the clock on the wall, which on a busy machine says nothing of the
// input; these count what happens between entry and return of the target.
#include <sanitizer/allocator_interface.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kMost = 64U << 20;
constexpr double kSecondsMost = 1;

bool running = false;
std::size_t held = 0;  // wraps below zero where a target frees what an earlier input allocated

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

extern "C" {

int __real_LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

void __sanitizer_malloc_hook(const volatile void* pointer, std::size_t size) {
  if (!running || pointer == nullptr) return;
  held += size;
  if (held <= kMost || held > SIZE_MAX / 2) return;
  running = false;
  std::fputs("more than 64 MB are held for one input\n", stderr);
  std::abort();
}

void __sanitizer_free_hook(const volatile void* pointer) {
  if (running && pointer != nullptr) held -= __sanitizer_get_allocated_size(pointer);
}

int __wrap_LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  held = 0;
  running = true;
  const double begin = processor_seconds();
  const int result = __real_LLVMFuzzerTestOneInput(data, size);
  running = false;
  if (processor_seconds() - begin > kSecondsMost) {
    std::fputs("one input takes more than a second of processor time\n", stderr);
    std::abort();
  }
  return result;
}

}  // extern "C"
