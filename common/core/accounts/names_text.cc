// SPDX-License-Identifier: Apache-2.0
//
// The names file as text. The reader goes through it once, line by line; then the records are
// judged as they are where somebody makes them (names_rules.h), so that nothing can be read that
// could not be written.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/accounts/names_file.h"
#include "core/accounts/names_rules.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/sha256.h"

namespace latchkey::accounts {
namespace {

using names_rules::Table;

constexpr std::string_view kFirstLine = "latchkey-names:1";
constexpr std::string_view kSum = "sha256:";
constexpr std::size_t kSumDigits = 64;
constexpr std::size_t kIdsLine = 4;  // home and shell follow
constexpr std::size_t kHeadLines = 6;

tl::unexpected<NamesFault> refused(std::size_t line, std::string what) {
  return tl::unexpected(NamesFault{line, std::move(what)});
}

// `id` where the text is a number as the file has them: digits, none to spare.
bool read_id(std::string_view text, std::uint32_t& id) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stopped == end && text.front() != '0';
}

bool read_time(std::string_view text, std::int64_t& seconds) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  return error == std::errc{} && stopped == end && text.front() != '-' &&
         (text.front() != '0' || text.size() == 1);
}

// The fields behind the word, exactly `N`; false where the line has another word or other fields.
template <std::size_t N>
bool read_fields(std::string_view line, std::string_view word,
                 std::array<std::string_view, N>& out) {
  if (!line.starts_with(word) || line.substr(word.size(), 1) != ":") return false;
  line.remove_prefix(word.size());
  for (auto& field : out) {
    if (line.empty()) return false;
    line.remove_prefix(1);
    field = line.substr(0, line.find(':'));
    line.remove_prefix(field.size());
  }
  return line.empty();
}

bool read_switch(std::string_view line, std::string_view word, bool& out) {
  std::array<std::string_view, 1> value;
  if (!read_fields(line, word, value) || (value[0] != "yes" && value[0] != "no")) return false;
  out = value[0] == "yes";
  return true;
}

bool read_text(std::string_view line, std::string_view word, std::string& out) {
  std::array<std::string_view, 1> value;
  if (!read_fields(line, word, value)) return false;
  out = value[0];
  return true;
}

constexpr std::array<std::string_view, 5> kStates{"active", "locked", "unseen", "revoked",
                                                  "removed"};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  tl::expected<NamesContent, NamesFault> read() {
    if (!head()) return refused(line_, "is not what stands there in a names file");
    while (!rest_.empty()) {
      const std::string_view line = next();
      if (!record(line)) return refused(line_, quoted(line) + " is no record");
    }
    if (const auto wrong = names_rules::objection(content_))
      return refused(line_of(*wrong), wrong->what);
    return std::move(content_);
  }

 private:
  // What the digest covers ends in a newline, so there is one.
  std::string_view next() {
    ++line_;
    const std::string_view line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(line.size() + 1);
    return line;
  }

  bool head() {
    NamesSettings& settings = content_.settings;
    const auto is = [&](auto read) { return !rest_.empty() ? read(next()) : (++line_, false); };
    return is([](auto line) { return line == kFirstLine; }) &&
           is([&](auto line) { return read_switch(line, "enumerate", settings.enumerate); }) &&
           is([&](auto line) { return read_switch(line, "provisional", settings.provisional); }) &&
           is([&](auto line) {
             std::array<std::string_view, 2> ids;
             return read_fields(line, "ids", ids) && read_id(ids[0], settings.ids.low) &&
                    read_id(ids[1], settings.ids.high);
           }) &&
           is([&](auto line) { return read_text(line, "home", settings.home); }) &&
           is([&](auto line) { return read_text(line, "shell", settings.shell); });
  }

  bool record(std::string_view line) {
    std::array<std::string_view, 8> user;
    std::array<std::string_view, 2> two;
    if (content_.groups.empty() && content_.members.empty() && read_fields(line, "user", user)) {
      NamesUser& made = content_.users.emplace_back();
      const auto& [name, uid, gid, state_text, since, home, shell, real_name] = user;
      const auto state = find_account_state(state_text);
      made.name = name;
      made.state = state.value_or(AccountState::locked);
      made.home = home;
      made.shell = shell;
      made.real_name = real_name;
      return read_id(uid, made.uid) && read_id(gid, made.gid) && state.has_value() &&
             read_time(since, made.since);
    }
    if (content_.members.empty() && read_fields(line, "group", two)) {
      NamesGroup& made = content_.groups.emplace_back();
      made.name = two[0];
      return read_id(two[1], made.gid);
    }
    if (!read_fields(line, "member", two)) return false;
    content_.members.push_back({std::string(two[0]), std::string(two[1])});
    return true;
  }

  std::size_t line_of(const names_rules::Objection& wrong) const {
    const std::size_t users = kHeadLines + 1;
    const std::size_t groups = users + content_.users.size();
    switch (wrong.table) {
      case Table::settings:
        return kIdsLine + wrong.place;
      case Table::users:
        return users + wrong.place;
      case Table::groups:
        return groups + wrong.place;
      case Table::members:
        break;
    }
    return groups + content_.groups.size() + wrong.place;
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  NamesContent content_;
};

void add_line(std::string& text, std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) {
    text += field;
    text += ':';
  }
  text.back() = '\n';
}

}  // namespace

std::string_view name(AccountState state) { return kStates[static_cast<std::size_t>(state)]; }

std::optional<AccountState> find_account_state(std::string_view name) {
  const auto* found = std::find(kStates.begin(), kStates.end(), name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<AccountState>(found - kStates.begin());
}

tl::expected<Names, NamesFault> Names::parse(std::string_view text) {
  if (text.size() > limits::kNamesFileBytes)
    return refused(0, "has more than " + std::to_string(limits::kNamesFileBytes) + " bytes");
  constexpr std::size_t kTail = kSum.size() + kSumDigits + 1;
  const std::string_view body = text.substr(0, text.size() - std::min(text.size(), kTail));
  std::string_view tail = text.substr(body.size());
  if (body.empty() || !body.ends_with('\n') || !tail.starts_with(kSum) || !tail.ends_with('\n'))
    return refused(0, "does not end in a line with its digest: it is cut, or no names file");
  tail = tail.substr(kSum.size(), kSumDigits);
  const auto sum = jose::sha256_hex(body);
  if (!sum) return refused(0, "could not be checked: OpenSSL has no memory");
  if (*sum != tail) return refused(0, "is damaged: its digest is another");
  auto content = Reader(body).read();
  if (!content) return tl::unexpected(std::move(content.error()));
  return Names(*std::move(content));
}

tl::expected<std::string, NamesFault> write(const Names& names) {
  const auto& [settings, users, groups, members] = names.content();
  const auto yes = [](bool is) { return is ? "yes" : "no"; };
  const auto id = [](std::uint32_t number) { return std::to_string(number); };
  std::string text = std::string(kFirstLine) + '\n';
  add_line(text, {"enumerate", yes(settings.enumerate)});
  add_line(text, {"provisional", yes(settings.provisional)});
  add_line(text, {"ids", id(settings.ids.low), id(settings.ids.high)});
  add_line(text, {"home", settings.home});
  add_line(text, {"shell", settings.shell});
  for (const NamesUser& user : users)
    add_line(text, {"user", user.name, id(user.uid), id(user.gid), name(user.state),
                    std::to_string(user.since), user.home, user.shell, user.real_name});
  for (const NamesGroup& group : groups) add_line(text, {"group", group.name, id(group.gid)});
  for (const NamesMember& member : members) add_line(text, {"member", member.group, member.user});
  const auto sum = jose::sha256_hex(text);
  if (!sum) return refused(0, "could not be made: OpenSSL has no memory");
  add_line(text, {"sha256", *sum});
  if (text.size() > limits::kNamesFileBytes)
    return refused(0, "would have more than " + std::to_string(limits::kNamesFileBytes) + " bytes");
  return text;
}

}  // namespace latchkey::accounts
