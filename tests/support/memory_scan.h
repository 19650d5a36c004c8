// SPDX-License-Identifier: Apache-2.0
//
// Looks for bytes in all of the memory that this process may write to. What is looked for is held
// in a form of its own, so that the search does not find itself. Of no use under a sanitizer, whose
// shadow is memory too.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace latchkey::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryCanBeScanned = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kMemoryCanBeScanned = false;
#else
inline constexpr bool kMemoryCanBeScanned = true;
#endif
#else
inline constexpr bool kMemoryCanBeScanned = true;
#endif

class Needle {
 public:
  explicit Needle(std::string_view text) : hidden_(text) {
    for (char& c : hidden_) c = static_cast<char>(c ^ kMask);
  }

  bool at(const char* from) const {
    return std::equal(hidden_.begin(), hidden_.end(), from,
                      [](char hidden, char c) { return static_cast<char>(c ^ kMask) == hidden; });
  }
  std::size_t size() const { return hidden_.size(); }

 private:
  static constexpr int kMask = 0x5A;
  std::string hidden_;
};

// The stack below its caller, where a function that has returned leaves what a register or the
// dynamic linker put there for a moment: nobody can promise anything about that.
[[gnu::noinline]] inline void wipe_dead_stack() {
  constexpr std::size_t kDepth = 128U * 1'024U;
  volatile char dead[kDepth];
  for (volatile char& byte : dead) byte = 0;
}

[[gnu::noinline]] inline std::size_t scan_memory(const Needle& needle) {
  constexpr std::size_t kWindow = 1U << 20U;
  void* room = ::mmap(nullptr, kWindow, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) std::abort();
  auto* window = static_cast<char*>(room);
  const auto own = reinterpret_cast<std::uintptr_t>(window);
  std::size_t found = 0;
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    char* rest = nullptr;  // "begin-end rwxp …"
    std::uintptr_t at = std::strtoul(line.c_str(), &rest, 16);
    const std::uintptr_t end = std::strtoul(rest + 1, &rest, 16);
    if (!std::string_view(rest).starts_with(" rw")) continue;
    for (; at < end; at += kWindow - needle.size() + 1) {
      const std::size_t size = std::min<std::size_t>(kWindow, end - at);
      if (::pread(memory, window, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
        break;
      for (std::size_t i = 0; i + needle.size() <= size; ++i) {
        const bool outside = at + i < own || at + i >= own + kWindow;
        if (outside && needle.at(window + i)) ++found;
      }
      if (size < kWindow) break;
    }
  }
  ::close(memory);
  ::munmap(room, kWindow);
  return found;
}

// How often the bytes occur outside the dead stack. The window through which memory is read is not
// counted.
[[gnu::noinline]] inline std::size_t count_in_memory(const Needle& needle) {
  wipe_dead_stack();
  return scan_memory(needle);
}

}  // namespace latchkey::testing
