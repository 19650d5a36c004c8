// SPDX-License-Identifier: Apache-2.0
//
// The names file (docs/NAMES.md): users and groups of this host that exist nowhere else. latchkeyd
// writes it, latchkey-namesd serves it. Text in, value out; whatever is not as the page says is
// refused whole, so that a value of Names keeps every promise of the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace latchkey::limits {

inline constexpr std::size_t kNamesFileBytes = 16'777'216;  // some 150,000 users
inline constexpr std::size_t kNamesPathBytes = 256;         // a home, a shell
inline constexpr std::size_t kRealNameBytes = 256;

}  // namespace latchkey::limits

namespace latchkey::accounts {

// Both are of the range.
struct IdRange {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  bool operator==(const IdRange&) const = default;
};

struct NamesSettings {
  bool enumerate = false;    // everybody may list all names
  bool provisional = false;  // names that are nowhere are shown to sshd
  IdRange ids;               // that id_of() may give
  std::string home;          // of a provisional user: a path with one "%u" in it
  std::string shell;
  bool operator==(const NamesSettings&) const = default;
};

// Whether the account is open, and if not, why. All but `removed` are served.
enum class AccountState : std::uint8_t {
  active,
  locked,   // by an administrator
  unseen,   // for longer than the configuration allows
  revoked,  // its name or its subject is
  removed,  // not served any more; name and ids stay taken
};

std::string_view name(AccountState state);
std::optional<AccountState> find_account_state(std::string_view name);

// Has a group of its own besides, of its name and `gid`.
struct NamesUser {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  AccountState state = AccountState::active;
  std::int64_t since = 0;  // when it was made, or last locked, unlocked, rebound: Unix time, s
  std::string home;
  std::string shell;
  std::string real_name;  // may be empty
  bool operator==(const NamesUser&) const = default;
};

struct NamesGroup {
  std::string name;
  std::uint32_t gid = 0;
  bool operator==(const NamesGroup&) const = default;
};

struct NamesMember {
  std::string group;  // of the file, or of the host
  std::string user;   // of the file
  bool operator==(const NamesMember&) const = default;
};

struct NamesContent {
  NamesSettings settings;
  std::vector<NamesUser> users;
  std::vector<NamesGroup> groups;
  std::vector<NamesMember> members;
  bool operator==(const NamesContent&) const = default;
};

struct NamesFault {
  std::size_t line = 0;  // 0: of no one line
  std::string what;      // half a sentence; foreign bytes in it are printable
};

// Immutable. A look-up halves its way through a sorted table.
class Names {
 public:
  // No names, and none provisional: what a host has without a file.
  Names() = default;

  // Of any order. Fails by the first thing that docs/NAMES.md does not allow.
  static tl::expected<Names, NamesFault> make(NamesContent content);

  // Of any bytes, whoever wrote them; what is longer than limits::kNamesFileBytes is not looked at.
  static tl::expected<Names, NamesFault> parse(std::string_view text);

  // Sorted.
  const NamesContent& content() const { return content_; }

  const NamesUser* find_user(std::string_view name) const;
  const NamesUser* find_uid(std::uint32_t uid) const;

  // Users' own groups as well. Borrows from this.
  struct Group {
    std::string_view name;
    std::uint32_t gid = 0;
    const NamesUser* user = nullptr;  // whose own it is
  };
  std::optional<Group> find_group(std::string_view name) const;
  std::optional<Group> find_gid(std::uint32_t gid) const;

  // By user; empty where there is no such group.
  std::span<const NamesMember> members_of(std::string_view group) const;
  // Places in content().members, by group.
  std::span<const std::uint32_t> groups_of(std::string_view user) const;

 private:
  explicit Names(NamesContent content);

  NamesContent content_;
  std::vector<std::uint32_t> by_uid_;   // places in users
  std::vector<std::uint32_t> by_gid_;   // places in users and, behind them, in groups
  std::vector<std::uint32_t> by_user_;  // places in members, by user and then group
};

// The text of the file. Fails only where it would be too large, or where OpenSSL has no memory.
tl::expected<std::string, NamesFault> write(const Names& names);

// 1000 to 2^31 - 1, less what systemd has taken: 60001 to 65535, 524288 to 1879048191, and
// 2147352576 to 2147418111.
bool usable_id(std::uint32_t id);
bool usable_range(IdRange range);  // not empty, and every id of it is usable

// The id that `name` has wherever that range is set; docs/NAMES.md has the formula. Nothing where
// the range is not usable, or OpenSSL has no memory.
std::optional<std::uint32_t> id_of(std::string_view name, IdRange range);

// What the file may have as a path, and as the home of a provisional user.
bool usable_path(std::string_view path);
bool usable_home(std::string_view home);

// `home` with the name in place of its "%u".
std::string home_of(std::string_view home, std::string_view name);

}  // namespace latchkey::accounts
