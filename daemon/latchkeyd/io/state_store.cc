// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_store.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace latchkey::latchkeyd {
namespace {

// How long a burst of logins is gathered; short against the time in which a process could be killed
// unnoticed.
constexpr std::chrono::milliseconds kGather{5};

constexpr std::string_view kCannotWrite = "the state store cannot be written";

Error cannot_write(std::string why) { return Error{Reason::state_unavailable, std::move(why)}; }

}  // namespace

SqliteStateStore::SqliteStateStore(Options options, const Clock& clock, Journal& journal)
    : options_(std::move(options)), clock_(clock), journal_(journal) {}

SqliteStateStore::~SqliteStateStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Expected<StoredState> SqliteStateStore::load() {
  LATCHKEY_TRY(auto tables, StateTables::open(options_.directory));
  LATCHKEY_TRY(auto state, tables.load(options_.boot_id));
  if (options_.growth_pages_most) {
    if (auto limited = tables.limit_growth(*options_.growth_pages_most); !limited) {
      return tl::unexpected(cannot_write(limited.error().message));
    }
  }
  tables_ = std::make_unique<StateTables>(std::move(tables));
  thread_ = std::thread([this] { run(); });
  return state;
}

void SqliteStateStore::enqueue(Job job) {
  std::unique_lock lock(mutex_);
  if (jobs_.size() >= options_.queue_most) {
    lock.unlock();
    job.reply(tl::unexpected(
        cannot_write("the state store is behind: too many changes wait for the disk")));
    return;
  }
  jobs_.push_back(std::move(job));
  lock.unlock();
  wake_.notify_one();
}

void SqliteStateStore::bind(NewBinding binding, Executor& reply_to, Done done) {
  enqueue({[this, binding = std::move(binding)](StateTables& tables) {
             return tables.bind(binding, clock_.wall());
           },
           [&reply_to, done = std::move(done)](Expected<std::int64_t> result) {
             reply_to.post([done, result = std::move(result)] {
               done(result ? Expected<void>() : tl::unexpected(result.error()));
             });
           }});
}

namespace {

// Completions whose caller asks whether there was such an entry.
std::function<void(Expected<std::int64_t>)> found_reply(Executor& reply_to,
                                                        StateStore::DoneFound done) {
  return [&reply_to, done = std::move(done)](Expected<std::int64_t> result) {
    reply_to.post([done, result = std::move(result)] {
      done(result ? Expected<bool>(*result > 0) : Expected<bool>(tl::unexpected(result.error())));
    });
  };
}

}  // namespace

void SqliteStateStore::remove_binding(std::string user, Executor& reply_to, DoneFound done) {
  enqueue({[user = std::move(user)](StateTables& tables) { return tables.remove_binding(user); },
           found_reply(reply_to, std::move(done))});
  // The analyzer loses sight of what a std::function owns.
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

void SqliteStateStore::add_revocations(std::vector<revocation::Revocation> revocations,
                                       Executor& reply_to, DoneIds done) {
  auto ids = std::make_shared<std::vector<std::int64_t>>();
  enqueue({[revocations = std::move(revocations), ids](StateTables& tables) -> StateOutcome {
             ids->clear();
             for (const revocation::Revocation& each : revocations) {
               LATCHKEY_TRY(const auto id, tables.add_revocation(each));
               if (!id) return id;
               ids->push_back(*id);
             }
             return 0;
           },
           [&reply_to, ids, done = std::move(done)](const Expected<std::int64_t>& result) {
             Expected<std::vector<std::int64_t>> all =
                 result ? Expected<std::vector<std::int64_t>>(std::move(*ids))
                        : tl::unexpected(result.error());
             reply_to.post([done, all = std::move(all)] { done(all); });
           }});
}

void SqliteStateStore::list_revocations(RevocationPage page, Executor& reply_to, DoneListed done) {
  auto rows = std::make_shared<std::vector<revocation::Revocation>>();
  enqueue({[page, rows](StateTables& tables) -> StateOutcome {
             LATCHKEY_TRY(*rows, tables.list_revocations(page));
             return 0;
           },
           [&reply_to, rows, done = std::move(done)](const Expected<std::int64_t>& result) {
             Expected<std::vector<revocation::Revocation>> all =
                 result ? Expected<std::vector<revocation::Revocation>>(std::move(*rows))
                        : tl::unexpected(result.error());
             reply_to.post([done, all = std::move(all)] { done(all); });
           }});
}

void SqliteStateStore::forget_revocations(WallTime ended, Executor& reply_to, DoneCount done) {
  enqueue(
      {[ended](StateTables& tables) { return tables.forget_revocations(ended, kForgottenAtOnce); },
       [&reply_to, done = std::move(done)](Expected<std::int64_t> result) {
         reply_to.post([done, result = std::move(result)] { done(result); });
       }});
}

void SqliteStateStore::remove_revocation(std::int64_t id, Executor& reply_to, DoneFound done) {
  enqueue({[id](StateTables& tables) { return tables.remove_revocation(id); },
           found_reply(reply_to, std::move(done))});
  // The analyzer loses sight of what a std::function owns.
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

void SqliteStateStore::put_login(std::shared_ptr<const Login> login) {
  const std::unique_lock lock(mutex_);
  if (!has_room(records_.logins)) return;
  std::string id = login->id;
  records_.logins.insert_or_assign(std::move(id), std::move(login));
  wake_for_record();
}

void SqliteStateStore::close_login(std::string id, WallTime /*at*/) {
  const std::unique_lock lock(mutex_);
  const auto pending = records_.logins.find(id);
  if (pending != records_.logins.end()) {
    if (pending->second && pending->second->place) {
      pending->second = nullptr;  // what is put anew with its session was put before
    } else if (pending->second) {
      records_.logins.erase(pending);  // put and closed before it was written: the disk never hears
    }
    return;
  }
  if (!has_room(records_.logins)) return;
  records_.logins.emplace(std::move(id), nullptr);
  wake_for_record();
}

void SqliteStateStore::put_last_seen(std::string user, LastSeen seen) {
  const std::unique_lock lock(mutex_);
  if (!records_.last_seen.contains(user) && !has_room(records_.last_seen)) return;
  records_.last_seen.insert_or_assign(std::move(user), std::move(seen));
  wake_for_record();
}

// Under the lock; what does not fit is counted.
template <typename Queue>
bool SqliteStateStore::has_room(const Queue& queue) {
  if (queue.size() < options_.queue_most) return true;
  ++records_lost_;
  return false;
}

// Only the first record of a batch finds the thread asleep; to wake it for each of the others costs
// a login more than its record does.
void SqliteStateStore::wake_for_record() {
  if (records_.size() == 1) wake_.notify_one();
}

void SqliteStateStore::drain(Executor& reply_to, std::function<void()> done) {
  // Jobs are written after the records that were there before them, so an empty job that comes last
  // is enough.
  enqueue({[](StateTables& /*tables*/) -> StateOutcome { return 0; },
           [&reply_to, done = std::move(done)](const Expected<std::int64_t>& /*result*/) {
             reply_to.post(done);
           }});
}

std::optional<std::string> SqliteStateStore::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void SqliteStateStore::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !jobs_.empty() || records_.size() > 0; });
    if (jobs_.empty()) wake_.wait_for(lock, kGather, [&] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty() && records_.size() == 0) {
      if (stopping_) return;
      continue;  // all were closed while we gathered
    }
    std::deque<Job> jobs = std::exchange(jobs_, {});
    Records records = std::exchange(records_, {});
    lock.unlock();
    if (records.size() > 0) write_records(std::move(records));
    if (!jobs.empty()) write_jobs(std::move(jobs));
    lock.lock();
  }
}

void SqliteStateStore::write_jobs(std::deque<Job> jobs) {
  if (write_together(jobs)) return;
  // One of them may be the one that the disk has no room for; the others must not pay for it.
  for (Job& job : jobs) write_alone(job);
}

bool SqliteStateStore::write_together(std::deque<Job>& jobs) {
  if (jobs.size() == 1) return false;
  std::vector<Expected<std::int64_t>> results;
  if (!tables_->begin(true)) return false;
  for (Job& job : jobs) {
    auto outcome = job.work(*tables_);
    if (!outcome) {
      tables_->rollback();
      return false;
    }
    results.push_back(*std::move(outcome));
  }
  if (!tables_->commit()) {
    tables_->rollback();
    return false;
  }
  succeeded();
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].reply(std::move(results[i]));
  return true;
}

void SqliteStateStore::write_alone(Job& job) {
  const auto attempt = [&]() -> StateOutcome {
    LATCHKEY_TRY_VOID(tables_->begin(true));
    auto outcome = job.work(*tables_);
    if (!outcome) return outcome;
    LATCHKEY_TRY_VOID(tables_->commit());
    return outcome;
  };
  auto outcome = attempt();
  if (outcome) {
    succeeded();
    job.reply(*std::move(outcome));
    return;
  }
  tables_->rollback();
  job.reply(tl::unexpected(cannot_write(failed(outcome.error(), 0))));
}

void SqliteStateStore::write_records(Records records) {
  const auto attempt = [&]() -> sqlite::Result<void> {
    LATCHKEY_TRY_VOID(tables_->begin(false));
    for (const auto& [id, login] : records.logins) {
      LATCHKEY_TRY_VOID(login ? tables_->put_login(*login) : tables_->close_login(id));
    }
    for (const auto& [user, seen] : records.last_seen)
      LATCHKEY_TRY_VOID(tables_->put_last_seen(user, seen));
    return tables_->commit();
  };
  const auto written = attempt();
  if (written) {
    succeeded();
    return;
  }
  tables_->rollback();
  failed(written.error(), records.size());
}

void SqliteStateStore::succeeded() {
  std::size_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!trouble_ && records_lost_ == 0) return;
    trouble_.reset();
    lost = std::exchange(records_lost_, 0);
  }
  journal_.log(LogLevel::notice, "the state store can be written again",
               {{"login_records_lost", fmt::format("{}", lost)}});
}

std::string SqliteStateStore::failed(const sqlite::Failure& failure, std::size_t records) {
  std::string why = fmt::format("{}: {}", kCannotWrite, failure.message);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !trouble_;
    trouble_ = why;
    records_lost_ += records;
  }
  // Once, not once a login: the state stands in `status` while it lasts, and the end of it is
  // journaled with the losses.
  if (first) {
    journal_.log(
        LogLevel::error,
        "the state store cannot be written; logins go on from memory, bindings and commands fail",
        {{"error", failure.message}});
  }
  return why;
}

}  // namespace latchkey::latchkeyd
