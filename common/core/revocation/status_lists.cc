// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/status_lists.h"

#include <algorithm>
#include <utility>

#include "core/base/mutation.h"

namespace latchkey::revocation {

StatusLists::StatusLists(std::vector<HeldStatusList> lists) : lists_(std::move(lists)) {
  std::sort(lists_.begin(), lists_.end(), [](const HeldStatusList& a, const HeldStatusList& b) {
    return std::pair<std::string_view, std::string_view>(a.uri, a.issuer) <
           std::pair<std::string_view, std::string_view>(b.uri, b.issuer);
  });
}

const HeldStatusList* StatusLists::find(std::string_view issuer, std::string_view uri) const {
  auto each = std::lower_bound(
      lists_.begin(), lists_.end(), uri,
      [](const HeldStatusList& list, std::string_view of) { return list.uri < of; });
  for (; each != lists_.end() && each->uri == uri; ++each) {
    if (!LATCHKEY_FAILS(status_held_issuer, each->issuer != issuer)) return &*each;
  }
  return nullptr;
}

}  // namespace latchkey::revocation
