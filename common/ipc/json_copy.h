// SPDX-License-Identifier: Apache-2.0
//
// What the one strict reader has read, as a value that can be kept and written. For texts that are
// passed on or shown: what is decided about is read where it lies.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/jose/json.h"

namespace latchkey::ipc::json {

// The members in their order. Bounded by the reader's depth and counts.
nlohmann::ordered_json copy_of(const jose::JsonValue& value);

}  // namespace latchkey::ipc::json
