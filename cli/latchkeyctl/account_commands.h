// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl accounts`: the accounts that this host has for people who are known nowhere else.
#pragma once

#include <string>

#include "cli/latchkeyctl/session.h"

namespace latchkey::cli {

int list_accounts(const Session& session);
int show_account(const Session& session, const std::string& user);
// lock, unlock, remove or forget.
int change_account(const Session& session, const std::string& user, const std::string& change);
// Frees the name for the next subject that signs in with it; the account and its ids stay.
int rebind_account(const Session& session, const std::string& user);
// Prints the names file as it is, once it was seen to be whole.
int export_accounts(const Session& session, const std::string& file);
// What export printed on another host; "-" is standard input. With `check` nothing is changed.
int import_accounts(const Session& session, const std::string& file, bool check);

}  // namespace latchkey::cli
