// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that is closed exactly once. Moves, never copies.
#pragma once

#include <unistd.h>

#include <utility>

namespace latchkey::ipc {

class Fd {
 public:
  Fd() = default;
  // Takes `fd` over; -1 is "none".
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  // Hands the descriptor over to the caller.
  int release() { return std::exchange(fd_, -1); }

  // close() is not repeated on EINTR: under Linux the descriptor is gone either way.
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace latchkey::ipc
