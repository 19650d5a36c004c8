// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace latchkey::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::chrono::milliseconds kDrawEvery{100};

}  // namespace

std::string progress_text(std::uint64_t lines, std::uint64_t bytes,
                          std::optional<std::uint64_t> of_bytes, std::chrono::milliseconds since) {
  const double seconds = std::max(1e-3, std::chrono::duration<double>(since).count());
  if (!of_bytes || *of_bytes == 0)
    return fmt::format("{} lines, {:.0f} a second", lines, static_cast<double>(lines) / seconds);
  const double part = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(*of_bytes));
  const auto full = static_cast<std::size_t>(part * static_cast<double>(kBarWidth));
  std::string text = fmt::format("[{}{}] {:3.0f} %  {} lines", std::string(full, '#'),
                                 std::string(kBarWidth - full, ' '), part * 100, lines);
  if (part > 0) text += fmt::format(", {:.0f} s left", seconds / part - seconds);
  return text;
}

Progress::Progress(std::optional<std::uint64_t> bytes)
    : bytes_(bytes),
      terminal_(::isatty(STDERR_FILENO) == 1),
      began_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(std::uint64_t lines, std::uint64_t bytes) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - drawn_at_ < kDrawEvery) return;
  drawn_ = true;
  drawn_at_ = now;
  const std::string text = progress_text(
      lines, bytes, bytes_, std::chrono::duration_cast<std::chrono::milliseconds>(now - began_));
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
}

}  // namespace latchkey::cli
