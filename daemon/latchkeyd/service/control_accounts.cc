// SPDX-License-Identifier: Apache-2.0
//
// What an administrator may ask about accounts of the names file.
#include <algorithm>
#include <memory>
#include <utility>

#include "core/accounts/ledger.h"
#include "core/base/text.h"
#include "daemon/latchkeyd/service/control.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;
using accounts::AccountState;
using accounts::Names;
using accounts::NamesUser;
using accounts::ServedNames;
using control::MethodError;

namespace {

constexpr std::size_t kAnswerBytes = 32'768;  // a page ends with the account that goes beyond it

tl::unexpected<MethodError> error(MethodError::Kind kind, std::string text = {}) {
  return tl::unexpected(MethodError{kind, std::move(text), {}});
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

control::AccountRecord account_record(const NamesUser& user, const ServedNames& names,
                                      const LastSeen* last_seen) {
  control::AccountRecord record{.user = user.name,
                                .uid = user.uid,
                                .gid = user.gid,
                                .state = std::string(accounts::name(user.state)),
                                .since = WallTime{std::chrono::seconds(user.since)},
                                .home = user.home,
                                .shell = user.shell,
                                .real_name = user.real_name,
                                .groups = {},
                                .last_seen = {},
                                .served = names.serves(user)};
  for (const std::uint32_t place : names.names().groups_of(user.name))
    record.groups.push_back(names.names().content().members[place].group);
  if (last_seen != nullptr) record.last_seen = last_seen->seen_at;
  return record;
}

tl::expected<Names, Error> changed(const Names& names, const std::string& user,
                                   const std::string& change, std::int64_t now) {
  auto next = change == "forget"   ? accounts::without(names, user)
              : change == "unlock" ? accounts::with_state(names, user, AccountState::active, now)
              : change == "lock"   ? accounts::with_state(names, user, AccountState::locked, now)
                                   : accounts::with_state(names, user, AccountState::removed, now);
  if (!next) return fail(Reason::account_conflict, next.error().what);
  return *std::move(next);
}

// As JSON may write it.
std::size_t most_bytes(const control::AccountRecord& record) {
  std::size_t bytes = 512 + record.home.size() + record.shell.size() + 6 * record.real_name.size();
  for (const std::string& group : record.groups) bytes += group.size() + 3;
  return bytes;
}

bool read_id(std::int64_t number, std::uint32_t& id) {
  id = static_cast<std::uint32_t>(number);
  return number >= 0 && number == std::int64_t{id};
}

// The other host's names as such a file would hold them; nothing where none could.
tl::expected<Names, std::string> imported(const control::ImportAccountsRequest& request,
                                          const accounts::NamesSettings& settings) {
  accounts::NamesContent content;
  content.settings = settings;
  for (const control::ImportedAccount& each : request.accounts) {
    NamesUser user;
    user.name = each.user;
    user.state = accounts::find_account_state(each.state).value_or(AccountState::locked);
    user.home = each.home;
    user.shell = each.shell;
    user.real_name = each.real_name;
    if (!read_id(each.uid, user.uid) || !read_id(each.gid, user.gid))
      return tl::unexpected("user " + quoted(each.user) + ": an id is out of range");
    content.users.push_back(std::move(user));
  }
  for (const control::ImportedGroup& each : request.groups) {
    accounts::NamesGroup group{.name = each.group};
    if (!read_id(each.gid, group.gid))
      return tl::unexpected("group " + quoted(each.group) + ": its gid is out of range");
    content.groups.push_back(std::move(group));
  }
  auto names = Names::make(std::move(content));
  if (!names) return tl::unexpected(names.error().what);
  return *std::move(names);
}

}  // namespace

void Control::serve_accounts(ipc::varlink::Service& service) {
  using ipc::Peer;
  control::serve<control::Accounts>(
      service, [this](const Peer&, const auto& request, auto done) { done(accounts(request)); });
  control::serve<control::ChangeAccount>(service,
                                         [this](const Peer& peer, const auto& request, auto done) {
                                           change_account(peer, request, std::move(done));
                                         });
  control::serve<control::ImportAccounts>(service,
                                          [this](const Peer& peer, const auto& request, auto done) {
                                            import_accounts(peer, request, std::move(done));
                                          });
}

control::NamesStatus Control::names_status() const {
  const NamesKeeper::State state = parts_.plane.names_state();
  control::NamesStatus status;
  status.path = state.path;
  status.makes = parts_.plane.current().config->accounts.make;
  if (!state.error.empty()) status.error = state.error;
  status.accounts = static_cast<std::int64_t>(state.accounts);
  status.closed = static_cast<std::int64_t>(state.closed);
  status.lacking = state.lacking;
  if (!state.unknown_source.empty()) status.unknown_source = state.unknown_source;
  status.refused_groups = state.refused_groups;
  return status;
}

control::Outcome<control::AccountsAnswer> Control::accounts(
    const control::AccountsRequest& request) const {
  const std::int64_t most = request.limit.value_or(control::kAccountsMost);
  const auto& names = parts_.plane.current().names;
  control::AccountsAnswer answer;
  if (!names) return error(MethodError::Kind::refused, parts_.plane.names_state().error);
  const auto& users = names->names().content().users;
  auto user = std::upper_bound(
      users.begin(), users.end(), request.after.value_or(""),
      [](const std::string& after, const NamesUser& each) { return after < each.name; });
  std::size_t bytes = 0;
  for (; user != users.end() && answer.accounts.size() < static_cast<std::size_t>(most) &&
         bytes < kAnswerBytes;
       ++user) {
    const auto last_seen = parts_.logins.last_seen(user->name);
    answer.accounts.push_back(account_record(*user, *names, last_seen.get()));
    bytes += most_bytes(answer.accounts.back());
  }
  answer.more = user != users.end();
  return answer;
}

void Control::change_account(const ipc::Peer& peer, const control::ChangeAccountRequest& request,
                             Done<control::Empty> done) {
  const auto& names = parts_.plane.current().names;
  if (names && names->names().find_user(request.user) == nullptr)
    return done(error(MethodError::Kind::not_found));
  const std::int64_t now = seconds_of(parts_.clock.wall());
  parts_.plane.change_names(
      [request, now](const ServedNames& known) {
        return changed(known.names(), request.user, request.change, now);
      },
      [this, peer, request, done = std::move(done)](const Expected<void>& result) {
        if (!result) return done(error(MethodError::Kind::refused, result.error().detail));
        note(peer, "an account was changed", {{"user", request.user}, {"change", request.change}});
        done(control::Empty{});
      });
}

void Control::import_accounts(const ipc::Peer& peer, const control::ImportAccountsRequest& request,
                              Done<control::ImportAccountsAnswer> done) {
  const auto& names = parts_.plane.current().names;
  if (!names) return done(error(MethodError::Kind::refused, parts_.plane.names_state().error));
  const auto other = imported(request, names->names().content().settings);
  if (!other) return done(error(MethodError::Kind::refused, other.error()));
  const std::int64_t now = seconds_of(parts_.clock.wall());
  // What came of it, told after it was written.
  auto answer = std::make_shared<control::ImportAccountsAnswer>();
  const auto merge = [other = *other, now,
                      answer](const ServedNames& known) -> tl::expected<Names, Error> {
    auto merged = accounts::merged(known, other, now);
    if (!merged) {
      answer->conflicts = std::move(merged).error();
      return known.names();
    }
    answer->accounts = std::move(merged->users);
    answer->groups = std::move(merged->groups);
    return std::move(merged->names);
  };
  if (request.check) {
    // On what is at work now, and not written.
    if (auto next = merge(*names); !next) answer->conflicts.push_back(next.error().detail);
    return done(*answer);
  }
  parts_.plane.change_names(
      merge, [this, peer, answer, done = std::move(done)](const Expected<void>& result) {
        if (!result) return done(error(MethodError::Kind::refused, result.error().detail));
        const std::string count = std::to_string(answer->accounts.size());
        note(peer, "accounts were imported", {{"count", count}});
        done(*answer);
      });
}

}  // namespace latchkey::latchkeyd
