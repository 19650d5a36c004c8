// SPDX-License-Identifier: Apache-2.0
#include "wire/secret_buffer.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace latchkey::wire {

void wipe(std::span<std::byte> bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::span<char> bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

SecretBuffer::SecretBuffer(std::size_t capacity) noexcept {
  if (capacity == 0) return;
  void* pages = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return;
  // Both are wishes: a kernel that knows neither still gives pages that are wiped at the end.
  madvise(pages, capacity, MADV_DONTDUMP);
  madvise(pages, capacity, MADV_WIPEONFORK);
  data_ = static_cast<std::byte*>(pages);
  capacity_ = capacity;
}

SecretBuffer::~SecretBuffer() noexcept {
  if (data_ == nullptr) return;
  wipe();
  munmap(data_, capacity_);
}

SecretBuffer::SecretBuffer(SecretBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretBuffer& SecretBuffer::operator=(SecretBuffer&& other) noexcept {
  if (this != &other) {
    SecretBuffer old(std::move(*this));
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

bool SecretBuffer::append(std::string_view more) noexcept {
  if (more.size() > capacity_ - size_) return false;
  if (!more.empty()) std::memcpy(data_ + size_, more.data(), more.size());
  size_ += more.size();
  return true;
}

bool SecretBuffer::grow(std::size_t more) noexcept {
  if (more > capacity_ - size_) return false;
  size_ += more;
  return true;
}

void SecretBuffer::drop_front(std::size_t count) noexcept {
  if (count > size_) count = size_;
  if (count == 0) return;
  const std::size_t rest = size_ - count;
  if (rest > 0) std::memmove(data_, data_ + count, rest);
  wire::wipe(std::span<std::byte>(data_ + rest, count));
  size_ = rest;
}

void SecretBuffer::wipe() noexcept {
  wire::wipe(std::span<std::byte>(data_, size_));
  size_ = 0;
}

}  // namespace latchkey::wire
