// SPDX-License-Identifier: Apache-2.0
//
// The local users and groups of this host, read from the text of /etc/passwd and /etc/group (never
// through NSS: a daemon that answers for logins must not ask itself). Immutable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::accounts {

class ServedNames;

struct LocalUser {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;

  // Below 1000, or nobody (65534): never managed by default, only reachable by a rule that names
  // it.
  bool is_system() const { return uid < 1000 || uid == 65534; }
};

class LocalAccounts {
 public:
  // Lines that are no passwd(5) or group(5) entries are passed over. The first entry of a name
  // counts, as in libc: where its numbers cannot be read, the name is that of no account.
  static LocalAccounts parse(std::string_view passwd, std::string_view group);

  // These, and what latchkey-namesd shows of the names file beside them.
  LocalAccounts with(const ServedNames& names) const;

  const LocalUser* find_user(std::string_view name) const;
  std::optional<std::uint32_t> find_group(std::string_view name) const;

 private:
  // Nothing in those whose first entry cannot be read.
  std::map<std::string, std::optional<LocalUser>, std::less<>> users_;
  std::map<std::string, std::optional<std::uint32_t>, std::less<>> groups_;
};

// A name of a token that we are ready to compare with an account: 1 to 32 bytes of [a-z0-9_.-], not
// starting with '-' or '.', with at least one letter or '_', and nothing that reads as a number
// ("0x0", "1e5"). Bytes only: no folding, no normalising (RFC 7515 section 5.3). Upper case is
// refused.
bool usable_name(std::string_view name);

// A user or group name that an administrator may write into the configuration: as above, upper case
// included. Such a name can keep an account out of our hands ('unmanaged') or name a local group;
// no token can ever name such a user.
bool writable_name(std::string_view name);

}  // namespace latchkey::accounts
