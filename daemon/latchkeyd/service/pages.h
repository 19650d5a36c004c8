// SPDX-License-Identifier: Apache-2.0
//
// A large piece of zeroed memory from the kernel. A page of it takes no memory before it is
// written, and all of it is given back at the end. Where it is large it asks for huge pages: what
// is read in no order misses the TLB on every small one, which costs as much as a third of the
// read.
#pragma once

#include <cstddef>
#include <utility>

namespace latchkey::latchkeyd {

class Pages {
 public:
  Pages() = default;
  // Empty where the kernel has no memory to give.
  explicit Pages(std::size_t size);
  Pages(Pages&& other) noexcept { swap(other); }
  Pages& operator=(Pages&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Pages();

  // At the start of a huge page where it is large.
  std::byte* data() const { return data_; }

 private:
  void swap(Pages& other) noexcept {
    std::swap(mapped_, other.mapped_);
    std::swap(mapped_size_, other.mapped_size_);
    std::swap(data_, other.data_);
  }

  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace latchkey::latchkeyd
