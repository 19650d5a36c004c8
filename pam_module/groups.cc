// SPDX-License-Identifier: Apache-2.0
#include "pam_module/groups.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>

namespace latchkey::pam_module {
namespace {

bool contains(const gid_t* list, std::size_t count, gid_t group) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (list[i] == group) return true;
  }
  return false;
}

}  // namespace

bool add_groups(std::span<const std::uint32_t> groups) noexcept {
  if (groups.empty() || geteuid() != 0) return true;
  gid_t list[kProcessGroupsMost];
  const int had = getgroups(static_cast<int>(kProcessGroupsMost), list);
  if (had < 0) return false;
  auto count = static_cast<std::size_t>(had);
  for (const std::uint32_t group : groups) {
    if (contains(list, count, group)) continue;
    if (count == kProcessGroupsMost) {
      errno = E2BIG;
      return false;
    }
    list[count++] = group;
  }
  return count == static_cast<std::size_t>(had) || setgroups(count, list) == 0;
}

}  // namespace latchkey::pam_module
