// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_seen.h"

#include "core/base/mutation.h"
#include "core/revocation/entry.h"

namespace latchkey::revocation {
namespace {

// Whether it is an object of thumbprints, and of no more than there can be writers.
bool names_writers(const jose::JsonValue& value) {
  if (LATCHKEY_FAILS(seen_form, !value.is_object())) return false;
  if (LATCHKEY_FAILS(seen_many, value.size() > stream_limits::kWriters)) return false;
  for (const jose::JsonMember member : value.members())
    if (LATCHKEY_FAILS(seen_key, !digest_of_key(member.name))) return false;
  return true;
}

// Adds the ranges of one writer; whether they are that.
bool read_lost(const jose::JsonMember& member, std::vector<StreamLost>& out) {
  const jose::JsonValue& value = member.value;
  const bool pairs = value.is_array() && value.size() % 2 == 0 && value.size() >= 2 &&
                     value.size() <= 2 * stream_limits::kLost;
  if (LATCHKEY_FAILS(lost_form, !pairs)) return false;
  std::vector<std::uint64_t> numbers;
  for (const jose::JsonValue each : value.elements()) {
    const auto number = each.as_unsigned();
    // A range may begin where the last one ended, and ends behind its beginning.
    const std::uint64_t least =
        numbers.empty() ? 0 : numbers.back() + (numbers.size() % 2 == 0 ? 0 : 1);
    if (LATCHKEY_FAILS(lost_range, !number || *number < least || *number > stream_limits::kSeq))
      return false;
    numbers.push_back(number.value_or(0));
  }
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
    out.push_back({std::string(member.name), numbers[i], numbers[i + 1]});
  return true;
}

}  // namespace

std::optional<std::vector<StreamSeen>> read_stream_seen(const jose::JsonValue& value) {
  if (!names_writers(value)) return std::nullopt;
  std::vector<StreamSeen> seen;
  for (const jose::JsonMember member : value.members()) {
    const auto seq = member.value.as_unsigned();
    if (LATCHKEY_FAILS(seen_seq, !seq || *seq < 1 || *seq > stream_limits::kSeq))
      return std::nullopt;
    seen.push_back({std::string(member.name), LATCHKEY_CHECKED(seq, std::uint64_t{1})});
  }
  return seen;
}

std::optional<std::vector<StreamLost>> read_stream_lost(const jose::JsonValue& value) {
  if (!names_writers(value)) return std::nullopt;
  std::vector<StreamLost> all;
  for (const jose::JsonMember member : value.members())
    if (!read_lost(member, all)) return std::nullopt;
  return all;
}

}  // namespace latchkey::revocation
