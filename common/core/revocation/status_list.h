// SPDX-License-Identifier: Apache-2.0
//
// The statuses of very many tokens in a few bits each (draft-ietf-oauth-status-list section 4), as
// they lie in memory: the array that was packed, and nothing beside it. Ten million at one bit are
// 1.25 MB, and a look-up is one byte read.
//
// Where it came from is not known here: status_list_token.h gives out the signed ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/revocation/signed_item.h"

namespace latchkey::revocation {

// Section 7. All but the first refuse.
enum class TokenStatus : std::uint8_t {
  valid,      // 0x00
  invalid,    // 0x01: revoked
  suspended,  // 0x02: for the time being
  other,      // of an application, or registered later than this was written
  unknown,    // the index lies outside of the list: nothing was said
};

std::string_view token_status_name(TokenStatus status);  // "suspended"

class StatusList {
 public:
  // `packed` may be any bytes from anybody: DEFLATE in the ZLIB format (RFC 1950, RFC 1951), the
  // whole of it and nothing behind it, of at least one byte and at most `bytes_most`. Not a byte
  // more than the list has is allocated for it, whatever the packed bytes lead to. `bits` is 1, 2,
  // 4 or 8. form, bounds, memory.
  static ItemResult<StatusList> unpack(std::uint64_t bits, std::string_view packed,
                                       std::size_t bytes_most);

  TokenStatus at(std::uint64_t index) const;

  // Whether a status that is no good one here is one there, or is not there: of a list that leaves
  // it out a third one could go on to a good one.
  bool taken_back_by(const StatusList& other) const;

  // How many statuses there is room for. Who made the list may have meant fewer: the last ones may
  // be padding (section 4.1 step 2).
  std::uint64_t size() const { return std::uint64_t{bytes_} << shift_; }
  std::size_t bytes() const { return bytes_; }
  unsigned bits() const { return bits_; }  // of a status

 private:
  StatusList(unsigned bits, unsigned shift, std::unique_ptr<std::uint8_t[]> array,
             std::size_t bytes)
      : array_(std::move(array)), bytes_(bytes), bits_(bits), shift_(shift) {}

  std::unique_ptr<std::uint8_t[]> array_;
  std::size_t bytes_;
  unsigned bits_;   // of a status
  unsigned shift_;  // from an index to its byte
};

}  // namespace latchkey::revocation
