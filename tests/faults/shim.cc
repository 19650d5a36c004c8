// SPDX-License-Identifier: Apache-2.0
//
// Stands before libc in a daemon under test (LD_PRELOAD) and changes what it is told: the wall
// clock and the clock that counts a suspended machine's sleep are set off by what a small file
// says, and writing to disk fails where it says so. The machine's own clocks and disks are never
// touched, so a host can be moved to the year 1970, put to sleep for eight hours or given a broken
// disk in a test of a second. Nothing is changed without the file, which LATCHKEY_FAULT_FILE names.
//
// The file: three 64-bit numbers, offset of CLOCK_REALTIME in ns, offset of CLOCK_BOOTTIME in ns,
// and the errno that writing fails with (0: none).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

struct Faults {
  std::atomic<std::int64_t> realtime_ns;
  std::atomic<std::int64_t> boottime_ns;
  std::atomic<std::int64_t> write_errno;
};

constexpr std::int64_t kSecond = 1'000'000'000;

const Faults* faults() {
  static const Faults* const kMapped = [] {
    const Faults* none = nullptr;
    const char* path = std::getenv("LATCHKEY_FAULT_FILE");
    const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return none;
    void* mapped = ::mmap(nullptr, sizeof(Faults), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return mapped == MAP_FAILED ? none : static_cast<const Faults*>(mapped);
  }();
  return kMapped;
}

// Before main() clears the environment.
[[gnu::constructor]] void map_early() { (void)faults(); }

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool fails(int file) {
  const Faults* told = faults();
  if (told == nullptr || told->write_errno == 0) return false;
  // What has no name is no file of the disk: the memory that the daemons hand each other.
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink == 0) return false;
  // The log of the test is no part of the disk that breaks.
  if (file == STDOUT_FILENO || file == STDERR_FILENO) return false;
  errno = static_cast<int>(told->write_errno);
  return true;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto kReal = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = kReal(clock, now);
  const Faults* told = faults();
  if (result != 0 || told == nullptr) return result;
  std::int64_t offset = 0;
  if (clock == CLOCK_REALTIME) offset = told->realtime_ns;
  if (clock == CLOCK_BOOTTIME) offset = told->boottime_ns;
  const std::int64_t moved = now->tv_sec * kSecond + now->tv_nsec + offset;
  now->tv_sec = moved / kSecond;
  now->tv_nsec = moved % kSecond;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

ssize_t write(int file, const void* data, size_t size) {
  static const auto kReal = real<ssize_t (*)(int, const void*, size_t)>("write");
  return fails(file) ? -1 : kReal(file, data, size);
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  static const auto kReal = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return fails(file) ? -1 : kReal(file, data, size, at);
}

int fsync(int file) {
  static const auto kReal = real<int (*)(int)>("fsync");
  return fails(file) ? -1 : kReal(file);
}

int fdatasync(int file) {
  static const auto kReal = real<int (*)(int)>("fdatasync");
  return fails(file) ? -1 : kReal(file);
}

}  // extern "C"
