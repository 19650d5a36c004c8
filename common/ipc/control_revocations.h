// SPDX-License-Identifier: Apache-2.0
//
// The control messages about sources of revocations; see control.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace latchkey::ipc::control {

struct RevocationSourceStatus {
  std::string name;
  std::string kind;                     // local | list | stream | events | status_list
  std::string state = "absent";         // fresh | stale | absent
  std::vector<std::string> refuses;     // services that refuse because of that; "*" is any
  std::optional<std::int64_t> version;  // the highest that was accepted
  std::int64_t base_entries = 0;
  std::int64_t delta_entries = 0;         // changed since, removals counted as well
  std::int64_t bytes = 0;                 // of memory
  std::optional<WallTime> issued_at;      // what is at work
  std::optional<std::int64_t> age_s;      // likewise, by the clock that says more
  std::optional<std::int64_t> max_age_s;  // as it was signed
  std::optional<WallTime> attempted_at;
  std::optional<WallTime> next_fetch_at;  // unset: under way, or never
  std::optional<std::string> last_error;  // while it stands
  std::optional<std::string> uri;         // of a status list; as `issuer` and `bits`
  std::optional<std::string> issuer;      // short name: whose tokens it is of
  std::optional<std::int64_t> bits;       // of a status
};

}  // namespace latchkey::ipc::control
