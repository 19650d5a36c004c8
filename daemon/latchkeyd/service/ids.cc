// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

// getrandom() fails for no reason that a running daemon could outlive: an id that can be guessed is
// no id.
void fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) std::abort();
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

Ids::~Ids() { ::explicit_bzero(supply_.data(), supply_.size()); }

std::string Ids::login_id() { return hex(16); }

std::string Ids::request_id() { return hex(4); }

std::string Ids::hex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (used_ + bytes > supply_.size()) {
    fill(supply_);
    used_ = 0;
  }
  std::string text;
  text.reserve(2 * bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::uint8_t value = std::exchange(supply_[used_++], std::uint8_t{0});  // handed out once
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 15]);
  }
  return text;
}

}  // namespace latchkey::latchkeyd
