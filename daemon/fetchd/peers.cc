// SPDX-License-Identifier: Apache-2.0
//
// fgetpwent(3) reads passwd's form from a file that we open: no NSS, so no question back to a
// daemon that may be waiting for us.
#include "daemon/fetchd/peers.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace latchkey::fetchd {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::optional<uid_t> find_user(const std::string& name, const std::string& passwd) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(passwd.c_str(), "re"));
  if (!file) return std::nullopt;
  while (const ::passwd* entry = ::fgetpwent(file.get())) {
    if (name == entry->pw_name) return entry->pw_uid;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<std::vector<uid_t>, std::string> allowed_peers(const std::vector<uid_t>& uids,
                                                            const std::vector<std::string>& users,
                                                            const std::string& passwd) {
  std::vector<uid_t> allowed{0, ::geteuid()};
  allowed.insert(allowed.end(), uids.begin(), uids.end());
  for (const std::string& user : users) {
    const auto uid = find_user(user, passwd);
    if (!uid) return tl::unexpected(fmt::format("no user {} in {}", user, passwd));
    allowed.push_back(*uid);
  }
  return allowed;
}

}  // namespace latchkey::fetchd
