// SPDX-License-Identifier: Apache-2.0
//
// The status lists that are at hand, as a snapshot has them: by the issuer whose tokens refer to
// them and by their URI. Immutable. That a list is here says that it verified when it came, and
// nothing of now: until when it counts stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/revocation/status_list_token.h"

namespace latchkey::revocation {

struct HeldStatusList {
  std::string issuer;  // `iss`, byte for byte
  std::string uri;
  std::shared_ptr<const StatusListToken> token;
  WallTime usable_until{};       // as it was fetched; its own end besides
  std::uint64_t generation = 0;  // grows with each time that it was fetched or confirmed
  // Whether a key of now signed it, as far as its keeper knows; without that it lists nobody as
  // valid. Of an issuer's own keys each decision asks besides.
  bool key_stands = false;
};

class StatusLists {
 public:
  StatusLists() = default;
  // One for each issuer and URI.
  explicit StatusLists(std::vector<HeldStatusList> lists);

  // Any bytes. Null: not at hand. Valid as long as this is.
  const HeldStatusList* find(std::string_view issuer, std::string_view uri) const;

  std::size_t size() const { return lists_.size(); }

 private:
  std::vector<HeldStatusList> lists_;  // by URI, then issuer
};

}  // namespace latchkey::revocation
