// SPDX-License-Identifier: Apache-2.0
//
// Claims out of a payload: by name, of one JSON type, within the limits table. A claim of another
// type is never taken for an absent one.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// The member of that name; where there is none and the name has dots, the member at the end of that
// path of objects ("realm_access.roles"). Longer names win, so that a claim named by a URL is
// found, and one below "kubernetes.io".
std::optional<jose::JsonValue> find_claim(const jose::JsonValue& payload, std::string_view name);

// Each gives nothing where the claim is absent, and claim_invalid where it is of another type (null
// is one), too long (limits::kClaimStringBytes) or has too many values. A string may be empty.
// Texts borrow from the payload's reader, as the payload does.
Expected<std::optional<std::string_view>> read_string(const jose::JsonValue& payload,
                                                      std::string_view name);
Expected<std::optional<WallTime>> read_date(const jose::JsonValue& payload, std::string_view name);
// A string counts as a list of one.
Expected<std::optional<std::vector<std::string_view>>> read_list(const jose::JsonValue& payload,
                                                                 std::string_view name,
                                                                 std::size_t values_most);
// An array, or words in one string with a blank between two; of these as many as fit into it.
Expected<std::optional<std::vector<std::string_view>>> read_words(const jose::JsonValue& payload,
                                                                  std::string_view name,
                                                                  std::size_t values_most);

}  // namespace latchkey::claims
