// SPDX-License-Identifier: Apache-2.0
//
// A token that nobody issued: claims as somebody supposes them, signed by a key that is made for it
// and gone with it, so that the daemon's own engine judges them from the first check to the last.
// It is good for the snapshot that comes with it and for nothing else.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/snapshot.h"
#include "wire/secret_buffer.h"

namespace latchkey::cli {

struct SupposedToken {
  wire::SecretBuffer token;
  Snapshot snapshot;               // the given one, with that key in place of the issuer's
  std::vector<std::string> notes;  // what was put in because the claims did not say it
};

// `iss`, `aud`, `typ`, `iat` and `exp` are put in where they are missing and can be known (one
// issuer; its first audience; what it wants there; now, for five minutes); nothing else is. Errors
// are sentences.
tl::expected<SupposedToken, std::string> suppose(nlohmann::ordered_json claims,
                                                 const Snapshot& snapshot, WallTime now);

}  // namespace latchkey::cli
