// SPDX-License-Identifier: Apache-2.0
//
// Items of a revocation stream, for whoever writes them (docs/REVOCATION-STREAM.md section 5).
// Nothing is sent here, and no notes are kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/jose/signing/key_material.h"
#include "core/revocation/stream_item.h"

namespace latchkey::cli {

// The number of the next item of a writer whose last one was `last` (0: none that it knows of):
// greater than that, and than any that it can have used before `now`.
std::uint64_t next_stream_seq(std::uint64_t last, WallTime now);

// The item as it goes into the stream; `item.key_id` is passed over. What a reader of the stream
// `name` that has this key would refuse is an error, and so is a key that nobody should sign with.
jose::KeyResult<std::string> sign_stream_item(const revocation::StreamItem& item,
                                              std::string_view name, const jose::KeyMaterial& key);

}  // namespace latchkey::cli
