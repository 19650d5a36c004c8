// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/names_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.h"

namespace latchkey::latchkeyd {

using accounts::AccountState;
using accounts::Names;
using accounts::NamesUser;
using accounts::ServedNames;

namespace {

// A name that was somebody's is nobody's any more, or those of nobody have other ids.
bool loosens(const Names& before, const Names& after) {
  const auto& had = before.content();
  const auto& has = after.content();
  return had.settings.ids != has.settings.ids ||
         !std::includes(has.users.begin(), has.users.end(), had.users.begin(), had.users.end(),
                        [](const NamesUser& a, const NamesUser& b) { return a.name < b.name; });
}

}  // namespace

NamesKeeper::NamesKeeper(Parts parts, std::shared_ptr<const config::Config> config,
                         AccountsFiles::Read local)
    : parts_(std::move(parts)), config_(std::move(config)), local_(std::move(local)) {
  auto names = parts_.store.load();
  if (names) take_file(*std::move(names));
  if (!names) note_error(load_error_, std::move(names).error());
  fit();
}

// A host that has no file yet has what the configuration says of it, as an import needs it.
void NamesKeeper::take_file(Names names) {
  if (names.content() == accounts::NamesContent{}) {
    accounts::NamesContent none;
    none.settings = config_->accounts.settings(false);
    if (auto first = Names::make(std::move(none))) names = *std::move(first);
  }
  file_ = std::make_shared<const Names>(std::move(names));
}

// Where this host makes nothing the file is what others wrote, or what it made once; nobody is
// shown to sshd any more then.
bool NamesKeeper::wanted() const { return makes() || file_->content().settings.provisional; }

// What the workers may know: what stands on the disk, and that alone.
void NamesKeeper::fit() {
  served_ = file_ ? std::make_shared<const ServedNames>(file_, local_.taken) : nullptr;
  accounts_ = served_
                  ? std::make_shared<const accounts::LocalAccounts>(local_.accounts->with(*served_))
                  : local_.accounts;
}

void NamesKeeper::take_local(AccountsFiles::Read local) {
  if (!local.taken->has_users_of(*local_.taken)) loosened_at_ = parts_.clock.wall();
  local_ = std::move(local);
  fit();
  pump_later();
}

void NamesKeeper::configure(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  pump_later();
}

void NamesKeeper::change(Edit edit, std::function<void(Expected<void>)> done) {
  if (!file_) return done(fail(Reason::state_unavailable, load_error_));
  if (queue_.size() >= kQueueMost)
    return done(fail(Reason::state_unavailable, "too many changes of the names file wait"));
  queue_.push_back({std::move(edit), std::move(done)});
  pump_later();
}

// Never inside the call of somebody: so that those that come together are one writing, and nobody
// is called back who is not ready for it.
void NamesKeeper::pump_later() {
  if (std::exchange(pumping_, true)) return;
  parts_.control.post([this] {
    pumping_ = false;
    pump();
  });
}

// All edits that wait, one on top of the other; `answers` are theirs. What the configuration says
// counts in every writing.
tl::expected<Names, Error> NamesKeeper::next_names(std::vector<Answer>& answers) {
  NamesPtr next = file_;
  for (Order& order : std::exchange(queue_, {})) {
    auto edited = order.edit(ServedNames(next, local_.taken));
    Expected<void> result;
    if (edited) next = std::make_shared<const Names>(*std::move(edited));
    if (!edited) result = tl::unexpected(std::move(edited).error());
    answers.push_back({std::move(order.done), std::move(result)});
  }
  const bool shown =
      config_->accounts.make && local_.unknown.empty() && local_.sources.unknown_source().empty();
  accounts::NamesSettings settings = config_->accounts.settings(shown);
  std::vector<std::string> groups = config_->accounts.groups;
  if (!makes()) {
    settings = next->content().settings;
    settings.provisional = false;
    for (const accounts::NamesGroup& group : next->content().groups) groups.push_back(group.name);
  }
  auto fitted = accounts::fitted(*next, settings, groups, *local_.taken);
  if (!fitted) return fail(Reason::state_unavailable, fitted.error().what);
  if (std::exchange(refused_groups_, fitted->refused) != fitted->refused) {
    for (const std::string& sentence : fitted->refused)
      parts_.journal.log(LogLevel::error, "a group of 'accounts.groups' cannot be made",
                         {{"why", sentence}});
  }
  return std::move(fitted->names);
}

void NamesKeeper::pump() {
  if (writing_ || loading_ || unsure_ || !file_ || (queue_.empty() && !anew_ && !wanted())) return;
  std::vector<Answer> answers;
  auto next = next_names(answers);
  if (!next) {
    for (Answer& answer : answers) answer.result = tl::unexpected(next.error());
    note_error(write_error_, next.error().detail);
    return publish(std::move(answers));
  }
  if (next->content() == file_->content() && !anew_) {
    note_error(write_error_, {});
    return publish(std::move(answers));
  }
  writing_ = true;
  anew_ = false;
  auto names = std::make_shared<const Names>(*std::move(next));
  auto kept = std::make_shared<std::vector<Answer>>(std::move(answers));
  // The disk's thread may be at it when this is gone.
  parts_.disk.post([this, names = std::move(names), kept = std::move(kept), &store = parts_.store,
                    control = &parts_.control] {
    auto saved = store.save(*names);
    control->post(
        [this, names, kept, saved = std::move(saved)] { written(names, saved, std::move(*kept)); });
  });
}

void NamesKeeper::written(NamesPtr next, const tl::expected<void, std::string>& saved,
                          std::vector<Answer> answers) {
  writing_ = false;
  if (saved) {
    if (loosens(*file_, *next)) loosened_at_ = parts_.clock.wall();
    file_ = std::move(next);
    note_error(write_error_, {});
    fit();
  } else {
    note_error(write_error_, saved.error());
    unsure_ = true;
    load();  // what stands there now may be either
    for (Answer& answer : answers)
      if (answer.result) answer.result = fail(Reason::state_unavailable, saved.error());
  }
  publish(std::move(answers));
  if (!queue_.empty()) pump_later();
}

void NamesKeeper::publish(std::vector<Answer> answers) {
  parts_.publish([answers = std::move(answers)] {
    for (const Answer& answer : answers) answer.done(answer.result);
  });
}

void NamesKeeper::note_error(std::string& which, std::string error) {
  if (std::exchange(which, error) == error) return;
  if (error.empty()) {
    parts_.journal.log(LogLevel::notice, "the names file is good again");
  } else {
    parts_.journal.log(LogLevel::error,
                       "the names file cannot be used; no account is made or changed",
                       {{"error", error}});
  }
}

void NamesKeeper::tick() {
  if (parts_.clock.steady() < next_) return;
  next_ = parts_.clock.steady() + kLookEvery;
  if (!file_ || unsure_) return load();
  // A writing that failed, or a configuration that was never fitted.
  if (!write_error_.empty() || wanted()) pump_later();
  look_at_file();
  look_at_states();
}

void NamesKeeper::look_at_file() {
  parts_.disk.post([this, &store = parts_.store, control = &parts_.control] {
    if (!store.touched()) return;
    control->post([this] {
      if (!makes()) return load();
      parts_.journal.log(LogLevel::error,
                         "the names file was changed by another hand; it is written anew",
                         {{"path", parts_.store.path()}});
      anew_ = true;
      pump_later();
    });
  });
}

void NamesKeeper::load() {
  if (std::exchange(loading_, true)) return;
  parts_.disk.post([this, &store = parts_.store, control = &parts_.control] {
    auto names = store.load();
    control->post([this, names = std::move(names)] { loaded(names); });
  });
}

void NamesKeeper::loaded(tl::expected<Names, std::string> names) {
  loading_ = false;
  // What was known stays in force, as with latchkey-namesd.
  if (!names) {
    note_error(load_error_, std::move(names).error());
    unsure_ = file_ != nullptr;
    return refuse_queue();
  }
  note_error(load_error_, {});
  unsure_ = false;
  const NamesPtr before = file_;
  take_file(*std::move(names));
  if (before && loosens(*before, *file_)) loosened_at_ = parts_.clock.wall();
  fit();
  publish({});
  // After a failed writing the next one is the next change's, or the next tick's.
  if (write_error_.empty() || !queue_.empty()) pump_later();
}

// Or what was asked for would be done hours later, when a file comes back.
void NamesKeeper::refuse_queue() {
  std::vector<Answer> answers;
  for (Order& order : std::exchange(queue_, {}))
    answers.push_back({std::move(order.done), fail(Reason::state_unavailable, load_error_)});
  if (!answers.empty()) publish(std::move(answers));
}

AccountState NamesKeeper::wanted_state(const NamesUser& user) const {
  if (user.state == AccountState::locked || user.state == AccountState::removed) return user.state;
  const auto last_seen = parts_.last_seen(user.name);
  if (parts_.revoked(user.name, last_seen.get())) return AccountState::revoked;
  // Of whom nothing is known (the rows of the last seen are bounded, and can be lost) nobody can
  // say that they stayed away.
  const auto& most = config_->accounts.lock_unseen_after;
  if (!most || !last_seen)
    return user.state == AccountState::unseen && most ? user.state : AccountState::active;
  const WallTime changed{std::chrono::seconds(user.since)};
  const WallTime seen = std::max(changed, last_seen->seen_at);
  return parts_.clock.wall() - seen > *most ? AccountState::unseen : AccountState::active;
}

void NamesKeeper::look_at_states() {
  if (!file_) return;
  const auto& users = file_->content().users;
  const bool same = std::all_of(users.begin(), users.end(), [this](const NamesUser& user) {
    return wanted_state(user) == user.state;
  });
  if (same) return;
  change(
      [this](const ServedNames& names) -> tl::expected<Names, Error> {
        accounts::NamesContent content = names.names().content();
        for (NamesUser& user : content.users) {
          const AccountState state = wanted_state(user);
          if (state == user.state) continue;
          parts_.journal.log(LogLevel::notice, "the state of an account has changed",
                             {{"user", user.name},
                              {"from", accounts::name(user.state)},
                              {"to", accounts::name(state)}});
          user.state = state;
          if (state != AccountState::active)
            std::erase_if(content.members, [&](const accounts::NamesMember& member) {
              return member.user == user.name;
            });
        }
        auto next = Names::make(std::move(content));
        if (!next) return fail(Reason::state_unavailable, next.error().what);
        return *std::move(next);
      },
      [](const Expected<void>& /*result*/) {});
}

NamesKeeper::State NamesKeeper::state() const {
  State out{
      .path = parts_.store.path(),
      .error = load_error_.empty() ? write_error_ : load_error_,
      .accounts = 0,
      .closed = 0,
      .lacking = local_.sources.lacking(),
      .unknown_source = local_.unknown.empty() ? local_.sources.unknown_source() : local_.unknown,
      .refused_groups = refused_groups_};
  if (!file_) return out;
  for (const NamesUser& user : file_->content().users) {
    if (user.state == AccountState::removed) continue;
    ++out.accounts;
    if (user.state != AccountState::active) ++out.closed;
  }
  return out;
}

}  // namespace latchkey::latchkeyd
