// SPDX-License-Identifier: Apache-2.0
//
// A folder of the wrapper's own, mode 0700, that holds the askpass link and its socket for as long
// as the tool runs.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace latchkey::cli {

class PrivateDir {
 public:
  // Below $XDG_RUNTIME_DIR where that is ours and closed to others, else below /tmp. Nothing on
  // failure (errno).
  static std::optional<PrivateDir> make(const std::optional<std::string>& runtime_dir);

  PrivateDir(PrivateDir&& other) noexcept;
  PrivateDir& operator=(PrivateDir&&) = delete;
  PrivateDir(const PrivateDir&) = delete;
  PrivateDir& operator=(const PrivateDir&) = delete;
  ~PrivateDir();  // removes the folder and the files that the wrapper puts there

  const std::string& path() const { return path_; }
  std::string socket() const { return path_ + "/socket"; }
  std::string askpass() const { return path_ + "/latchkey-askpass"; }

 private:
  explicit PrivateDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace latchkey::cli
