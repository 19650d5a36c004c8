// SPDX-License-Identifier: Apache-2.0
//
// The messages of control.h about accounts of the names file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace latchkey::ipc::control {

struct Empty;

// The names file and what stands in its way, for `status`.
struct NamesStatus {
  std::string path;
  bool makes = false;                // a first sign-in makes an account
  std::optional<std::string> error;  // why nothing is written, while it is so
  std::int64_t accounts = 0;
  std::int64_t closed = 0;                    // of them: locked, unseen, revoked
  std::vector<std::string> lacking;           // lines of nsswitch.conf without "systemd"
  std::optional<std::string> unknown_source;  // of nsswitch.conf, for which no account is made
  std::vector<std::string> refused_groups;    // sentences
};

struct AccountRecord {
  std::string user;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::string state;  // active | locked | unseen | revoked | removed
  WallTime since{};   // when it was made, or last changed by an administrator
  std::string home;
  std::string shell;
  std::string real_name;
  std::vector<std::string> groups;    // as of the last sign-in with a token
  std::optional<WallTime> last_seen;  // that sign-in
  bool served = false;                // false: removed, or the local files have its name or an id
};

struct AccountsRequest {
  std::optional<std::string> after;   // only names above it: the next page
  std::optional<std::int64_t> limit;  // 1 to kAccountsMost; default kAccountsMost
};

struct AccountsAnswer {
  std::vector<AccountRecord> accounts;  // by rising name
  bool more = false;
};

inline constexpr std::size_t kAccountsMost = 64;

struct Accounts {
  static constexpr std::string_view kMethod = "io.latchkey.Control.Accounts";
  using Request = AccountsRequest;
  using Answer = AccountsAnswer;
};

struct ChangeAccountRequest {
  std::string user;
  std::string change;  // lock | unlock | remove | forget
};

// Answered once it is on the disk and every worker has it. Errors: NotFound, Refused.
struct ChangeAccount {
  static constexpr std::string_view kMethod = "io.latchkey.Control.ChangeAccount";
  using Request = ChangeAccountRequest;
  using Answer = Empty;
};

struct ImportedAccount {
  std::string user;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::string state;
  std::string home;
  std::string shell;
  std::string real_name;
};

struct ImportedGroup {
  std::string group;
  std::int64_t gid = 0;
};

struct ImportAccountsRequest {
  std::vector<ImportedAccount> accounts;
  std::vector<ImportedGroup> groups;
  bool check = false;  // says what would come, and changes nothing
};

struct ImportAccountsAnswer {
  std::vector<std::string> accounts;   // that came: this host had none of that name
  std::vector<std::string> groups;     // likewise
  std::vector<std::string> conflicts;  // sentences; where there is one, nothing came
};

// All of a call or nothing. Errors: Refused, InvalidParameter.
struct ImportAccounts {
  static constexpr std::string_view kMethod = "io.latchkey.Control.ImportAccounts";
  using Request = ImportAccountsRequest;
  using Answer = ImportAccountsAnswer;
};

std::string to_json(const AccountsRequest& value);
std::string to_json(const AccountsAnswer& value);
std::string to_json(const ChangeAccountRequest& value);
std::string to_json(const ImportAccountsRequest& value);
std::string to_json(const ImportAccountsAnswer& value);

}  // namespace latchkey::ipc::control
