// SPDX-License-Identifier: Apache-2.0
//
// Reads a small file whole, if it is what it should be: a plain file, of an owner that we believe,
// that nobody else may write to (a secret: nor read), within a size, and not written to while it
// was read. Never hangs on a fifo or a device.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "core/base/time.h"

namespace latchkey {

// Tells whether a file is still the one that was read; all zero where there is none.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path);

// Whether the stamp is so old that whatever is written from `now` on gets another one. A kernel's
// clock for files goes in ticks, some file systems keep whole seconds: within one, a second writing
// in place leaves the stamp as it was. `now` is of before the stamp was taken.
bool settled(const FileStamp& stamp, WallTime now);
inline constexpr std::chrono::seconds kStampsSettle{2};

struct FileRules {
  std::size_t bytes_most = 1'048'576;
  bool follow_links = false;  // the last part of the path may be a symbolic link
  bool own =
      false;  // must belong to this process's uid (else that or root), and have one name only
  std::optional<std::uint32_t> owner = {};  // of whom it may be as well; `own` does not look at it
  bool secret = false;  // read by nobody but its owner, root's group and this process's group
};

// Why a file was not read.
struct FileTrouble {
  enum class Kind : std::uint8_t {
    gone,     // there is none
    unfit,    // it is of a kind, an owner or a mode that is not believed, or not ours to read
    content,  // it was looked into, and is not what it should be
    passing,  // says nothing about the file (descriptors, memory, the disk, a writer at work)
  };
  Kind kind = Kind::content;
  std::string what;  // a sentence part without the path: "is a symbolic link"
};

struct FileText {
  std::string bytes;
  FileStamp stamp;
};

// `path` is relative to the open folder `folder`.
tl::expected<FileText, FileTrouble> read_plain_file(const std::string& path, const FileRules& rules,
                                                    int folder = AT_FDCWD);

}  // namespace latchkey
