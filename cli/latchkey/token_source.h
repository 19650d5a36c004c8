// SPDX-License-Identifier: Apache-2.0
//
// Where the user's token comes from: an explicit file, else WLCG Bearer Token Discovery
// (version 1.0, section 3). The token is read once, into memory that is wiped, and never quoted in
// an error.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>
#include <tl/expected.hpp>

#include "wire/secret_buffer.h"

namespace latchkey::cli {

// Reads one environment variable; injected so that tests need not change the process.
using Environment = std::function<std::optional<std::string>(const char* name)>;

struct TokenSource {
  std::string from_file;  // --token-file; "-" is standard input; empty = discovery
  Environment environment;
  uid_t uid = 0;
};

struct FoundToken {
  wire::SecretBuffer token;
  std::string where;  // "--token-file F", "$BEARER_TOKEN", …: for messages
};

// The first place of the order --token-file, $BEARER_TOKEN, $BEARER_TOKEN_FILE,
// $XDG_RUNTIME_DIR/bt_u$UID, /tmp/bt_u$UID that is set or exists decides: where it cannot be read
// or holds no token, that is the error, and no later place is tried. The two well-known files must
// be regular, ours and closed to others. Blanks around the token are dropped; it must be 1 to 65536
// printable ASCII bytes. The error is a sentence without any byte of the content.
tl::expected<FoundToken, std::string> find_token(const TokenSource& source);

}  // namespace latchkey::cli
