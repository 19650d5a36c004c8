// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/assembler.h"

#include <string>
#include <string_view>

namespace latchkey::latchkeyd {

Expected<void> Assembler::add(const wire::Part& part) {
  if (part.part != next())
    return fail(Reason::token_parts_invalid, "a part is missing, repeated or out of order");
  if (parts_ == 0) {
    parts_ = part.parts;
    digest_ = part.digest;
  } else if (part.parts != parts_ || part.digest != digest_) {
    return fail(Reason::token_parts_invalid, "the part is of another token");
  }
  if (token_.size() + part.data.size() > wire::kTokenMost) return fail(Reason::token_too_long);
  if (!token_.append(part.data)) return fail(Reason::internal_error, "no memory for a token");
  ++seen_;
  return {};
}

bool Assembler::fits(const jose::TokenDigest& digest) const {
  return complete() && std::string_view(digest.hex()).starts_with(digest_);
}

}  // namespace latchkey::latchkeyd
