// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a names file (docs/NAMES.md). The first byte says which:
//
//   'f'  the file as it came      'b'  all but its last line, which is made here
//
// What is accepted is written again byte for byte, and keeps what the page promises, looked at once
// more and plainly.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "core/accounts/local_accounts.h"
#include "core/accounts/names_file.h"
#include "core/jose/sha256.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here

void require(bool held) {
  if (!held) std::abort();
}

void require_id(std::uint32_t id) {
  require(id >= 1'000 && id <= 2'147'483'647 && !(id >= 60'001 && id <= 65'535));
}

void require_path(const std::string& path) {
  require(path.size() > 1 && path.size() <= 256 && path.front() == '/' && path.back() != '/');
  require(path.find("//") == std::string::npos && (path + '/').find("/../") == std::string::npos);
  require((path + '/').find("/./") == std::string::npos);
  for (const char c : path) require(c > ' ' && c <= '~' && c != ':');
}

void require_good(const accounts::Names& names) {
  const auto& [settings, users, groups, members] = names.content();
  std::set<std::string_view> user_names;
  std::set<std::string_view> group_names;
  std::set<std::uint32_t> uids;
  std::set<std::uint32_t> gids;
  for (const auto& user : users) {
    require(accounts::usable_name(user.name));
    require_id(user.uid);
    require_id(user.gid);
    require_path(user.home);
    require_path(user.shell);
    for (const char c : user.real_name) require((c < 0 || c >= ' ') && c != ':' && c != '\x7f');
    require(user_names.insert(user.name).second && group_names.insert(user.name).second);
    require(uids.insert(user.uid).second && gids.insert(user.gid).second);
    require(names.find_user(user.name) == &user && names.find_uid(user.uid) == &user);
    require(names.find_gid(user.gid)->user == &user);
  }
  for (const auto& group : groups) {
    require(accounts::writable_name(group.name));
    require_id(group.gid);
    require(group_names.insert(group.name).second && gids.insert(group.gid).second);
    require(names.find_group(group.name)->gid == group.gid);
    require(names.find_gid(group.gid)->name == group.name);
  }
  for (const auto& member : members) {
    require(user_names.count(member.user) == 1 && user_names.count(member.group) == 0);
    bool found = false;
    for (const auto& each : names.members_of(member.group)) found = found || each == member;
    for (const auto place : names.groups_of(member.user))
      found = found && members[place].user == member.user;
    require(found);
  }
  require_path(accounts::home_of(settings.home, "a"));
  require_path(settings.shell);
  const auto id = accounts::id_of("a", settings.ids);
  require(id && *id >= settings.ids.low && *id <= settings.ids.high);
  require_id(*id);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const char form = input[0];
  input.remove_prefix(1);
  std::string text(input);
  if (form == 'b') text += "sha256:" + jose::sha256_hex(input).value() + "\n";
  const auto names = accounts::Names::parse(text);
  if (!names) return 0;
  require(accounts::write(*names).value() == text);
  require_good(*names);
  return 0;
}
