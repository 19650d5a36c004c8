// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/status_list.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <span>

#define ZLIB_CONST  // what is packed is only read
#include <zlib.h>

#include "core/base/mutation.h"

namespace latchkey::revocation {
namespace {

constexpr std::size_t kWindowBytes = 16'384;

// zlib's state, and one run through the packed bytes. Both runs see the same bytes, so the second
// leads where the first did.
class Inflater {
 public:
  explicit Inflater(std::string_view packed) {
    stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    ready_ = inflateInit(&stream_) == Z_OK;
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }

  bool ready() const { return ready_; }

  // Fills `out` as far as the bytes go, and says how far that was.
  std::size_t fill(std::span<std::uint8_t> out) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    state_ = inflate(&stream_, Z_NO_FLUSH);
    return out.size() - stream_.avail_out;
  }
  bool ended() const { return state_ == Z_STREAM_END; }
  bool goes_on() const { return state_ == Z_OK; }
  bool nothing_behind() const { return stream_.avail_in == 0; }
  bool no_memory() const { return state_ == Z_MEM_ERROR; }

 private:
  z_stream stream_{};
  bool ready_ = false;
  int state_ = Z_OK;
};

tl::unexpected<ItemError> no_memory() {
  return refuse(ItemFault::memory, "there is no memory for the list");
}

// What comes out, without keeping it: a bomb costs the time of `most` bytes and no memory.
ItemResult<std::size_t> unpacked_size(std::string_view packed, std::size_t most) {
  Inflater inflater(packed);
  if (!inflater.ready()) return no_memory();
  std::array<std::uint8_t, kWindowBytes> window;
  std::size_t size = 0;
  while (!inflater.ended()) {
    const std::size_t more = inflater.fill(window);
    if (inflater.no_memory()) return no_memory();
    size += more;
    if (LATCHKEY_FAILS(tsl_too_large, size > most))
      return refuse(ItemFault::bounds, "the list has more than " + std::to_string(most) + " bytes");
    if (!inflater.ended() && (!inflater.goes_on() || more == 0))
      return refuse(ItemFault::form, "'lst' is no ZLIB data, or not all of it");
  }
  if (LATCHKEY_FAILS(tsl_bytes_behind, !inflater.nothing_behind()))
    return refuse(ItemFault::form, "there are bytes behind the ZLIB data");
  if (LATCHKEY_FAILS(tsl_empty, size == 0)) return refuse(ItemFault::bounds, "the list is empty");
  return size;
}

}  // namespace

std::string_view token_status_name(TokenStatus status) {
  constexpr std::array<std::string_view, 5> kNames = {"valid", "invalid", "suspended", "other",
                                                      "unknown"};
  return kNames[static_cast<std::size_t>(status)];
}

ItemResult<StatusList> StatusList::unpack(std::uint64_t bits, std::string_view packed,
                                          std::size_t bytes_most) {
  constexpr std::array<std::uint64_t, 4> kBits = {8, 4, 2, 1};
  const auto* const place = std::find(kBits.begin(), kBits.end(), bits);
  if (LATCHKEY_FAILS(tsl_bits, place == kBits.end()))
    return refuse(ItemFault::claim, "'bits' is not 1, 2, 4 or 8");
  if (packed.size() > std::numeric_limits<uInt>::max())
    return refuse(ItemFault::bounds, "'lst' is too long");
  LATCHKEY_TRY(const std::size_t size, unpacked_size(packed, bytes_most));
  // One byte for an empty list, so that what is read is there in any case.
  std::unique_ptr<std::uint8_t[]> array(new (std::nothrow)
                                            std::uint8_t[std::max<std::size_t>(size, 1)]());
  Inflater inflater(packed);
  if (array == nullptr || !inflater.ready()) return no_memory();
  // The whole of it fits; one call may still end before the checksum was read.
  std::size_t filled = inflater.fill({array.get(), size});
  while (inflater.goes_on() && filled < size)
    filled += inflater.fill({array.get() + filled, size - filled});
  if (filled != size) return no_memory();
  const auto shift = static_cast<unsigned>(place - kBits.begin());
  return StatusList(8U >> std::min(shift, 3U), std::min(shift, 3U), std::move(array), size);
}

// Section 4.1 step 3: from the least significant bit of a byte to the most significant one.
TokenStatus StatusList::at(std::uint64_t index) const {
  const std::uint64_t place = index >> shift_;
  if (LATCHKEY_FAILS(tsl_index, place >= bytes_)) return TokenStatus::unknown;
  const unsigned within = static_cast<unsigned>(index) & ((1U << shift_) - 1);
  const unsigned byte = array_[std::min<std::uint64_t>(place, bytes_ - 1)];
  const unsigned value = byte >> (within * bits_) & ((1U << bits_) - 1);
  return static_cast<TokenStatus>(std::min(value, static_cast<unsigned>(TokenStatus::other)));
}

bool StatusList::taken_back_by(const StatusList& other) const {
  const std::uint64_t each = std::uint64_t{1} << shift_;
  for (std::uint64_t byte = 0; byte < bytes_; ++byte) {
    const bool same =
        bits_ == other.bits_ && byte < other.bytes_ && array_[byte] == other.array_[byte];
    if (same || array_[byte] == 0) continue;
    for (std::uint64_t index = byte * each; index < (byte + 1) * each; ++index) {
      const TokenStatus there = other.at(index);
      const bool bad = there != TokenStatus::valid && there != TokenStatus::unknown;
      if (at(index) != TokenStatus::valid && !bad) return true;
    }
  }
  return false;
}

}  // namespace latchkey::revocation
