// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/account_commands.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/all_pages.h"
#include "cli/latchkeyctl/commands.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/layout.h"
#include "cli/latchkeyctl/moment.h"
#include "core/accounts/names_file.h"
#include "core/base/text.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

namespace control = ipc::control;
using accounts::Names;

constexpr std::size_t kCallBytes = 60'000;  // of 65,536
constexpr std::size_t kOverhead = 160;      // of an account's members, at most
constexpr std::string_view kWhat = "account of that name";

int all_accounts(const Session& session, control::AccountsAnswer& all) {
  return all_pages<control::Accounts>(
      session, {}, all,
      [](control::AccountsAnswer& sum, control::AccountsRequest& request,
         control::AccountsAnswer page) {
        if (!page.accounts.empty()) request.after = page.accounts.back().user;
        const bool more = page.more && !page.accounts.empty();
        for (auto& entry : page.accounts) sum.accounts.push_back(std::move(entry));
        return more;
      });
}

std::string seen(const control::AccountRecord& account, WallTime now) {
  return account.last_seen ? render_span(now - *account.last_seen) + " ago" : "never";
}

std::string render_accounts(const std::vector<control::AccountRecord>& accounts, WallTime now) {
  if (accounts.empty()) return "no accounts\n";
  std::vector<std::vector<std::string>> rows{{"USER", "UID", "STATE", "SIGNED IN", "GROUPS"}};
  for (const auto& each : accounts) {
    const bool hidden = !each.served && each.state != "removed";
    rows.push_back({clean(each.user), std::to_string(each.uid),
                    each.state + (hidden ? ", not served" : ""), seen(each, now),
                    clean(joined(each.groups))});
  }
  return table(rows);
}

std::string render_account(const control::AccountRecord& account, WallTime now) {
  std::string out = clean(account.user) + ": " + account.state + "\n";
  const auto add = [&](std::string_view label, const std::string& text) {
    out += detail_line(label, text);
  };
  add("uid", std::to_string(account.uid));
  add("gid", std::to_string(account.gid));
  add("home", account.home);
  add("shell", account.shell);
  if (!account.real_name.empty()) add("real name", account.real_name);
  add("groups", account.groups.empty() ? "none" : joined(account.groups));
  add("signed in", seen(account, now));
  add("since", ipc::format_time(account.since));
  if (!account.served && account.state != "removed")
    add("not served", "the local files have its name or one of its ids");
  return out;
}

int failed(const Session& session, const std::string& what) {
  return report(session, std::span<const control::ConfigErrorRecord>(), what);
}

// Whole, or the sentence that says why not.
tl::expected<Names, std::string> read_names(const std::string& file) {
  const auto text = read_input(file, limits::kNamesFileBytes, "FILE");
  if (!text) return tl::unexpected(text.error());
  auto names = Names::parse(text->view());
  if (names) return *std::move(names);
  const auto& [line, what] = names.error();
  return tl::unexpected(
      "it " + (line == 0 ? what : "is no names file: line " + std::to_string(line) + ": " + what));
}

// The calls of an import, each as large as one may be.
class Import {
 public:
  explicit Import(const Names& names) {
    for (const auto& user : names.content().users) {
      room(user.name.size() + user.home.size() + user.shell.size() + 6 * user.real_name.size());
      calls_.back().accounts.push_back({.user = user.name,
                                        .uid = user.uid,
                                        .gid = user.gid,
                                        .state = std::string(accounts::name(user.state)),
                                        .home = user.home,
                                        .shell = user.shell,
                                        .real_name = user.real_name});
    }
    for (const auto& group : names.content().groups) {
      room(group.name.size());
      calls_.back().groups.push_back({.group = group.name, .gid = group.gid});
    }
  }

  // First all of them to look, so that what contradicts anything is known before anything comes.
  int run(const Session& session, bool check) {
    auto client = ipc::varlink::VarlinkClient::connect(session.socket);
    if (!client) return report(session, client.error());
    for (const bool look : {true, false}) {
      control::ImportAccountsAnswer all;
      for (auto& call : calls_) {
        call.check = look;
        auto answer = control::call<control::ImportAccounts>(*client, call, session.timeout);
        // What came before stays; the same import passes over it the next time.
        if (!answer) return report(session, answer.error(), std::string(kWhat));
        const auto append = [](auto& to, auto& from) {
          to.insert(to.end(), from.begin(), from.end());
        };
        append(all.accounts, answer->accounts);
        append(all.groups, answer->groups);
        append(all.conflicts, answer->conflicts);
        // Somebody else has changed something since they were looked at.
        if (!look && !all.conflicts.empty()) break;
      }
      if (!all.conflicts.empty() || check || !look) return print_answer(session, all, check, look);
    }
    return kOk;
  }

 private:
  void room(std::size_t bytes) {
    bytes += kOverhead;
    if (calls_.empty() || bytes_ + bytes > kCallBytes) {
      calls_.emplace_back();
      bytes_ = 0;
    }
    bytes_ += bytes;
  }

  static int print_answer(const Session& session, const control::ImportAccountsAnswer& answer,
                          bool check, bool look) {
    std::string out;
    for (const std::string& conflict : answer.conflicts) out += clean(conflict) + "\n";
    const std::string counts =
        fmt::format("{} accounts and {} groups", answer.accounts.size(), answer.groups.size());
    const bool some = !answer.accounts.empty() || !answer.groups.empty();
    if (!answer.conflicts.empty() && some && !look) {
      out += counts + " imported, the rest was not; in force\n";
    } else if (!answer.conflicts.empty()) {
      out += "nothing was imported\n";
    } else {
      out += counts + (check ? " would be imported\n" : " imported; in force\n");
    }
    const int printed = print(session.json ? ascii_json(control::to_json(answer)) + "\n" : out);
    return printed != kOk || answer.conflicts.empty() ? printed : kNegative;
  }

  std::vector<control::ImportAccountsRequest> calls_;
  std::size_t bytes_ = 0;
};

}  // namespace

int list_accounts(const Session& session) {
  control::AccountsAnswer all;
  if (const int status = all_accounts(session, all); status != kOk) return status;
  return print(session.json ? ascii_json(control::to_json(all)) + "\n"
                            : render_accounts(all.accounts, wall_now()));
}

int show_account(const Session& session, const std::string& user) {
  control::AccountsAnswer all;
  if (const int status = all_accounts(session, all); status != kOk) return status;
  std::erase_if(all.accounts, [&](const auto& each) { return each.user != user; });
  if (all.accounts.empty()) {
    control::CallError missing{};
    missing.kind = control::CallError::Kind::method;
    missing.error.kind = control::MethodError::Kind::not_found;
    return report(session, missing, std::string(kWhat));
  }
  return print(session.json ? ascii_json(control::to_json(all)) + "\n"
                            : render_account(all.accounts.front(), wall_now()));
}

int change_account(const Session& session, const std::string& user, const std::string& change) {
  return call_and_print<control::ChangeAccount>(
      session, {user, change},
      [&](const control::Empty&) {
        const std::string name = quoted(user);
        if (change == "forget")
          return fmt::format("{} and its ids are forgotten; in force\n", name);
        if (change == "remove")
          return fmt::format("{} is removed, its ids stay taken; in force\n", name);
        return fmt::format("{} is {}ed; in force\n", name, change);
      },
      std::string(kWhat));
}

int rebind_account(const Session& session, const std::string& user) {
  return remove_binding(session, user);
}

int export_accounts(const Session& session, const std::string& file) {
  const auto text = read_input(file, limits::kNamesFileBytes, "FILE");
  if (!text) return failed(session, "the names file: " + text.error());
  if (const auto names = Names::parse(text->view()); !names)
    return failed(session, "the names file " + names.error().what);
  return print(std::string(text->view()));
}

int import_accounts(const Session& session, const std::string& file, bool check) {
  const auto names = read_names(file);
  if (!names) return failed(session, "nothing was imported: " + names.error());
  return Import(*names).run(session, check);
}

}  // namespace latchkey::cli
