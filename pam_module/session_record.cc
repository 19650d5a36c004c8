// SPDX-License-Identifier: Apache-2.0
#include "pam_module/session_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "wire/codec.h"
#include "wire/limits.h"

namespace latchkey::pam_module {
namespace {

constexpr std::size_t kRecordMost = 1'024;
constexpr std::size_t kStatMost = 1'024;
constexpr std::size_t kNameMost = 32;   // of a login id
constexpr int kLeastDescriptor = 3;     // 0 to 2 may be closed in the host
constexpr int kFieldsBeforeStart = 20;  // of /proc/PID/stat, counted from the one after comm
constexpr std::size_t kTextMost = 256;  // of a name in a note
static_assert(wire::kUserMost <= kTextMost && wire::kServiceMost <= kTextMost);

// A descriptor that closes itself, above stdin, stdout and stderr.
class Descriptor {
 public:
  explicit Descriptor(int low) noexcept : value_(low) {
    if (low < 0 || low >= kLeastDescriptor) return;
    value_ = fcntl(low, F_DUPFD_CLOEXEC, kLeastDescriptor);
    const int saved = errno;
    close(low);
    errno = saved;
  }
  ~Descriptor() noexcept {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }

 private:
  int value_;
};

// What was read as text with its NUL; empty where it cannot be read or does not fit.
template <std::size_t Size>
bool read_text(int descriptor, char (&buffer)[Size]) noexcept {
  std::size_t have = 0;
  while (have < Size - 1) {
    const ssize_t got = read(descriptor, buffer + have, Size - 1 - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  buffer[have] = '\0';
  return have > 0 && have < Size - 1;
}

// When this process began, in ticks since the boot: with the pid, a name that is never given twice.
bool own_start(unsigned long long& start) noexcept {
  const Descriptor file(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  char text[kStatMost];
  if (file.get() < 0 || !read_text(file.get(), text)) return false;
  const char* at = std::strrchr(text, ')');  // comm may hold anything, parentheses too
  for (int field = 0; at != nullptr && field < kFieldsBeforeStart; ++field) {
    at = std::strchr(at + 1, ' ');
  }
  if (at == nullptr) return false;
  char* end = nullptr;
  start = std::strtoull(at + 1, &end, 10);
  return end != at + 1 && *end == ' ' && start != 0;
}

bool is_plain(const char* text) noexcept {
  std::size_t size = 0;
  for (; text[size] != '\0'; ++size) {
    const auto byte = static_cast<unsigned char>(text[size]);
    if (size >= kTextMost || byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

const char* item(pam_handle_t* handle, int type) noexcept {
  const void* value = nullptr;
  if (pam_get_item(handle, type, &value) != PAM_SUCCESS || value == nullptr) return "";
  return static_cast<const char*>(value);
}

// The folder, where it is one that only root can have filled; -1 and a fault where it is not.
int open_folder(const char* path, RecordFault& fault) noexcept {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  if (folder < 0) {
    fault = errno == ENOENT ? RecordFault::none : RecordFault::system;
  } else if (fstat(folder, &status) != 0) {
    fault = RecordFault::system;
  } else if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    fault = RecordFault::folder;
  } else {
    return folder;
  }
  if (folder >= 0) close(folder);
  return -1;
}

void copy_name(std::string_view login, char (&name)[kNameMost + 1]) noexcept {
  std::memcpy(name, login.data(), kNameMost);
  name[kNameMost] = '\0';
}

RecordFault make(int folder, const char* name, const char* text, std::size_t size) noexcept {
  const Descriptor file(
      openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) return RecordFault::system;
  ssize_t written = 0;
  do {
    written = write(file.get(), text, size);
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(size)) return RecordFault::none;
  if (written >= 0) errno = ENOSPC;
  const int saved = errno;
  unlinkat(folder, name, 0);  // half a note is none
  errno = saved;
  return RecordFault::system;
}

}  // namespace

const char* sentence(RecordFault fault) noexcept {
  switch (fault) {
    case RecordFault::none:
      return "no fault";
    case RecordFault::folder:
      return "the folder is not root's alone";
    case RecordFault::value:
      return "a name cannot stand in a note";
    case RecordFault::system:
      return "it cannot be written";
  }
  return "unknown fault";
}

bool names_login(std::string_view text) noexcept {
  return text.size() == kNameMost && wire::is_login_id(text);
}

RecordFault write_record(pam_handle_t* handle, const char* folder, const char* user,
                         std::string_view login) noexcept {
  if (!names_login(login)) return RecordFault::value;
  RecordFault fault = RecordFault::none;
  const Descriptor place(open_folder(folder, fault));
  if (place.get() < 0) return fault;
  unsigned long long start = 0;
  if (!own_start(start)) return RecordFault::system;
  const char* service = item(handle, PAM_SERVICE);
  const char* ruser = item(handle, PAM_RUSER);
  if (!is_plain(service) || !is_plain(ruser) || !is_plain(user)) return RecordFault::value;
  char text[kRecordMost];
  const int size =
      std::snprintf(text, sizeof text,
                    "latchkey-session 1\nservice=%s\nuser=%s\nruser=%s\npid=%d\nstart=%llu\nend\n",
                    service, user, ruser, static_cast<int>(getpid()), start);
  if (size <= 0 || static_cast<std::size_t>(size) >= sizeof text) return RecordFault::value;
  char name[kNameMost + 1];
  copy_name(login, name);
  return make(place.get(), name, text, static_cast<std::size_t>(size));
}

void remove_record(const char* folder, std::string_view login) noexcept {
  if (!names_login(login)) return;
  RecordFault fault = RecordFault::none;
  const Descriptor place(open_folder(folder, fault));
  if (place.get() < 0) return;
  char name[kNameMost + 1];
  copy_name(login, name);
  const Descriptor file(openat(place.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  char text[kRecordMost];
  if (file.get() < 0 || !read_text(file.get(), text)) return;
  char own[32];
  std::snprintf(own, sizeof own, "\npid=%d\n", static_cast<int>(getpid()));
  if (std::strstr(text, own) != nullptr) unlinkat(place.get(), name, 0);
}

}  // namespace latchkey::pam_module
