// SPDX-License-Identifier: Apache-2.0
//
// Reads everything that latchkey.sqlite holds, once, at start. What the seals do not confirm is
// damage, and damage is refused as a whole: a start with a part of the revocations would un-revoke
// the rest without a word.
#pragma once

#include <string>
#include <string_view>

#include "daemon/latchkeyd/io/sqlite.h"
#include "daemon/latchkeyd/io/storage.h"

namespace latchkey::latchkeyd {

// `boot_id`: this boot's id; logins of another boot are dropped. Empty: none are.
Expected<StoredState> load_state(const std::string& path, sqlite::Connection& connection,
                                 std::string_view boot_id);

}  // namespace latchkey::latchkeyd
