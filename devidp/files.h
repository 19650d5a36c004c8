// SPDX-License-Identifier: Apache-2.0
//
// The provider's folder: written whole or not at all, one writer at a time, read anew at each
// request, so that minting and rotating need no word with the process that serves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace latchkey::devidp {

// Everything here fails with one sentence for whoever runs the tool.
template <typename T>
using Result = tl::expected<T, std::string>;

tl::unexpected<std::string> failed(std::string_view what);

Result<std::string> read_file(const std::string& path);

// Under a temporary name in the same folder, then renamed into place.
Result<void> write_file(const std::string& path, std::string_view content, unsigned mode);

bool exists(const std::string& path);

// Makes the folder (0700) where it is missing.
Result<void> make_folder(const std::string& path);

// Held by whoever changes the folder.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace latchkey::devidp
