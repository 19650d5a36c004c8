// SPDX-License-Identifier: Apache-2.0
//
// Random ids from the kernel's generator: login ids, which nobody may guess, and request ids, by
// which people name a decision. One object a worker; it keeps a small supply, so that not every id
// costs a system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace latchkey::latchkeyd {

class Ids {
 public:
  Ids() = default;
  Ids(const Ids&) = delete;
  Ids& operator=(const Ids&) = delete;
  ~Ids();

  std::string login_id();    // 32 lower-case hex digits, 128 random bits
  std::string request_id();  // 8 lower-case hex digits

 private:
  std::string hex(std::size_t bytes);

  std::array<std::uint8_t, 256> supply_{};
  std::size_t used_ = supply_.size();
};

}  // namespace latchkey::latchkeyd
