// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/sources.h"

#include <utility>

#include "core/accounts/local_accounts.h"
#include "core/base/text.h"

namespace latchkey::namesd {
namespace {

constexpr std::size_t kLocalBytes = std::size_t{64} << 20U;
constexpr std::size_t kNamedMost = 8;

}  // namespace

Sources::Sources(Paths paths, const Log& log)
    : owner_(std::move(paths.owner)),
      log_(log),
      names_file_{.path = std::move(paths.names), .rules = {.bytes_most = limits::kNamesFileBytes}},
      passwd_file_{.path = std::move(paths.passwd),
                   .rules = {.bytes_most = kLocalBytes, .follow_links = true}},
      group_file_{.path = std::move(paths.group),
                  .rules = {.bytes_most = kLocalBytes, .follow_links = true}} {}

bool Sources::Watched::changed(TimePoint now) const {
  return !read || (again && now >= *again) || stamp_of(path) != stamp;
}

std::shared_ptr<const accounts::ServedNames> Sources::book(WallTime wall, TimePoint now) {
  // passwd first: it says to whom the names file may belong.
  const bool local = take_local(wall, now);
  const bool names = take_names(wall, now);
  if (!local && !names) return book_;
  book_ =
      names_ && taken_ ? std::make_shared<const accounts::ServedNames>(names_, taken_) : nullptr;
  tell();
  return book_;
}

std::optional<std::string> Sources::fresh_text(Watched& file, WallTime wall, TimePoint now) {
  if (!file.changed(now)) return std::nullopt;
  // Taken before the reading: a change in between shows as one that was not seen yet.
  const FileStamp before = stamp_of(file.path);
  auto text = read_plain_file(file.path, file.rules);
  const bool passing = !text && text.error().kind == FileTrouble::Kind::passing;
  file.read = !passing;
  file.stamp = before;
  file.again.reset();
  if (!settled(before, wall)) file.again = now + kStampsSettle;
  file.gone = !text && text.error().kind == FileTrouble::Kind::gone;
  if (text) return std::move(text->bytes);
  // A host that has published nothing yet has no names file, and nothing is wrong with that.
  const bool never = &file == &names_file_ && (!names_ || no_names_);
  complain(file, text.error().what, !file.gone || !never);
  return std::nullopt;
}

void Sources::complain(Watched& file, std::string what, bool serious) {
  if (file.complaint == what) return;
  file.complaint = std::move(what);
  const std::string line = file.path + ' ' + file.complaint;
  if (serious) {
    log_.error(line + "; what was read of it before stays in force");
  } else {
    log_.notice(line);
  }
}

void Sources::recovered(Watched& file) {
  if (!std::exchange(file.complaint, {}).empty()) log_.notice(file.path + " is good again");
}

bool Sources::take_local(WallTime wall, TimePoint now) {
  auto passwd = fresh_text(passwd_file_, wall, now);
  auto group = fresh_text(group_file_, wall, now);
  if (passwd) recovered(passwd_file_);
  if (group) recovered(group_file_);
  // A host without a group file has no groups; one whose file went away keeps what it had.
  if (!group && !group_ && group_file_.gone) group = "";
  if (!passwd && !group) return false;
  if (passwd) passwd_ = std::move(passwd);
  if (group) group_ = std::move(group);
  if (!passwd_ || !group_) return false;
  taken_ =
      std::make_shared<const accounts::TakenNames>(accounts::TakenNames::parse(*passwd_, *group_));
  const auto local = accounts::LocalAccounts::parse(*passwd_, {});
  const auto* owner = owner_.empty() ? nullptr : local.find_user(owner_);
  const auto believed = owner == nullptr ? std::nullopt : std::optional(owner->uid);
  if (believed != names_file_.rules.owner) {
    names_file_.rules.owner = believed;
    names_file_.read = false;  // judged by another owner
  }
  return true;
}

bool Sources::take_names(WallTime wall, TimePoint now) {
  const auto text = fresh_text(names_file_, wall, now);
  if (!text) {
    if (names_ || !names_file_.gone) return false;
    names_ = std::make_shared<const accounts::Names>();
    no_names_ = true;
    return true;
  }
  auto names = accounts::Names::parse(*text);
  if (!names) {
    const auto& [line, what] = names.error();
    complain(names_file_, (line == 0 ? "" : "line " + std::to_string(line) + ": ") + what, true);
    // Having no names was right as long as there was no file.
    if (!std::exchange(no_names_, false)) return false;
    names_ = nullptr;
    return true;
  }
  recovered(names_file_);
  no_names_ = false;
  names_ = std::make_shared<const accounts::Names>(*std::move(names));
  return true;
}

void Sources::tell() {
  std::string line = "nothing can be served";
  if (book_) {
    const auto& content = names_->content();
    line = "serving " + std::to_string(content.users.size()) + " users and " +
           std::to_string(content.groups.size()) + " groups";
    const auto [names, count] = book_->withheld(kNamedMost);
    for (std::size_t i = 0; i < names.size(); ++i)
      line += (i == 0 ? "; local files have the names or ids of " : ", ") + quoted(names[i]);
    if (count > names.size()) line += " and " + std::to_string(count - names.size()) + " more";
  }
  if (line == told_) return;
  told_ = line;
  log_.notice(line);
}

}  // namespace latchkey::namesd
