// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/session_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/service/session_hits.h"

namespace latchkey::latchkeyd {

using std::chrono::seconds;
using Outcome = SessionEnder::Outcome;

namespace {

constexpr seconds kLookEvery{60};
constexpr seconds kLookAgain{5};     // where nobody answered
constexpr seconds kExpiryEvery{10};  // a login of a moment ago is not known beforehand
constexpr seconds kFollow{1};        // between two looks at what should be ending
constexpr seconds kAskAgain{20};     // after the grace time: endd has tried all it can by then
constexpr seconds kBackoffMost{30};
constexpr seconds kNoteBy{60};  // so long after it was opened the note must be there

// What the entry of the revocation names. A token's id stays out of the journal like the rest of a
// token; `latchkeyctl sessions` has it by the login's id.
std::string entry_of(const Hit& hit) {
  const claims::ClaimsRecord& claims = hit.login->claims;
  switch (hit.reason) {
    case Reason::revoked_token:
      return "token";
    case Reason::revoked_session:
      return "sid=" + claims.session;
    case Reason::revoked_key:
      return "key=" + claims.key_id;
    case Reason::revoked_subject:
      return "sub=" + claims.subject;
    case Reason::status_revoked:
    case Reason::status_suspended:
      return claims.status_uri;
    default:
      return "user=" + hit.user;
  }
}

// Who revoked it, as logs and `status` call them.
std::string source_of(const Hit& hit, const Snapshot& snapshot) {
  if (hit.reason == Reason::status_revoked || hit.reason == Reason::status_suspended)
    return "status list";
  const revocation::RevocationSet& revocations = *snapshot.revocations;
  const std::string named =
      hit.reason == Reason::revoked_user
          ? revocations.revoked_by(hit.user)
          : revocations.revoked_by(*claims::ValidatedClaims::recall(hit.login->claims));
  return named.empty() ? "this host" : named;
}

}  // namespace

void SessionKeeper::revocations_changed() {
  const Snapshot& snapshot = parts_.snapshot();
  judge(snapshot);
  if (parts_.rescheduled) parts_.rescheduled();
}

void SessionKeeper::judge(const Snapshot& snapshot) {
  for (Hit& hit : hits(snapshot, parts_.logins.all())) {
    if (endings_.contains(hit.login->id)) continue;
    const std::string entry = entry_of(hit);
    const std::string source = source_of(hit, snapshot);
    begin(std::move(hit.login), "revoked", row(hit.reason).code, entry, source);
  }
}

void SessionKeeper::begin(std::shared_ptr<const Login> login, std::string cause,
                          std::string_view reason, std::string_view entry,
                          std::string_view source) {
  const auto [found, fresh] = endings_.try_emplace(login->id);
  if (!fresh) return;
  const std::string pid = std::to_string(login->place ? login->place->pid : 0);
  const std::string grace = fmt::format("{}", parts_.snapshot().config->sessions.grace.count());
  parts_.journal.log(LogLevel::notice, "a session is to end",
                     {{"login", login->id},
                      {"cause", cause},
                      {"reason", reason},
                      {"entry", entry},
                      {"source", source},
                      {"user", login->user},
                      {"service", login->service},
                      {"issuer", login->claims.issuer},
                      {"subject", login->claims.subject},
                      {"rhost", login->rhost},
                      {"pid", pid},
                      {"grace_s", grace}});
  found->second.cause = std::move(cause);
  found->second.login = std::move(login);
  found->second.due = parts_.clock.steady();
  ask(found->second);
}

void SessionKeeper::ask(Ending& ending, std::function<void(SessionEnder::Answer)> then) {
  if (std::exchange(ending.asked, true)) return;
  const config::SessionsConfig& config = parts_.snapshot().config->sessions;
  parts_.ender.end({.login = ending.login->id,
                    .grace = config.grace,
                    .cause = ending.cause,
                    // Others may be there by the same name.
                    .whole_user = config.terminate == config::SessionsConfig::Terminate::user &&
                                  !as_shared_account(*ending.login) &&
                                  !parts_.snapshot().config->shares(ending.login->user)},
                   [this, alive = std::weak_ptr(alive_), login = ending.login,
                    then = std::move(then)](SessionEnder::Answer answer) {
                     if (alive.expired()) return;
                     if (answer.outcome == Outcome::unknown && is_over(*login))
                       answer = {.outcome = Outcome::gone};
                     answered(login->id, answer);
                     if (then) then(answer);
                   });
}

void SessionKeeper::answered(const std::string& id, const SessionEnder::Answer& answer) {
  if (answer.outcome == Outcome::unreachable) {
    unreachable(answer.why);
  } else {
    reachable();
  }
  const auto found = endings_.find(id);
  if (found == endings_.end()) return;
  Ending& ending = found->second;
  ending.asked = false;
  const SteadyTime now = parts_.clock.steady();
  bool first = false;
  if (answer.outcome == Outcome::gone) {  // of what could not be ended before it is still said
    forget(*ending.login);
    ending.due = now;
  } else if (answer.outcome == Outcome::ending) {
    ending.failed = false;
    ending.backoff = seconds(1);
    ending.due = now + answer.ends_in + kFollow;
    ending.ask_after = now + answer.ends_in + kAskAgain;
  } else {
    first = !std::exchange(ending.failed, true);
    ending.due = ending.ask_after = now + ending.backoff;
    ending.backoff = std::min(2 * ending.backoff, kBackoffMost);
  }
  if (answer.outcome == Outcome::ending && !answer.why.empty() &&
      !std::exchange(ending.warned, true)) {
    parts_.journal.log(LogLevel::warning, "a session ends otherwise than is configured",
                       {{"login", id}, {"user", ending.login->user}, {"why", answer.why}});
  }
  if (first) {
    parts_.journal.log(LogLevel::error, "a session that is to end cannot be ended yet",
                       {{"login", id},
                        {"user", ending.login->user},
                        {"service", ending.login->service},
                        {"why", answer.why}});
  }
  next_tick_ = std::min(next_tick_, ending.due);
  if (parts_.rescheduled) parts_.rescheduled();
}

void SessionKeeper::end(const std::string& login,
                        std::function<void(std::optional<SessionEnder::Answer>)> done) {
  const auto all = parts_.logins.all();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) {
    return each->id == login && each->place.has_value();
  });
  if (found == all.end()) return done(std::nullopt);
  const std::string pid = std::to_string((*found)->place ? (*found)->place->pid : 0);
  parts_.journal.log(LogLevel::notice, "a session is to end",
                     {{"login", login},
                      {"cause", "administrator"},
                      {"user", (*found)->user},
                      {"service", (*found)->service},
                      {"pid", pid}});
  Ending& ending = endings_.try_emplace(login).first->second;
  if (ending.cause.empty()) ending.cause = "administrator";
  ending.login = *found;
  if (ending.asked) return done(SessionEnder::Answer{Outcome::ending, {}, {}});
  ask(ending, [done = std::move(done)](const SessionEnder::Answer& answer) { done(answer); });
}

void SessionKeeper::tick() {
  const SteadyTime now = parts_.clock.steady();
  if (!std::exchange(began_, true)) revocations_changed();  // what came while we were away
  next_tick_ = now + kLookEvery;
  follow(now);
  expire(now);
  if (!looking_ && now >= next_look_) {
    // Once more for what was placed while the revocations changed.
    judge(parts_.snapshot());
    look(now);
  }
  if (!looking_) next_tick_ = std::min(next_tick_, next_look_);
}

// What was asked for: gone, or to be asked for again.
void SessionKeeper::follow(SteadyTime now) {
  for (auto entry = endings_.begin(); entry != endings_.end();) {
    Ending& ending = entry->second;
    if (!ending.asked && ending.due <= now) {
      if (parts_.logins.find(entry->first, ending.login->user) == nullptr) {
        ended(ending);
        entry = endings_.erase(entry);
        continue;
      }
      ending.due = now + kFollow;
      if (ending.ask_after <= now) {
        if (!ending.failed) lives_on(ending);
        ask(ending);
      }
    }
    if (!ending.asked) next_tick_ = std::min(next_tick_, ending.due);
    ++entry;
  }
}

void SessionKeeper::ended(const Ending& ending) {
  const Login& login = *ending.login;
  if (ending.failed) {
    parts_.journal.log(
        LogLevel::error,
        "a session was closed that nobody could end: what it left behind may live on",
        {{"login", login.id}, {"user", login.user}, {"service", login.service}});
  }
  parts_.journal.log(LogLevel::notice, "a session has ended",
                     {{"login", login.id},
                      {"cause", ending.cause},
                      {"user", login.user},
                      {"service", login.service}});
}

// Whoever was to end it had all the time that it takes. It counts as not ended until it has.
void SessionKeeper::lives_on(Ending& ending) {
  if (std::exchange(ending.late, true)) return;
  const Login& login = *ending.login;
  parts_.journal.log(LogLevel::error, "a session that is to end lives on: it is asked for again",
                     {{"login", login.id}, {"user", login.user}, {"service", login.service}});
}

void SessionKeeper::expire(SteadyTime now) {
  const config::Config& config = *parts_.snapshot().config;
  const bool any = std::any_of(config.access.begin(), config.access.end(),
                               [](const auto& rule) { return rule.end_session_at_expiry; });
  if (!any) return;
  next_tick_ = std::min(next_tick_, now + kExpiryEvery);
  const WallTime wall = parts_.clock.wall();
  for (auto& login : parts_.logins.all()) {
    const auto at = ends_at(*login, config);
    if (!at) continue;
    if (*at <= wall) {
      begin(std::move(login), "expired", row(Reason::token_expired).code, {}, "rule");
    } else {
      next_tick_ = std::min(next_tick_, now + (*at - wall));
    }
  }
}

void SessionKeeper::look(SteadyTime now) {
  auto asked = parts_.logins.all();
  std::erase_if(asked, [](const auto& login) { return !login->place; });
  std::vector<std::string> ids;
  ids.reserve(asked.size());
  for (const auto& login : asked) ids.push_back(login->id);
  looking_ = true;
  next_look_ = now + kLookEvery;
  parts_.ender.look(std::move(ids), [this, alive = std::weak_ptr(alive_),
                                     asked = std::move(asked)](const auto& seen) {
    if (!alive.expired()) looked(asked, seen);
  });
}

void SessionKeeper::looked(const std::vector<std::shared_ptr<const Login>>& asked,
                           const tl::expected<SessionEnder::Seen, std::string>& seen) {
  looking_ = false;
  if (!seen) {
    unreachable(seen.error());
    next_look_ = parts_.clock.steady() + kLookAgain;
  } else {
    reachable();
    sort_out(asked, *seen);
  }
  next_tick_ = std::min(next_tick_, next_look_);
  if (parts_.rescheduled) parts_.rescheduled();
}

// A login is forgotten where its process is gone, and where a note that was there is no more: it
// was closed, and we did not hear of it. Where a check fails the session may live.
void SessionKeeper::sort_out(const std::vector<std::shared_ptr<const Login>>& asked,
                             const SessionEnder::Seen& seen) {
  const std::set<std::string_view> live(seen.live.begin(), seen.live.end());
  const std::set<std::string_view> gone(seen.gone.begin(), seen.gone.end());
  const std::set<std::string_view> refused(seen.refused.begin(), seen.refused.end());
  const WallTime wall = parts_.clock.wall();
  Ids noted;
  Ids refused_now;
  no_note_.clear();
  for (const auto& login : asked) {
    const bool doubtful = refused.contains(login->id);
    const bool there = doubtful || live.contains(login->id);
    if (there) noted.insert(login->id);
    if (doubtful) refused_now.insert(login->id);
    if (doubtful && !refused_.contains(login->id)) {
      parts_.journal.log(LogLevel::error, "a session cannot be ended: latchkey-endd refuses it",
                         {{"login", login->id},
                          {"user", login->user},
                          {"service", login->service},
                          {"why", seen.why}});
    }
    if (gone.contains(login->id) || (!there && (noted_.contains(login->id) || is_over(*login)))) {
      forget(*login);
    } else if (!there && login->place && wall - login->place->opened_at > kNoteBy) {
      no_note_.insert(login->id);
    }
  }
  noted_ = std::move(noted);
  refused_ = std::move(refused_now);
  why_refused_ = seen.why;
}

// Of one without a note: it was closed while this daemon was down, or before it ever asked for the
// note. A pid that is another process's by now keeps it until that one ends, too.
bool SessionKeeper::is_over(const Login& login) const {
  return login.place && !parts_.process_exists(login.place->pid);
}

void SessionKeeper::forget(const Login& login) {
  no_note_.erase(login.id);
  refused_.erase(login.id);
  if (!parts_.logins.close(login.id, login.user)) return;
  parts_.store.close_login(login.id, parts_.clock.wall());
  parts_.journal.log(LogLevel::info, "the process of a session ended without a word",
                     {{"login", login.id}, {"user", login.user}, {"service", login.service}});
}

// Said once, and again when it is over; `status` shows it meanwhile.
void SessionKeeper::unreachable(const std::string& why) {
  if (!std::exchange(unreachable_, why)) {
    parts_.journal.log(LogLevel::error,
                       "latchkey-endd does not answer: sessions that are to end live on",
                       {{"error", why}});
  }
}

void SessionKeeper::reachable() {
  if (!std::exchange(unreachable_, std::nullopt)) return;
  parts_.journal.log(LogLevel::notice, "latchkey-endd answers again");
}

std::vector<SessionKeeper::Session> SessionKeeper::sessions() const {
  std::vector<Session> all;
  for (auto& login : parts_.logins.all()) {
    if (!login->place) continue;
    const auto ending = endings_.find(login->id);
    const State state = ending != endings_.end()
                            ? (ending->second.is_ending() ? State::ending : State::not_ended)
                        : no_note_.contains(login->id) ? State::no_note
                        : refused_.contains(login->id) ? State::refused
                                                       : State::open;
    all.push_back({std::move(login), state});
  }
  std::sort(all.begin(), all.end(),
            [](const Session& a, const Session& b) { return a.login->id < b.login->id; });
  return all;
}

std::optional<std::string> SessionKeeper::trouble() const {
  const auto waiting = std::count_if(endings_.begin(), endings_.end(),
                                     [](const auto& entry) { return !entry.second.is_ending(); });
  std::string text;
  const auto add = [&](std::string_view more) {
    text += (text.empty() ? "" : "; ") + std::string(more);
  };
  const auto sessions = [](std::size_t count) {
    return count == 1 ? std::string("1 session") : fmt::format("{} sessions", count);
  };
  if (unreachable_) add("latchkey-endd does not answer (" + *unreachable_ + ")");
  if (waiting > 0)
    add(sessions(static_cast<std::size_t>(waiting)) + " that should have ended live on");
  if (!no_note_.empty())
    add(sessions(no_note_.size()) + " cannot be ended: there is no note of them");
  if (!refused_.empty()) add(sessions(refused_.size()) + " cannot be ended: " + why_refused_);
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace latchkey::latchkeyd
