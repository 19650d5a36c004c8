// SPDX-License-Identifier: Apache-2.0
//
// The state store on SQLite: one thread that owns the file, and a bounded queue in front of it.
// What must be durable before it is answered (bindings, revocations) is written in the order of the
// calls, many in one transaction, and waits for the disk. What a login leaves behind (the login,
// the claims last seen) is gathered for a few milliseconds, so that a burst of logins costs one
// transaction, and does not wait for the disk: the end of this process loses none of it. A failing
// disk fails what needed it and nothing else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/state_tables.h"
#include "daemon/latchkeyd/io/storage.h"

namespace latchkey::latchkeyd {

class SqliteStateStore final : public StateStore {
 public:
  struct Options {
    std::string directory;            // the state folder
    std::string boot_id;              // of this boot; empty: logins of earlier boots are kept
    std::size_t queue_most = 16'384;  // operations, and as many names and logins
    std::optional<std::int64_t>
        growth_pages_most;  // tests: the disk is full after so many more pages
  };

  // `clock` and `journal` outlive it.
  SqliteStateStore(Options options, const Clock& clock, Journal& journal);
  // Writes everything that was queued, then ends the thread.
  ~SqliteStateStore() override;

  // Opens the file, reads it, and starts the thread. Once.
  Expected<StoredState> load() override;

  void bind(NewBinding binding, Executor& reply_to, Done done) override;
  void remove_binding(std::string user, Executor& reply_to, DoneFound done) override;
  void put_login(std::shared_ptr<const Login> login) override;
  void close_login(std::string id, WallTime at) override;
  void put_last_seen(std::string user, LastSeen seen) override;
  void add_revocations(std::vector<revocation::Revocation> revocations, Executor& reply_to,
                       DoneIds done) override;
  void list_revocations(RevocationPage page, Executor& reply_to, DoneListed done) override;
  void forget_revocations(WallTime ended, Executor& reply_to, DoneCount done) override;
  void remove_revocation(std::int64_t id, Executor& reply_to, DoneFound done) override;
  void drain(Executor& reply_to, std::function<void()> done) override;

  // The last failure while it stands: gone with the next write that succeeds. From any thread.
  std::optional<std::string> trouble() const;

 private:
  // A durable operation. `work` runs on the storage thread inside a transaction, perhaps more than
  // once (a transaction that failed as a whole is tried again in pieces); `reply` runs once, after
  // the commit.
  struct Job {
    std::function<StateOutcome(StateTables&)> work;
    std::function<void(Expected<std::int64_t>)> reply;
  };
  // What logins left behind; a null login means "closed".
  struct Records {
    std::unordered_map<std::string, std::shared_ptr<const Login>> logins;
    std::unordered_map<std::string, LastSeen> last_seen;
    std::size_t size() const { return logins.size() + last_seen.size(); }
  };

  void enqueue(Job job);
  template <typename Queue>
  bool has_room(const Queue& queue);
  void wake_for_record();
  void run();
  void write_jobs(std::deque<Job> jobs);
  bool write_together(std::deque<Job>& jobs);
  void write_alone(Job& job);
  void write_records(Records records);
  void succeeded();
  std::string failed(const sqlite::Failure& failure, std::size_t records);

  Options options_;
  const Clock& clock_;
  Journal& journal_;
  std::unique_ptr<StateTables> tables_;  // the storage thread's, once it runs

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  Records records_;
  bool stopping_ = false;
  std::optional<std::string> trouble_;
  std::size_t records_lost_ =
      0;  // since it was last written well: no room in the queue, or the disk failed

  std::thread thread_;
};

}  // namespace latchkey::latchkeyd
