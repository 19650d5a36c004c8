// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_scan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace latchkey::testing {
namespace {

constexpr std::size_t kPiece = 8;
constexpr std::size_t kWindow = 1U << 20U;

char turn(char c) { return static_cast<char>(~c); }

struct Mapping {
  std::uintptr_t begin;
  std::uintptr_t end;
  std::string name;
};

// What may be written, without this search's own window.
std::vector<Mapping> writable(std::uintptr_t window) {
  std::vector<Mapping> out;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    char* rest = nullptr;  // "begin-end rwxp offset device inode   name"
    const std::uintptr_t begin = std::strtoul(line.c_str(), &rest, 16);
    const std::uintptr_t end = std::strtoul(rest + 1, &rest, 16);
    if (!std::string_view(rest).starts_with(" rw")) continue;
    const std::size_t name = line.find_first_of("/[");
    const std::string called = name == std::string::npos ? "anonymous" : line.substr(name);
    if (begin < window && end > window) out.push_back({begin, window, called});
    const bool around = begin <= window && end >= window + kWindow;
    const std::uintptr_t from = around ? window + kWindow : begin;
    if (from < end) out.push_back({from, end, called});
  }
  return out;
}

class Search {
 public:
  explicit Search(std::string_view turned_secret) : secret_(turned_secret) {
    void* room =
        ::mmap(nullptr, kWindow, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) std::abort();
    window_ = static_cast<char*>(room);
    memory_ = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  ~Search() {
    ::close(memory_);
    ::munmap(window_, kWindow);
  }

  std::vector<std::string> run() {
    for (const Mapping& mapping : writable(reinterpret_cast<std::uintptr_t>(window_))) {
      for (std::uintptr_t at = mapping.begin; at < mapping.end; at += kWindow - kPiece + 1) {
        const std::size_t size = std::min<std::size_t>(kWindow, mapping.end - at);
        if (::pread(memory_, window_, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
          break;
        std::transform(window_, window_ + size, window_, turn);
        look(mapping, at, size);
        if (size < kWindow) break;
      }
    }
    return std::move(places_);
  }

 private:
  void look(const Mapping& mapping, std::uintptr_t at, std::size_t size) {
    for (std::size_t piece = 0; piece + kPiece <= secret_.size(); piece += kPiece) {
      const char* from = window_;
      const char* const end = window_ + size;
      while (const void* hit = ::memmem(from, static_cast<std::size_t>(end - from),
                                        secret_.data() + piece, kPiece)) {
        from = static_cast<const char*>(hit) + 1;
        note(mapping, at + static_cast<std::size_t>(from - 1 - window_), piece);
      }
    }
  }

  void note(const Mapping& mapping, std::uintptr_t at, std::size_t piece) {
    std::ostringstream out;
    out << "bytes " << piece << " to " << piece + kPiece - 1 << " at " << mapping.name << "+0x"
        << std::hex << at - mapping.begin;
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (mapping.begin <= here && here < mapping.end) {
      out << ", 0x" << (at < here ? here - at : at - here) << (at < here ? " below" : " above")
          << " the search's frame";
    }
    places_.push_back(out.str());
  }

  std::string secret_;
  char* window_ = nullptr;
  int memory_ = -1;
  std::vector<std::string> places_;
};

}  // namespace

std::string turned(std::string_view bytes) {
  std::string out(bytes.size(), '\0');
  std::transform(bytes.begin(), bytes.end(), out.begin(), turn);
  return out;
}

std::vector<std::string> places_in_memory(std::string_view turned_secret) {
  return Search(turned_secret).run();
}

}  // namespace latchkey::testing
