// SPDX-License-Identifier: Apache-2.0
//
// The account of a name that is nowhere yet: whether there may be one, and what it would be. One
// answer for latchkey-namesd, which shows it to sshd before anybody is asked for a token, and for
// latchkeyd, which makes it when the token is good.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/accounts/names_file.h"
#include "core/accounts/served_names.h"

namespace latchkey::accounts {

// Whether an account of that name may be made for somebody whom a token calls so. Not one whose
// group would be another one's by name on some host: groups that mean rights (docker, wheel, sudo
// and the like) and what systems and packages take for their own users ("systemd-*", "_*"). Any
// bytes.
bool may_be_made(std::string_view name);

// With the id that every host computes, home and shell of the file's settings. Fails with half a
// sentence that says what stands in the way.
tl::expected<NamesUser, std::string> new_account(std::string_view name, const ServedNames& names);

}  // namespace latchkey::accounts
