// SPDX-License-Identifier: Apache-2.0
//
// Memory for containers of which some are very large: those get pages of their own from the
// kernel, huge ones where it has them, and give all of it back at the end; small ones lie on the
// heap. Of a table of 100 MB that is read in no order, small pages make a read half as dear again.
#pragma once

#include <cstddef>
#include <memory_resource>

namespace latchkey::latchkeyd {

class PageMemory final : public std::pmr::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override;
  // Nothing is kept here, so any of them may give back what another gave.
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;
};

}  // namespace latchkey::latchkeyd
