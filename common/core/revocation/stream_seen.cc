// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_seen.h"

#include "core/base/mutation.h"
#include "core/revocation/entry.h"

namespace latchkey::revocation {

std::optional<std::vector<StreamSeen>> read_stream_seen(const jose::JsonValue& value) {
  if (LATCHKEY_FAILS(seen_form, !value.is_object())) return std::nullopt;
  if (LATCHKEY_FAILS(seen_many, value.size() > stream_limits::kWriters)) return std::nullopt;
  std::vector<StreamSeen> seen;
  for (const jose::JsonMember member : value.members()) {
    if (LATCHKEY_FAILS(seen_key, !digest_of_key(member.name))) return std::nullopt;
    const auto seq = member.value.as_unsigned();
    if (LATCHKEY_FAILS(seen_seq, !seq || *seq < 1 || *seq > stream_limits::kSeq))
      return std::nullopt;
    seen.push_back({std::string(member.name), LATCHKEY_CHECKED(seq, std::uint64_t{1})});
  }
  return seen;
}

}  // namespace latchkey::revocation
