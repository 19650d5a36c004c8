// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/token_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/limits.h"

namespace latchkey::cli {
namespace {

using Found = tl::expected<FoundToken, std::string>;

constexpr std::size_t kRoom = wire::kTokenMost + 4'096;  // blanks around a token of the full size
constexpr std::string_view kBlanks = " \t\r\n";

tl::unexpected<std::string> problem(const std::string& where, std::string_view what) {
  return tl::unexpected(where + ": " + std::string(what));
}

// Checks and trims what was read; an error names the place, never the content.
Found finish(wire::SecretBuffer content, std::string where) {
  const std::string_view text = content.view();
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return problem(where, "holds no token");
  const std::string_view token = text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
  if (token.size() > wire::kTokenMost) return problem(where, "is longer than 65536 bytes");
  const bool plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain)
    return problem(where,
                   "holds something else than one token (blanks or special characters inside)");
  wire::SecretBuffer exact(token.size());
  if (!exact.append(token)) return problem(where, "no memory");
  return FoundToken{std::move(exact), std::move(where)};
}

Found read_descriptor(int descriptor, std::string where) {
  wire::SecretBuffer content(kRoom);
  for (;;) {
    const auto room = content.room();
    if (room.empty()) return problem(where, "is longer than 65536 bytes");
    const ssize_t got = ::read(descriptor, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problem(where, std::strerror(errno));
    if (got == 0) return finish(std::move(content), std::move(where));
    if (!content.grow(static_cast<std::size_t>(got))) return problem(where, "no memory");
  }
}

// A file that the user named: any readable file, pipe or process substitution.
Found read_named(const std::string& path, std::string where) {
  if (path == "-") return read_descriptor(STDIN_FILENO, "standard input");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) {
    // What is not there may be a token that was typed in the place of its file: it is not repeated.
    const int error_number = errno;
    const bool there = ::access(path.c_str(), F_OK) == 0;
    return problem(there ? where : "the token's file that was named", std::strerror(error_number));
  }
  Found found = read_descriptor(file, std::move(where));
  ::close(file);
  return found;
}

// A well-known file: others can write to the folder, so it must be ours, regular and closed to
// them.
std::optional<Found> read_well_known(const std::string& path, uid_t uid) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0 && errno == ENOENT) return std::nullopt;
  if (file < 0) return problem(path, errno == ELOOP ? "is a symbolic link" : std::strerror(errno));
  struct stat status {};
  Found found = problem(path, "is no regular file of yours that is closed to others (mode 0600)");
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == uid &&
      (status.st_mode & 077U) == 0 && status.st_nlink == 1) {
    found = read_descriptor(file, path);
  }
  ::close(file);
  return found;
}

Found from_environment(const std::string& value) {
  wire::SecretBuffer content(kRoom);
  if (!content.append(value)) return problem("$BEARER_TOKEN", "is longer than 65536 bytes");
  return finish(std::move(content), "$BEARER_TOKEN");
}

}  // namespace

tl::expected<FoundToken, std::string> find_token(const TokenSource& source) {
  if (!source.from_file.empty()) return read_named(source.from_file, source.from_file);
  const auto set = [&](const char* name) {
    auto value = source.environment(name);
    return value && !value->empty() ? value : std::nullopt;
  };
  if (const auto token = set("BEARER_TOKEN")) return from_environment(*token);
  if (const auto path = set("BEARER_TOKEN_FILE"))
    return read_named(*path, "$BEARER_TOKEN_FILE (" + *path + ")");
  const std::string name = "/bt_u" + std::to_string(source.uid);
  if (const auto runtime = set("XDG_RUNTIME_DIR")) {
    if (auto found = read_well_known(*runtime + name, source.uid)) return *std::move(found);
  }
  if (auto found = read_well_known("/tmp" + name, source.uid)) return *std::move(found);
  return tl::unexpected(
      "no token found: give --token-file, or set $BEARER_TOKEN or $BEARER_TOKEN_FILE, or put it "
      "into "
      "$XDG_RUNTIME_DIR" +
      name + " or /tmp" + name);
}

}  // namespace latchkey::cli
