// SPDX-License-Identifier: Apache-2.0
//
// Cuts a Varlink stream at its NUL bytes. A peer that never sends one is stopped at the limit;
// bytes that were searched once are not searched again, so a message that trickles in costs no more
// than one that comes whole.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {
namespace {

constexpr std::size_t kReadSize = 4'096;

}  // namespace

std::span<char> Framer::prepare() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadSize) {
    buffer_.resize(std::max(end_ + kReadSize, std::min(buffer_.size() * 2, most_ + kReadSize)));
  }
  return std::span<char>(buffer_).subspan(end_);
}

void Framer::commit(std::size_t bytes) {
  assert(bytes <= buffer_.size() - end_);
  end_ += bytes;
}

Result<std::optional<std::string_view>> Framer::next() {
  const std::string_view unread = std::string_view(buffer_).substr(begin_, end_ - begin_);
  const std::size_t nul = unread.find('\0', searched_);
  const std::size_t length = nul == std::string_view::npos ? unread.size() : nul;
  if (length > most_)
    return fault(FaultKind::too_large,
                 "a message above the limit of " + std::to_string(most_) + " bytes");
  if (nul == std::string_view::npos) {
    searched_ = unread.size();
    return std::nullopt;
  }
  searched_ = 0;
  begin_ += nul + 1;
  return unread.substr(0, nul);
}

}  // namespace latchkey::ipc::varlink
