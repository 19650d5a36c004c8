// SPDX-License-Identifier: Apache-2.0
//
// The names file and what stands in it: one writing after the other, what was published before
// anybody is told, and the states that follow from what is known of an account. On the control
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/ledger.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "core/decide.h"
#include "daemon/latchkeyd/io/accounts_files.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/names_store.h"

namespace latchkey::latchkeyd {

class NamesKeeper {
 public:
  struct Parts {
    Executor& control;
    Executor& disk;
    const Clock& clock;
    Journal& journal;
    NamesStore& store;
    // Has every worker take accounts() and names() before `done` runs.
    std::function<void(std::function<void()> done)> publish;
    std::function<std::shared_ptr<const LastSeen>(std::string_view user)> last_seen;
    // Whether that name, or the subject that signed in by it last, is revoked.
    std::function<bool(std::string_view user, const LastSeen* last_seen)> revoked;
  };

  // The next names of what is there now, or why not. May be called for names that are not in force
  // yet, and not be written in the end.
  using Edit =
      std::function<tl::expected<accounts::Names, Error>(const accounts::ServedNames& names)>;

  // Reads the file. `parts` are used from the first call of one of the others on.
  NamesKeeper(Parts parts, std::shared_ptr<const config::Config> config, AccountsFiles::Read local);

  // For the next snapshot.
  const std::shared_ptr<const accounts::LocalAccounts>& accounts() const { return accounts_; }
  // Null where the file cannot be known.
  const std::shared_ptr<const accounts::ServedNames>& names() const { return served_; }
  std::uint64_t stamp() const { return local_.stamp; }
  // When a name became free, or names of nobody's got other ids, the last time since the start.
  WallTime loosened_at() const { return loosened_at_; }

  // What they bring is in accounts() and names() at once; what follows from it for the file is
  // written later.
  void take_local(AccountsFiles::Read local);
  void configure(std::shared_ptr<const config::Config> config);

  // `done` runs after the file is on the disk and every worker has what stands in it.
  // state_unavailable where it cannot be written, or the edit's own reason.
  void change(Edit edit, std::function<void(Expected<void>)> done);

  // Looks at what has changed the states of accounts, now and from time to time.
  void tick();
  void look_at_states();
  SteadyTime next_tick() const { return next_; }

  struct State {
    std::string path;
    std::string error;  // why the file cannot be used, or the last writing failed
    std::size_t accounts = 0;
    std::size_t closed = 0;                   // of them
    std::vector<std::string> lacking;         // lines of nsswitch.conf without "systemd"
    std::string unknown_source;               // of nsswitch.conf; why no account is made
    std::vector<std::string> refused_groups;  // sentences
  };
  State state() const;

 private:
  struct Order {
    Edit edit;
    std::function<void(Expected<void>)> done;
  };
  struct Answer {
    std::function<void(Expected<void>)> done;
    Expected<void> result;
  };
  using NamesPtr = std::shared_ptr<const accounts::Names>;

  void take_file(accounts::Names names);
  void load();
  void look_at_file();
  void loaded(tl::expected<accounts::Names, std::string> names);
  void fit();
  void pump_later();
  void pump();
  bool makes() const { return config_->accounts.make || !config_->accounts.groups.empty(); }
  bool wanted() const;
  void refuse_queue();
  tl::expected<accounts::Names, Error> next_names(std::vector<Answer>& answers);
  void written(NamesPtr next, const tl::expected<void, std::string>& saved,
               std::vector<Answer> answers);
  void publish(std::vector<Answer> answers);
  void note_error(std::string& which, std::string error);
  accounts::AccountState wanted_state(const accounts::NamesUser& user) const;

  static constexpr std::chrono::seconds kLookEvery{60};
  static constexpr std::size_t kQueueMost = 1'024;

  Parts parts_;
  std::shared_ptr<const config::Config> config_;
  AccountsFiles::Read local_;
  NamesPtr file_;  // null: not known
  std::shared_ptr<const accounts::ServedNames> served_;
  std::shared_ptr<const accounts::LocalAccounts> accounts_;
  std::vector<Order> queue_;
  bool pumping_ = false;
  bool writing_ = false;
  bool loading_ = false;
  bool unsure_ = false;  // which of two files the disk has: nothing is written until it was read
  bool anew_ = false;    // somebody else has changed the file: it is written though nothing is new
  std::string load_error_;
  std::string write_error_;
  WallTime loosened_at_{};
  std::vector<std::string> refused_groups_;
  SteadyTime next_{};
};

}  // namespace latchkey::latchkeyd
