// SPDX-License-Identifier: Apache-2.0
//
// The body of a `stream_items` answer: items of a revocation stream as they lie there, each with
// the id of its entry. An item is any bytes of anybody, so each comes with its size in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/fault.h"

namespace latchkey::ipc::fetch {

inline constexpr std::size_t kItemsInBatch = 32;
inline constexpr std::size_t kItemMost = 65'537;  // one more than is ever read
inline constexpr std::size_t kEntryIdMost = 41;   // two numbers of 64 bits and a '-'

// A Redis entry id: "1764331260000-0".
struct EntryId {
  std::uint64_t milliseconds = 0;
  std::uint64_t number = 0;

  auto operator<=>(const EntryId&) const = default;
};
std::optional<EntryId> parse_entry_id(std::string_view text);
inline bool is_entry_id(std::string_view text) { return parse_entry_id(text).has_value(); }

struct StreamBatch {
  struct Item {
    std::string id;
    std::string bytes;

    bool operator==(const Item&) const = default;
  };

  // Entries behind the one that was named were deleted, or the stream was begun anew; then the
  // items are from its beginning.
  bool trimmed = false;
  std::vector<Item> items;  // in the order of the stream
  // Where these are all that there were: the last entry that there ever was, which may have been
  // deleted. Empty: not known.
  std::string end;
};

std::string encode(const StreamBatch& batch);
// malformed: anything but what encode() makes within the bounds.
Result<StreamBatch> decode_stream_batch(std::string_view body);

}  // namespace latchkey::ipc::fetch
