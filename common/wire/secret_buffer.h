// SPDX-License-Identifier: Apache-2.0
//
// Where a token lives, and nowhere else (STYLE "Secrets"): pages of its own that are left out of
// core dumps and are wiped before anybody else gets them. Movable, never copied, no formatter: a
// token cannot slip into a log by way of a type.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace latchkey::wire {

// Overwrites in a way that the compiler may not drop.
void wipe(std::span<std::byte> bytes) noexcept;
void wipe(std::span<char> bytes) noexcept;

class SecretBuffer {
 public:
  // Holds nothing and has no room.
  SecretBuffer() noexcept = default;
  // Room for `capacity` bytes; has none (capacity() is 0) if the system gives no memory, so
  // append() then refuses.
  explicit SecretBuffer(std::size_t capacity) noexcept;
  ~SecretBuffer() noexcept;
  SecretBuffer(SecretBuffer&& other) noexcept;
  SecretBuffer& operator=(SecretBuffer&& other) noexcept;
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  // Adds at the end; false, with nothing changed, where it does not fit.
  [[nodiscard]] bool append(std::string_view more) noexcept;

  // The free room behind the content, to be read into; grow(n) then makes its first n bytes
  // content. Only content is ever wiped, so grow over whatever was written, also if it is not
  // wanted.
  std::span<std::byte> room() noexcept { return {data_ + size_, capacity_ - size_}; }
  [[nodiscard]] bool grow(std::size_t more) noexcept;

  // Forgets the first `count` bytes (all of them where there are fewer): what follows moves to the
  // front.
  void drop_front(std::size_t count) noexcept;

  // Overwrites the content and is empty; the room stays.
  void wipe() noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace latchkey::wire
