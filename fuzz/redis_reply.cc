// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a Redis server's replies, whole and in pieces: the same replies either way, within
// the bounds; and what fetchd makes of them is a batch that latchkeyd can read.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/fetchd/stream_session.h"
#include "ipc/stream_batch.h"
#include "redis/resp.h"

namespace {

using latchkey::redis::Reply;
namespace fetchd = latchkey::fetchd;
namespace fetch = latchkey::ipc::fetch;

bool same(const Reply& one, const Reply& other) {
  if (one.type != other.type || one.text != other.text || one.integer != other.integer ||
      one.cut != other.cut || one.unfinished != other.unfinished ||
      one.elements.size() != other.elements.size())
    return false;
  for (std::size_t i = 0; i < one.elements.size(); ++i)
    if (!same(one.elements[i], other.elements[i])) return false;
  return true;
}

// What is kept of a reply, and how much of it there is at most.
struct Kept {
  std::size_t elements = 0;
  std::size_t text = 0;
};
void count(const Reply& reply, Kept& kept) {
  namespace limits = latchkey::redis::limits;
  if (reply.text.size() > limits::kText || reply.elements.size() > limits::kArrayElements ||
      (reply.cut && !reply.elements.empty()))
    std::abort();
  kept.elements += reply.elements.size();
  kept.text += reply.text.size();
  for (const Reply& each : reply.elements) count(each, kept);
  if (kept.elements > limits::kElements || kept.text > limits::kReplyText + limits::kText)
    std::abort();
}

std::vector<Reply> replies(std::string_view bytes, std::size_t step) {
  latchkey::redis::ReplyReader reader;
  std::vector<Reply> all;
  while (!bytes.empty()) {
    const auto used = reader.feed(bytes.substr(0, step));
    if (!used) return all;  // what is left of it is no reply
    if (*used == 0 || *used > bytes.size()) std::abort();
    bytes.remove_prefix(*used);
    if (auto reply = reader.take()) all.push_back(*std::move(reply));
  }
  if (auto rest = reader.take_unfinished()) all.push_back(*std::move(rest));
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = replies(bytes, size);
  const auto pieces = replies(bytes, 1);
  if (whole.size() != pieces.size()) std::abort();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (!same(whole[i], pieces[i])) std::abort();
    Kept kept;
    count(whole[i], kept);
    static_cast<void>(fetchd::read_standing(whole[i], {1, 0}));
    const auto items = fetchd::read_items(whole[i], "s", {});
    if (!items) continue;
    const fetch::StreamBatch batch{false, *items, {}, whole[i].unfinished};
    const auto read = fetch::decode_stream_batch(encode(batch));
    if (!read || read->items != batch.items) std::abort();
  }
  static_cast<void>(fetch::decode_stream_batch(bytes));
  return 0;
}
