// SPDX-License-Identifier: Apache-2.0
//
// The names file on the disk (docs/NAMES.md, "Whoever writes the file"). A mark in the state folder
// says that there was one: a file that is lost is no new host, on which the ids of its accounts
// would be given away again.
#pragma once

#include <string>

#include "daemon/latchkeyd/io/names_store.h"
#include "files/plain_file.h"

namespace latchkey::latchkeyd {

class NamesDisk final : public NamesStore {
 public:
  NamesDisk(std::string path, const std::string& state_directory);

  tl::expected<accounts::Names, std::string> load() override;
  tl::expected<void, std::string> save(const accounts::Names& names) override;
  bool touched() const override;
  const std::string& path() const override { return path_; }

 private:
  std::string path_;
  std::string folder_;
  std::string mark_;
  FileStamp stamp_;
};

}  // namespace latchkey::latchkeyd
