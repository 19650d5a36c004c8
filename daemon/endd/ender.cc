// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/ender.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/endd/members.h"
#include "daemon/endd/terminal.h"

namespace latchkey::endd {

using ipc::control::EndAnswer;
using ipc::control::EndRequest;
using ipc::control::LookAnswer;
using ipc::control::LookRequest;

namespace {

constexpr const char* kNotTheUser =
    "the session ends and not its whole user: latchkey-endd's unit has no --whole-user";
constexpr std::chrono::minutes kForgottenAfter{10};
constexpr std::size_t kSweptMost = 65'536;

std::string who(const Target& target) {
  return fmt::format("login={} service={} user={} uid={} pid={}", target.login, target.service,
                     target.person, target.uid, target.leader.pid);
}

}  // namespace

Ender::Ender(Parts parts) : parts_(std::move(parts)) {
  if (!parts_.all) parts_.all = [&checks = parts_.checks] { return checks.processes().all(); };
}

EndAnswer Ender::end(const EndRequest& request, SteadyTime now) {
  const auto target = parts_.checks.examine(request.login);
  if (!target) {
    const Refusal& refusal = target.error();
    if (refusal.outcome == Outcome::gone) parts_.checks.records().remove(request.login);
    if (refusal.outcome == Outcome::refused) {
      parts_.log.warning(
          fmt::format("refused: login={} why={}", request.login.substr(0, 32), refusal.why));
    }
    return {std::string(name(refusal.outcome)), refusal.why, 0};
  }
  const EndLimits& limits = parts_.limits;
  const std::chrono::seconds grace = std::clamp(std::chrono::seconds(request.grace_s),
                                                limits.shortest_grace, limits.longest_grace);
  const SteadyTime due = now + grace;
  const bool whole_user = request.scope == "user" && limits.whole_user;
  const std::string why = whole_user || request.scope != "user" ? "" : kNotTheUser;
  if (const auto entry = jobs_.find(request.login); entry != jobs_.end()) {
    Job& job = entry->second;
    if (job.step == Step::grace && due < job.due) {
      job.due = due;
      if (!job.session) signal(*target, job, grace, now);
    }
    job.whole_user = job.whole_user || whole_user;
    return answer(job, why, now);
  }
  if (jobs_.size() >= parts_.jobs_most) return {"refused", "too many sessions end just now", 0};
  Job job{.due = due,
          .whole_user = whole_user,
          .caller = target->caller,
          .uid = target->uid,
          .session = parts_.sessions.find(target->leader.pid, target->uid),
          .ask_at = {},
          .why_not = {}};
  // Whoever is told may leave before the time is over: what is of the session now, ends then.
  if (grace > std::chrono::seconds(0) && (!job.session || whole_user))
    signal(*target, job, grace, now, !job.session);
  const std::size_t told = tell(*target, sentence(request.cause, grace.count()), now);
  parts_.log.notice(fmt::format("told: {} cause={} scope={} grace={}s terminals={}", who(*target),
                                request.cause, whole_user ? "user" : "session", grace.count(),
                                told));
  if (!why.empty()) parts_.log.warning(fmt::format("login={} {}", request.login, why));
  return answer(jobs_.emplace(request.login, std::move(job)).first->second, why, now);
}

// Whoever asks goes on asking, and says that it is not ending, while the signals are not to be had.
EndAnswer Ender::answer(const Job& job, const std::string& why, SteadyTime now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(job.due - now);
  const std::int64_t ends_in_s =
      job.step == Step::grace ? std::max<std::int64_t>(0, left.count()) : 0;
  return {job.ask_at ? "refused" : "ending", job.ask_at ? job.why_not : why, ends_in_s};
}

// Where many are told at once, all of them share a look at the processes of the host: it finds what
// has lost its parents. What has them is looked at anew.
std::size_t Ender::tell(const Target& target, std::string_view text, SteadyTime now) {
  Members members(target.leader, target.uid, ::getpid());
  std::vector<Process> told = members.look(Census(parts_.checks.processes().family(target.leader)));
  if (!seen_ || now - seen_at_ > kSeenFor) {
    seen_.emplace(parts_.all());
    seen_at_ = now;
  }
  const std::size_t family = told.size();
  for (Process& process : members.look(*seen_)) {
    const auto known = told.begin() + static_cast<std::ptrdiff_t>(family);
    if (std::none_of(told.begin(), known,
                     [&](const Process& each) { return each.pid == process.pid; }))
      told.push_back(std::move(process));
  }
  return parts_.tell(told, target.uid, text);
}

LookAnswer Ender::look(const LookRequest& request) const {
  LookAnswer answer;
  for (const std::string& login : request.logins) {
    const auto target = parts_.checks.examine(login);
    const Outcome outcome = target ? Outcome::ending : target.error().outcome;
    if (outcome == Outcome::gone) {
      parts_.checks.records().remove(login);
      answer.gone.push_back(login);
    } else if (outcome == Outcome::ending) {
      answer.live.push_back(login);
    } else if (outcome == Outcome::refused) {
      if (answer.refused.empty()) answer.why = target.error().why;
      answer.refused.push_back(login);
    }
  }
  // Nobody asks for a login that latchkeyd has lost; its note must not lie about for ever. Of a
  // question of many pages the last, which is not full, does.
  if (request.logins.size() == ipc::control::kLooksMost) return answer;
  for (const std::string& login : parts_.checks.records().older_than(kForgottenAfter, kSweptMost)) {
    const auto target = parts_.checks.examine(login);
    if (!target && target.error().outcome == Outcome::gone) parts_.checks.records().remove(login);
  }
  return answer;
}

void Ender::tick(SteadyTime now) {
  const auto entry = std::min_element(jobs_.begin(), jobs_.end(), [](const auto& a, const auto& b) {
    return a.second.next() < b.second.next();
  });
  if (entry == jobs_.end() || entry->second.next() > now) return;
  Job& job = entry->second;
  if (job.due > now) return ask_again(entry->first, job, now);
  if (!advance(entry->first, job, now)) jobs_.erase(entry);
}

void Ender::ask_again(const std::string& login, Job& job, SteadyTime now) {
  const auto target = parts_.checks.examine(login);
  if (!target) {  // gone: the next step says so
    const bool refused = target.error().outcome == Outcome::refused;
    job.ask_at = refused ? now + kAskAgain : std::max(now + kAskAgain, job.due);
    return;
  }
  const auto left = std::chrono::ceil<std::chrono::seconds>(job.due - now);
  signal(*target, job, job.step == Step::grace ? left : std::chrono::seconds(0), now);
}

// False where the job is over.
bool Ender::advance(const std::string& login, Job& job, SteadyTime now) {
  const auto target = parts_.checks.examine(login);
  if (!target) {
    const std::string line = fmt::format("login={} {}", login, target.error().why);
    if (target.error().outcome != Outcome::refused) return close(line, job, now);
    parts_.log.error("cannot be ended: " + line);
    return false;
  }
  job.due = now + kPatience;
  switch (job.step) {
    case Step::grace:
      job.step = Step::ended;
      terminate(*target, job, now);
      return true;
    case Step::ended:
      job.step = Step::killed;
      if (job.session && parts_.sessions.find(target->leader.pid, target->uid) == job.session) {
        const auto killed = parts_.sessions.kill(*job.session);
        parts_.log.notice(fmt::format("killed: {} logind={} {}", who(*target), *job.session,
                                      killed ? "" : killed.error().detail));
      }
      return true;
    case Step::killed:
      break;
  }
  parts_.log.error(fmt::format("lives on: {} could not be ended", who(*target)));
  return false;
}

// The host process is gone. Before its time: logind keeps the session while something of it runs,
// and what else of the user was to end is there still. After it: so is what did not heed SIGTERM.
bool Ender::close(const std::string& line, Job& job, SteadyTime now) {
  job.due = now + kPatience;
  const std::string session = job.session.value_or("");
  if (job.ask_at) {
    parts_.log.error(
        fmt::format("left unwatched, what it left behind may live on: {}: {}", line, job.why_not));
  }
  if (job.step != Step::grace) {
    const auto killed = job.session ? parts_.sessions.kill(session) : ipc::Result<void>();
    const bool left = job.session && killed;
    parts_.log.notice(fmt::format("{}: {} logind={} {}", left ? "killed what was left" : "over",
                                  line, session, killed ? "" : killed.error().detail));
    return false;
  }
  job.step = Step::ended;
  if (job.whole_user && (job.session || job.caller)) {
    const auto ended = parts_.sessions.terminate_user(job.uid);
    parts_.log.notice(fmt::format("ended the user: {} uid={} {}", line, job.uid,
                                  ended ? "by logind" : ended.error().detail));
  }
  const auto ended = job.session ? parts_.sessions.terminate(session) : ipc::Result<void>();
  parts_.log.notice(fmt::format("left before its end: {} logind={} {}", line, session,
                                ended ? "" : ended.error().detail));
  return job.session.has_value();
}

void Ender::terminate(const Target& target, Job& job, SteadyTime now) {
  job.session = parts_.sessions.find(target.leader.pid, target.uid);
  job.ask_at.reset();
  // Everything of a user goes only where logind, too, says that it is this one. The signals first:
  // they need the host process, which logind ends.
  const bool whole_user = job.whole_user && (job.session || target.caller);
  if (whole_user || !job.session) signal(target, job, std::chrono::seconds(0), now, !job.session);
  if (whole_user) {
    const auto ended = parts_.sessions.terminate_user(target.uid);
    parts_.log.notice(fmt::format("ended the user: {} {}", who(target),
                                  ended ? "by logind" : ended.error().detail));
  } else if (job.whole_user) {
    parts_.log.warning(
        fmt::format("the session ends and not its whole user: logind has none of {}", who(target)));
  }
  if (!job.session) return;
  const auto ended = parts_.sessions.terminate(*job.session);
  if (ended) {
    parts_.log.notice(fmt::format("ended: {} logind={}", who(target), *job.session));
    return;
  }
  parts_.log.error(fmt::format("logind did not end: {} {}", who(target), ended.error().detail));
  signal(target, job, std::chrono::seconds(0), now);
}

// False, and why, where it was not taken. Everything of a user goes only where logind, too, says
// that it is this one, or sudo.
bool Ender::ask_for_signals(const Target& target, const Job& job, std::chrono::seconds grace,
                            SteadyTime now, std::string& why_not) {
  why_not = why_quiet_;
  if (now < quiet_until_) return false;
  const bool user = job.whole_user && (job.session || target.caller);
  const auto answer = parts_.signal({target.login, grace.count(), user ? "user" : "session"});
  quiet_ = answer ? std::chrono::seconds(0) : std::clamp(2 * quiet_, kAskAgain, kQuietMost);
  quiet_until_ = now + quiet_;
  why_quiet_ = answer ? "" : answer.error().detail;
  why_not = answer ? answer->why : answer.error().detail;
  if (!answer || answer->outcome == "refused") return false;
  const bool watched = grace > std::chrono::seconds(0);
  parts_.log.notice(fmt::format("{}: {} by signals, {} processes={} {}",
                                watched ? "watched" : "ended", who(target), answer->outcome,
                                answer->processes, answer->why));
  return true;
}

// What it does not take is said once, and once more when it is over. Where that is not needed,
// since logind ends the session, what logind does not know of the user lives on.
void Ender::signal(const Target& target, Job& job, std::chrono::seconds grace, SteadyTime now,
                   bool needed) {
  std::string why_not;
  if (ask_for_signals(target, job, grace, now, why_not)) {
    job.ask_at.reset();
    job.why_not.clear();
    return;
  }
  if (job.why_not.empty())
    parts_.log.error(fmt::format("latchkey-endd-signal: {} {}", who(target), why_not));
  job.why_not = "latchkey-endd-signal: " + why_not;
  if (needed) job.ask_at = std::max(now + kAskAgain, quiet_until_);
}

SteadyTime Ender::next() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [login, job] : jobs_) next = std::min(next, job.next());
  return next;
}

}  // namespace latchkey::endd
