// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/accounts_files.h"

#include <utility>

#include "daemon/latchkeyd/io/checksum.h"
#include "files/plain_file.h"

namespace latchkey::latchkeyd {
namespace {

constexpr FileRules kRules{.bytes_most = std::size_t{64} << 20U, .follow_links = true};

}  // namespace

AccountsFiles::AccountsFiles(const std::string& root)
    : folder_(root + "/etc"),
      passwd_(folder_ + "/passwd"),
      group_(folder_ + "/group"),
      switch_(folder_ + "/nsswitch.conf"),
      subuid_(folder_ + "/subuid"),
      subgid_(folder_ + "/subgid") {}

std::uint64_t AccountsFiles::stamp() const {
  std::uint64_t sum = 0;
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  for (const std::string* path : {&passwd_, &group_, &switch_, &subuid_, &subgid_}) {
    const FileStamp file = stamp_of(*path);
    sum = checksum({}, {number(sum), number(file.device), number(file.inode), file.size,
                        file.modified_ns, file.changed_ns});
  }
  return sum;
}

// Empty where there is none.
tl::expected<std::string, std::string> AccountsFiles::text(const std::string& path) {
  auto file = read_plain_file(path, kRules);
  if (file) return std::move(file->bytes);
  if (stamp_of(path) == FileStamp{}) return std::string();
  return tl::unexpected(path + " " + file.error().what);
}

tl::expected<AccountsFiles::Read, std::string> AccountsFiles::read() const {
  // Taken before the reading: a change in between shows as one that was not seen yet.
  const std::uint64_t before = stamp();
  auto passwd = read_plain_file(passwd_, kRules);
  if (!passwd) return tl::unexpected(passwd_ + " " + passwd.error().what);
  const auto group = text(group_);
  if (!group) return tl::unexpected(group.error());
  const auto sources = text(switch_);
  const auto subuid = text(subuid_);
  const auto subgid = text(subgid_);
  std::string unknown;
  for (const auto* file : {&sources, &subuid, &subgid})
    if (!*file) unknown = file->error();
  return Read{std::make_shared<const accounts::LocalAccounts>(
                  accounts::LocalAccounts::parse(passwd->bytes, *group)),
              std::make_shared<const accounts::TakenNames>(
                  accounts::TakenNames::parse(passwd->bytes, *group)
                      .with_subordinate(subuid.value_or(""), subgid.value_or(""))),
              accounts::NameSwitch::parse(sources.value_or("")), std::move(unknown), before};
}

}  // namespace latchkey::latchkeyd
