// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/files.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/signing/key_material.h"
#include "ipc/fd.h"

namespace latchkey::cli {
namespace {

using wire::SecretBuffer;

tl::unexpected<std::string> problem(const std::string& where, std::string_view what) {
  return tl::unexpected(where + ": " + std::string(what));
}

// What was typed in the place of a file may be a token or a key: then it is not repeated.
bool looks_like_a_secret(std::string_view text) {
  return text.size() > 255 || text.find('{') != std::string_view::npos ||
         text.find("-----BEGIN") != std::string_view::npos ||
         (text.starts_with("ey") && text.find('/') == std::string_view::npos);
}

std::string name_of(const std::string& path) {
  return path == kStandardInput ? "standard input" : printable(path);
}

// What is there has a name that may be said; what is not may be a token or a key that was typed in
// its place, however it looks.
std::string name_if_there(const std::string& path, std::string_view option) {
  return ::access(path.c_str(), F_OK) == 0 ? printable(path) : std::string(option);
}

FileResult<ipc::Fd> open_input(const std::string& path, std::string_view option) {
  if (path == kStandardInput) {
    ipc::Fd own(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!own) return problem(name_of(path), std::strerror(errno));
    return own;
  }
  ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file) return file;
  const int error_number = errno;
  if (looks_like_a_secret(path)) {
    return tl::unexpected<std::string>(
        "tokens and keys come from a file or standard input, never from the command line, where "
        "everybody "
        "can read them; whatever was typed there should be taken for known");
  }
  return problem(name_if_there(path, option), std::strerror(error_number));
}

// Up to the end, or until the buffer is full.
FileResult<void> fill(int descriptor, const std::string& path, SecretBuffer& into) {
  while (!into.room().empty()) {
    const auto room = into.room();
    const ssize_t got = ::read(descriptor, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problem(name_of(path), std::strerror(errno));
    if (got == 0) break;
    if (!into.grow(static_cast<std::size_t>(got))) return problem(name_of(path), "no memory");
  }
  return {};
}

FileResult<SecretBuffer> read_all(const ipc::Fd& file, const std::string& path, std::size_t most) {
  SecretBuffer content(most + 1);
  if (content.capacity() == 0) return problem(name_of(path), "no memory");
  if (auto filled = fill(file.get(), path, content); !filled)
    return tl::unexpected(std::move(filled).error());
  if (content.size() > most)
    return problem(name_of(path), "is longer than " + std::to_string(most) + " bytes");
  return content;
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t done = ::write(descriptor, content.data(), content.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

FileResult<SecretBuffer> read_input(const std::string& path, std::size_t most,
                                    std::string_view option) {
  const auto file = open_input(path, option);
  if (!file) return tl::unexpected(file.error());
  return read_all(*file, path, most);
}

FileResult<SecretBuffer> read_token(const std::string& path) {
  const auto file = open_input(path, "FILE");
  if (!file) return tl::unexpected(file.error());
  SecretBuffer content(limits::kTokenBytes + 2);  // with a line's end it is seen to be too long
  if (content.capacity() == 0) return problem(name_of(path), "no memory");
  if (auto filled = fill(file->get(), path, content); !filled)
    return tl::unexpected(std::move(filled).error());
  std::string_view token = content.view();
  if (token.ends_with('\n')) token.remove_suffix(1);
  SecretBuffer exact(token.size());
  if (!exact.append(token)) return problem(name_of(path), "no memory");
  return exact;
}

FileResult<SecretBuffer> read_key(const std::string& path) {
  const auto file = open_input(path, "--key");
  if (!file) return tl::unexpected(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return problem(name_of(path), std::strerror(errno));
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0)
    return problem(name_of(path), "is a private key that everybody may read (chmod o= FILE)");
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return problem(name_of(path), "is a private key that others may write (chmod go-w FILE)");
  return read_all(*file, path, jose::kKeyTextMost);
}

namespace {

enum class Readers : std::uint8_t { anybody, daemon };

// As the daemon reads a file of the host that its configuration names.
FileResult<SecretBuffer> read_host_file(const std::string& path, std::size_t most,
                                        Readers readers) {
  // Not to wait for a writer where a pipe lies.
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return problem(name_of(path), std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return problem(name_of(path), "is not a plain file");
  const passwd* daemon = ::getpwnam("latchkey");
  if (status.st_uid != 0 && status.st_uid != ::geteuid() &&
      (daemon == nullptr || status.st_uid != daemon->pw_uid))
    return problem(name_of(path), "belongs to uid " + std::to_string(status.st_uid));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return problem(name_of(path), "may be written by others");
  if (readers == Readers::daemon) {
    if ((status.st_mode & S_IRWXO) != 0) return problem(name_of(path), "may be read by others");
    if ((status.st_mode & S_IRGRP) != 0 && status.st_gid != 0 && status.st_gid != ::getegid() &&
        (daemon == nullptr || status.st_gid != daemon->pw_gid))
      return problem(name_of(path), "may be read by the group " + std::to_string(status.st_gid));
  }
  return read_all(file, path, most);
}

}  // namespace

FileResult<SecretBuffer> read_shared_key(const std::string& path) {
  return read_host_file(path, limits::kSymmetricKeyFileBytes, Readers::daemon);
}

FileResult<SecretBuffer> read_key_set_file(const std::string& path) {
  return read_host_file(path, limits::kJwkSetBytes, Readers::anybody);
}

FileResult<jose::SymmetricKey> read_symmetric_key(const issuer::IssuerConfig& issuer) {
  const std::string& path = issuer.symmetric_key_file;
  const auto text = read_shared_key(path);
  if (!text) return tl::unexpected(text.error());
  if (!issuer.symmetric_algorithm) return problem(printable(path), "no 'symmetric_algorithm'");
  auto key = jose::SymmetricKey::parse(text->view(), *issuer.symmetric_algorithm);
  if (!key) return problem(printable(path), key.error());
  return *std::move(key);
}

FileResult<void> write_private(const std::string& path, std::string_view content,
                               Existing existing) {
  const std::string name = name_if_there(path, "--out");
  // In the same folder, so that it takes the place of what is there in one step.
  std::string temporary = path + ".XXXXXX";
  const ipc::Fd file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file) return problem(name, std::strerror(errno));
  int error = 0;
  if (!write_all(file.get(), content) || ::fsync(file.get()) != 0) {
    error = errno;
  } else if (existing == Existing::replace) {
    if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
    error = errno;
  } else {
    // Unlike rename(), link() never takes the place of something.
    if (::link(temporary.c_str(), path.c_str()) != 0) error = errno;
  }
  ::unlink(temporary.c_str());
  if (error == 0) return {};
  return problem(name,
                 error == EEXIST ? "is there already (--force replaces it)" : std::strerror(error));
}

FileResult<void> print_secret(std::string_view content) {
  std::fflush(stdout);
  if (write_all(STDOUT_FILENO, content)) return {};
  return problem("standard output", std::strerror(errno));
}

}  // namespace latchkey::cli
