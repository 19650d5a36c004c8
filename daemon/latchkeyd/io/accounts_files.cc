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
    : folder_(root + "/etc"), passwd_(folder_ + "/passwd"), group_(folder_ + "/group") {}

std::uint64_t AccountsFiles::stamp() const {
  const FileStamp a = stamp_of(passwd_);
  const FileStamp b = stamp_of(group_);
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  return checksum({}, {number(a.device), number(a.inode), a.size, a.modified_ns, a.changed_ns,
                       number(b.device), number(b.inode), b.size, b.modified_ns, b.changed_ns});
}

tl::expected<AccountsFiles::Read, std::string> AccountsFiles::read() const {
  // Taken before the reading: a change in between shows as one that was not seen yet.
  const std::uint64_t before = stamp();
  auto passwd = read_plain_file(passwd_, kRules);
  if (!passwd) return tl::unexpected(passwd_ + " " + passwd.error().what);
  auto group = read_plain_file(group_, kRules);
  if (!group && stamp_of(group_) != FileStamp{})
    return tl::unexpected(group_ + " " + group.error().what);
  return Read{std::make_shared<const accounts::LocalAccounts>(accounts::LocalAccounts::parse(
                  passwd->bytes, group ? std::string_view(group->bytes) : std::string_view())),
              before};
}

}  // namespace latchkey::latchkeyd
