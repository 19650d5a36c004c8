// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/page_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kPage = 4'096;
constexpr std::size_t kHugePage = std::size_t{2} * 1024 * 1024;

bool is_large(std::size_t bytes) { return bytes >= kHugePage; }

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

// More is asked for than is needed, to begin with a huge page, and the rest given back at once.
void* PageMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!is_large(bytes)) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  if (bytes > SIZE_MAX / 2 || alignment > kHugePage) throw std::bad_alloc();
  const std::size_t wanted = whole_pages(bytes);
  void* const mapped = ::mmap(nullptr, wanted + kHugePage, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const std::size_t into = reinterpret_cast<std::uintptr_t>(mapped) % kHugePage;
  const std::size_t before = into == 0 ? 0 : kHugePage - into;
  auto* const data = static_cast<std::byte*>(mapped) + before;
  if (before != 0) ::munmap(mapped, before);
  ::munmap(data + wanted, kHugePage - before);
  (void)::madvise(data, wanted, MADV_HUGEPAGE);  // slower without, and no less right
  return data;
}

void PageMemory::do_deallocate(void* at, std::size_t bytes, std::size_t alignment) {
  if (!is_large(bytes)) return std::pmr::new_delete_resource()->deallocate(at, bytes, alignment);
  ::munmap(at, whole_pages(bytes));
}

bool PageMemory::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
  return dynamic_cast<const PageMemory*>(&other) != nullptr;
}

}  // namespace latchkey::latchkeyd
