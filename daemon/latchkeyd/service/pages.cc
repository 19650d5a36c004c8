// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} * 1024 * 1024;

}  // namespace

Pages::Pages(std::size_t size) {
  if (size == 0) return;
  const bool large = size >= kHugePage;
  const std::size_t wanted = large ? size + kHugePage : size;
  void* const mapped = ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return;
  mapped_ = mapped;
  mapped_size_ = wanted;
  data_ = static_cast<std::byte*>(mapped);
  if (!large) return;
  const auto into = reinterpret_cast<std::uintptr_t>(mapped) % kHugePage;
  if (into != 0) data_ += kHugePage - into;
  (void)::madvise(data_, size, MADV_HUGEPAGE);  // slower without, and no less right
}

Pages::~Pages() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
}

}  // namespace latchkey::latchkeyd
