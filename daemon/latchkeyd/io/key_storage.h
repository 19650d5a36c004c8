// SPDX-License-Identifier: Apache-2.0
//
// Where key sets outlive the daemon, as the key keeper sees it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/time.h"

namespace latchkey::latchkeyd {

// A good key set as it was fetched.
struct StoredKeys {
  std::string
      source;  // where it came from (key_source() of its issuer); another source is another set
  std::string place;  // where it was asked for (key_place()); elsewhere it is asked for anew
  WallTime fetched_at{};
  std::optional<std::chrono::seconds> max_age;
  std::string etag;
  std::string jwks;                // as the provider sent it
  std::string last_modified = {};  // as the provider wrote it; empty: it did not
};

// Called by the control thread. `issuer` is the short name of the configuration.
class KeyStorage {
 public:
  virtual ~KeyStorage() = default;

  // Nothing where there is none that can be used; why is journaled.
  virtual std::optional<StoredKeys> load(const std::string& issuer) = 0;
  // Written some time later; a failure is journaled and harms nobody but the next start.
  virtual void save(const std::string& issuer, StoredKeys keys) = 0;
  // The provider said that the stored set is still right.
  virtual void confirm(const std::string& issuer, WallTime fetched_at,
                       std::optional<std::chrono::seconds> max_age) = 0;
};

}  // namespace latchkey::latchkeyd
