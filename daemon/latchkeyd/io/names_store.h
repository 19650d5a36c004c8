// SPDX-License-Identifier: Apache-2.0
//
// The names file as the service sees it. On the disk's thread, but for load().
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "core/accounts/names_file.h"

namespace latchkey::latchkeyd {

class NamesStore {
 public:
  virtual ~NamesStore() = default;

  // What stands in the file; no names where there never was one. Fails with a sentence where there
  // was one that is gone, or the one that is there cannot be believed or read.
  virtual tl::expected<accounts::Names, std::string> load() = 0;

  // Whole or not at all, and on the disk when it returns.
  virtual tl::expected<void, std::string> save(const accounts::Names& names) = 0;

  // Whether there is another file than the one that was loaded or saved last.
  virtual bool touched() const = 0;

  virtual const std::string& path() const = 0;
};

}  // namespace latchkey::latchkeyd
