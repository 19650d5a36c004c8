// SPDX-License-Identifier: Apache-2.0
//
// The members of the control messages about accounts, in the order of io.latchkey.Control.varlink.
#include "ipc/control.h"

#include "ipc/json_message.h"

namespace latchkey::ipc::control {
namespace {

constexpr auto kStates = json::one_of("active", "locked", "unseen", "revoked", "removed");
constexpr auto kChanges = json::one_of("lock", "unlock", "remove", "forget");
constexpr json::Between kPage{1, static_cast<std::int64_t>(kAccountsMost)};

}  // namespace

template <typename Walk>
void fields(Walk& walk, AccountRecord& value) {
  walk("user", value.user);
  walk("uid", value.uid);
  walk("gid", value.gid);
  walk("state", value.state, kStates);
  walk("since", value.since);
  walk("home", value.home);
  walk("shell", value.shell);
  walk("real_name", value.real_name);
  walk("groups", value.groups);
  walk("last_seen", value.last_seen);
  walk("served", value.served);
}

template <typename Walk>
void fields(Walk& walk, AccountsRequest& value) {
  walk("after", value.after);
  walk("limit", value.limit, kPage);
}

template <typename Walk>
void fields(Walk& walk, AccountsAnswer& value) {
  walk("accounts", value.accounts);
  walk("more", value.more);
}

template <typename Walk>
void fields(Walk& walk, ChangeAccountRequest& value) {
  walk("user", value.user);
  walk("change", value.change, kChanges);
}

template <typename Walk>
void fields(Walk& walk, ImportedAccount& value) {
  walk("user", value.user);
  walk("uid", value.uid);
  walk("gid", value.gid);
  walk("state", value.state, kStates);
  walk("home", value.home);
  walk("shell", value.shell);
  walk("real_name", value.real_name);
}

template <typename Walk>
void fields(Walk& walk, ImportedGroup& value) {
  walk("group", value.group);
  walk("gid", value.gid);
}

template <typename Walk>
void fields(Walk& walk, ImportAccountsRequest& value) {
  walk("accounts", value.accounts);
  walk("groups", value.groups);
  walk("check", value.check);
}

template <typename Walk>
void fields(Walk& walk, ImportAccountsAnswer& value) {
  walk("accounts", value.accounts);
  walk("groups", value.groups);
  walk("conflicts", value.conflicts);
}

LATCHKEY_MESSAGE(AccountsRequest, refused)
LATCHKEY_MESSAGE(AccountsAnswer, ignored)
LATCHKEY_MESSAGE(ChangeAccountRequest, refused)
LATCHKEY_MESSAGE(ImportAccountsRequest, refused)
LATCHKEY_MESSAGE(ImportAccountsAnswer, ignored)

}  // namespace latchkey::ipc::control
