// SPDX-License-Identifier: Apache-2.0
//
// The three files that say what is served, and whether they are still what was read. They are
// looked at before each batch of questions, by stat: a watch by inotify would have to be set anew
// whenever a folder is replaced, can lose events, and would tell in a later turn of the loop of
// what had changed before the question was asked. Three stat calls cost a fraction of one answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "core/accounts/names_file.h"
#include "core/accounts/served_names.h"
#include "core/accounts/taken_names.h"
#include "core/base/time.h"
#include "daemon/namesd/log.h"
#include "files/plain_file.h"

namespace latchkey::namesd {

class Sources {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Paths {
    std::string names;
    std::string passwd;
    std::string group;
    std::string owner;  // a user of passwd to whom the names file may belong; empty: none
  };

  // `log` outlives it.
  Sources(Paths paths, const Log& log);

  // What may be served now; the same value as long as no file changes. A file that cannot be used
  // leaves its last good state in force. Nothing where one that is needed was never good: there is
  // no /etc/passwd, or a names file that is not one. Where there never was a names file, a book
  // without names.
  std::shared_ptr<const accounts::ServedNames> book(WallTime wall, TimePoint now);

 private:
  // One file, and what was seen of it.
  struct Watched {
    std::string path;
    FileRules rules;
    bool read = false;               // ever looked at
    FileStamp stamp;                 // then
    bool gone = false;               // there was none then
    std::optional<TimePoint> again;  // a writing that leaves the stamp as it is was possible
    std::string complaint;           // what is wrong with it, as it stands in the log
    bool changed(TimePoint now) const;
  };

  // The text of a file that has changed; nothing where it has not, or cannot be read.
  std::optional<std::string> fresh_text(Watched& file, WallTime wall, TimePoint now);
  void complain(Watched& file, std::string what, bool serious);
  void recovered(Watched& file);
  bool take_local(WallTime wall, TimePoint now);
  bool take_names(WallTime wall, TimePoint now);
  void tell();

  std::string owner_;
  const Log& log_;
  Watched names_file_;
  Watched passwd_file_;
  Watched group_file_;
  std::optional<std::string> passwd_;  // the last good texts
  std::optional<std::string> group_;
  bool no_names_ = false;  // there was no names file, ever
  std::shared_ptr<const accounts::Names> names_;
  std::shared_ptr<const accounts::TakenNames> taken_;
  std::shared_ptr<const accounts::ServedNames> book_;
  std::string told_;
};

}  // namespace latchkey::namesd
