// SPDX-License-Identifier: Apache-2.0
//
// A bar on standard error while a command goes through many lines; nothing where that is no
// terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace latchkey::cli {

class Progress {
 public:
  // `bytes`: of the whole input, where they are known.
  explicit Progress(std::optional<std::uint64_t> bytes);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Takes the bar away.
  ~Progress();

  // So far. Drawn ten times a second at most.
  void at(std::uint64_t lines, std::uint64_t bytes);

 private:
  std::optional<std::uint64_t> bytes_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_at_{};
};

// The bar's text: "[#####     ]  50 %  500000 lines, 12 s left"; without a size
// "500000 lines, 41000 a second".
std::string progress_text(std::uint64_t lines, std::uint64_t bytes,
                          std::optional<std::uint64_t> of_bytes, std::chrono::milliseconds since);

}  // namespace latchkey::cli
