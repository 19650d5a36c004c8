// SPDX-License-Identifier: Apache-2.0
//
// Texts one behind the other in one piece of memory, each behind its size: how a list of a claim's
// values is kept. Borrows the memory; a copy of the bytes is a copy of the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

namespace latchkey::claims {

class TextList {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    std::string_view operator*() const { return {at_ + sizeof(Size), size()}; }
    Iterator& operator++() {
      at_ += sizeof(Size) + size();
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class TextList;
    explicit Iterator(const char* at) : at_(at) {}
    std::size_t size() const {
      Size size = 0;
      std::memcpy(&size, at_, sizeof size);
      return size;
    }
    const char* at_ = nullptr;
  };

  TextList() = default;
  // Bytes that were made by append().
  explicit TextList(std::string_view bytes) : bytes_(bytes) {}

  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }
  std::string_view front() const { return *begin(); }
  std::string_view bytes() const { return bytes_; }

  static std::size_t bytes_of(std::string_view text) { return sizeof(Size) + text.size(); }
  // Writes bytes_of(text) bytes and gives the place behind them.
  static char* append(char* to, std::string_view text) {
    const auto size = static_cast<Size>(text.size());
    std::memcpy(to, &size, sizeof size);
    if (!text.empty()) std::memcpy(to + sizeof size, text.data(), text.size());
    return to + sizeof size + text.size();
  }

 private:
  using Size =
      std::uint32_t;  // beyond any limit of a claim, and of what a process can hold of them

  std::string_view bytes_;
};

// Compares texts and order; the other one is any range of texts.
template <typename Texts>
bool operator==(const TextList& a, const Texts& b) {
  auto at = b.begin();
  for (const std::string_view text : a) {
    if (at == b.end() || std::string_view(*at) != text) return false;
    ++at;
  }
  return at == b.end();
}

}  // namespace latchkey::claims
