// SPDX-License-Identifier: Apache-2.0
#include "ipc/stream_batch.h"

#include <charconv>

namespace latchkey::ipc::fetch {
namespace {

constexpr std::string_view kWhole = "whole";
constexpr std::string_view kTrimmed = "trimmed";

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool all = error == std::errc() && end == digits.data() + digits.size();
  // One text a number, so that ids can be compared as texts too.
  if (!all || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  return value;
}

// What stands before the mark, which is taken away with it.
std::optional<std::string_view> before(std::string_view& rest, char mark) {
  const auto end = rest.find(mark);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view found = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return found;
}

}  // namespace

std::optional<EntryId> parse_entry_id(std::string_view text) {
  const auto middle = text.find('-');
  if (middle == std::string_view::npos || text.size() > kEntryIdMost) return std::nullopt;
  const auto milliseconds = number(text.substr(0, middle));
  const auto count = number(text.substr(middle + 1));
  if (!milliseconds || !count) return std::nullopt;
  return EntryId{*milliseconds, *count};
}

std::string encode(const StreamBatch& batch) {
  std::string body(batch.trimmed ? kTrimmed : kWhole);
  if (!batch.end.empty()) body += ' ' + batch.end;
  body += '\n';
  for (const StreamBatch::Item& item : batch.items) {
    body += item.id + ' ' + std::to_string(item.bytes.size()) + '\n';
    body += item.bytes;
    body += '\n';
  }
  return body;
}

Result<StreamBatch> decode_stream_batch(std::string_view body) {
  const auto malformed = [] { return fault(FaultKind::malformed, "a batch of a stream's items"); };
  StreamBatch batch;
  batch.trimmed = body.starts_with(kTrimmed);
  if (!batch.trimmed && !body.starts_with(kWhole)) return malformed();
  body.remove_prefix(batch.trimmed ? kTrimmed.size() : kWhole.size());
  const auto end = before(body, '\n');
  if (!end || (!end->empty() && (end->front() != ' ' || !is_entry_id(end->substr(1)))))
    return malformed();
  if (!end->empty()) batch.end = end->substr(1);
  while (!body.empty()) {
    const auto id = before(body, ' ');
    const auto digits = id ? before(body, '\n') : std::nullopt;
    const auto size = digits ? number(*digits) : std::nullopt;
    if (!size || !is_entry_id(*id) || *size > kItemMost || body.size() <= *size ||
        body[*size] != '\n' || batch.items.size() == kItemsInBatch)
      return malformed();
    batch.items.push_back({std::string(*id), std::string(body.substr(0, *size))});
    body.remove_prefix(*size + 1);
  }
  return batch;
}

}  // namespace latchkey::ipc::fetch
