// SPDX-License-Identifier: Apache-2.0
//
// What is taken for an e-mail address. Too much rather than too little: an address that nobody
// checked may be anybody's, and whoever knows better says so (`email_verified_claim: none`).
#pragma once

#include <string_view>

namespace latchkey::claims {

// Whether a claim of that name holds addresses: "mail" is in it, in any case ("email", "E-Mail",
// "user_email", "emails", "address.email", "https://corp.example/mail"), and it is not what says
// that one is verified ("email_verified"; but "email_unverified" is one).
bool names_email(std::string_view claim);

// Whether a value looks like one: something and '@' ("a@host", "mailto:a@b.example"). Not so
// "org/repo/.github/workflows/a.yml@refs/heads/main".
bool is_email(std::string_view value);

}  // namespace latchkey::claims
