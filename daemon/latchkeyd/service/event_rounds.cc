// SPDX-License-Identifier: Apache-2.0
//
// One round of a source of security events: what the disk did not take before, the poll, the
// tokens that it brought, and the disk again. What is told to the transmitter goes with the next
// poll, and counts as told when that was answered.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "core/issuer/freshness.h"
#include "core/jose/sha256.h"
#include "daemon/latchkeyd/service/event_keeper_source.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::latchkeyd {

using revocation::ItemFault;
using revocation::SecurityEvent;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kPause{1'000};  // after the first failure; then doubled
constexpr milliseconds kPauseMost{60'000};
constexpr seconds kHeld{1};                // a poll that took so long was held
constexpr std::size_t kIdsMost = 4'096;    // of events of which nothing counts any more
constexpr std::size_t kLinesMost = 4'096;  // on disk beyond twice of what is needed
// Of what is told in one poll; six bytes are the most that one becomes in JSON.
constexpr std::size_t kToldBytes = ipc::fetch::kPollMost / 3;
constexpr std::size_t kEscaped = 6;
constexpr std::size_t kAround = 128;

bool counts(const StoredEvent& event, WallTime now) {
  return std::any_of(event.entries.begin(), event.entries.end(),
                     [&](const auto& each) { return !each.end || *each.end > now; });
}

}  // namespace

void EventKeeper::ask(const SourcePtr& source) {
  source->busy = true;
  ++source->number;
  source->round = {};
  // The disk may be back, and the transmitter need not serve again what is in force already.
  if (!source->unsure.empty()) return keep(source);
  poll(source);
}

void EventKeeper::poll(const SourcePtr& source) {
  Source& s = *source;
  s.round.asked_at = parts_.clock.wall();
  s.round.began = parts_.clock.steady();
  s.attempted_at = s.round.asked_at;
  s.round.waits = s.config.long_poll > seconds(0) && !s.at_once && s.refusals.empty();
  parts_.poller.poll_events(
      {.source = s.name(),
       .digest = s.config.digest,
       .text = poll_text(s, s.round.waits),
       .timeout = s.config.fetch_timeout,
       .wait = s.round.waits ? std::optional(s.config.long_poll) : std::nullopt},
      [this, weak = std::weak_ptr(source), number = s.number](const FetchResult& result) {
        in_round(weak, number, [&](const SourcePtr& owner) { answered(owner, result); });
      });
}

std::string EventKeeper::poll_text(Source& source, bool wait) const {
  std::vector<std::string> acks;
  std::vector<revocation::RefusedSet> refusals;
  std::size_t bytes = 0;
  for (const std::string& id : source.acks) {
    bytes += kEscaped * id.size() + kAround;
    if (!acks.empty() && bytes > kToldBytes) break;
    acks.push_back(id);
  }
  bytes = 0;
  for (const revocation::RefusedSet& each : source.refusals) {
    bytes += kEscaped * (each.id.size() + each.description.size()) + kAround;
    if (!refusals.empty() && bytes > kToldBytes) break;
    refusals.push_back(each);
  }
  source.acks_told = acks.size();
  source.refusals_told = refusals.size();
  // Where answers fail, perhaps because they are too large, fewer are asked for.
  const auto most = source.config.max_events >> std::min(source.failures, 8U);
  return revocation::write_poll_request(
      {.sets_most = static_cast<std::uint32_t>(std::max<std::size_t>(most, 1)),
       .return_immediately = !wait,
       .acknowledged = acks,
       .refused = refusals});
}

void EventKeeper::answered(const SourcePtr& source, const FetchResult& result) {
  if (result.status == FetchResult::Status::ok) {
    answer_came(source, result.body);
  } else {
    no_answer(source, result);
  }
  if (!source->busy && parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

void EventKeeper::no_answer(const SourcePtr& source, const FetchResult& result) {
  // It was held for longer than it may be. Whether the transmitter is there, the next one shows.
  if (result.status == FetchResult::Status::not_modified && source->round.waits) {
    source->at_once = true;
    return ask(source);
  }
  if (result.status == FetchResult::Status::reload) {
    const std::string digest = source->config.digest;
    parts_.hooks.reload();
    if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) return;
    if (source->config.digest != digest) return;  // adopt() has it asked for at once
  }
  failed(*source, result.error, result.retry_after);
}

void EventKeeper::answer_came(const SourcePtr& source, std::string_view body) {
  Source& s = *source;
  const auto answer = revocation::read_poll_answer(body, *reader_);
  if (!answer)
    return failed(
        s,
        fmt::format("the answer: {}: {}", revocation::item_fault_name(answer.error().fault),
                    answer.error().detail),
        std::nullopt);
  s.acks.erase(s.acks.begin(), s.acks.begin() + static_cast<std::ptrdiff_t>(s.acks_told));
  s.refusals.erase(s.refusals.begin(),
                   s.refusals.begin() + static_cast<std::ptrdiff_t>(s.refusals_told));
  s.at_once = false;
  s.round.polled = true;
  s.round.more = answer->more_available;
  // Who answered late answers of now: there was nothing until then.
  if (s.round.waits) s.round.asked_at = parts_.clock.wall();
  for (const revocation::PolledSet& set : answer->sets)
    s.round.sets.push_back({std::string(set.id), std::string(set.token)});
  judge(source);
}

// Everything that was heeded is on disk.
void EventKeeper::settle(const SourcePtr& source) {
  Source& s = *source;
  for (std::string& id : std::exchange(s.round.to_ack, {})) {
    if (std::find(s.acks.begin(), s.acks.end(), id) == s.acks.end())
      s.acks.push_back(std::move(id));
  }
  if (!s.round.sets.empty()) return ask_for_keys(source);
  if (!s.round.polled) return poll(source);
  finish(source);
}

void EventKeeper::finish(const SourcePtr& source) {
  Source& s = *source;
  // What may still lie there is not known.
  if (!LATCHKEY_FAILS(events_unsettled, !s.round.settled || s.round.more)) {
    s.waiting.reset();
    date(s, s.round.asked_at);
  } else if (s.full) {
    s.waiting = fmt::format("there are {} events already; further ones wait", kHeldMost);
  }
  note_state(s);
  if (std::exchange(s.changed, false)) parts_.hooks.publish([] {});
  const auto& known = s.feed.known;
  if (known && (!s.said_at || known->issued_at - *s.said_at >= s.config.max_age / 4))
    return keep(source);
  if (s.trouble)
    parts_.journal.log(LogLevel::notice, "security events can be asked for again",
                       {{"source", s.name()}});
  s.trouble.reset();
  s.failures = 0;
  s.next_ask = next_poll(s);
  s.busy = false;
  if (s.next_ask <= parts_.clock.steady()) return ask(source);
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

SteadyTime EventKeeper::next_poll(const Source& source) const {
  const SteadyTime now = parts_.clock.steady();
  // There is more, or something to be told.
  if (source.round.news || (source.round.more && source.round.settled)) return now;
  const milliseconds interval = source.config.poll_interval;
  if (source.config.long_poll > seconds(0)) {
    // One that should have been held and was not is no reason to spin.
    const bool held = !source.round.waits || now - source.round.began >= kHeld;
    return held && source.round.settled ? now : source.round.began + interval;
  }
  const auto eighth = static_cast<std::uint32_t>(interval.count() / 8);
  return now + interval - milliseconds(eighth == 0 ? 0 : parts_.hooks.random() % eighth);
}

// What the file would hold if it were written now. An event is needed while an entry of it counts;
// of the others the ids that came last are known for some time.
EventRecord EventKeeper::whole(Source& source) const {
  const WallTime now = parts_.clock.wall();
  std::size_t over = static_cast<std::size_t>(
      std::count_if(source.held.begin(), source.held.end(),
                    [&](const StoredEvent& event) { return !counts(event, now); }));
  std::erase_if(source.held, [&](const StoredEvent& event) {
    if (counts(event, now)) return false;
    if (over-- <= kIdsMost) return false;
    source.known.erase(event.id);
    return true;
  });
  EventRecord record;
  record.events = source.held;
  record.events.insert(record.events.end(), source.unsure.begin(), source.unsure.end());
  if (is_incomplete(source)) record.lost_at = source.lost_at;
  return record;
}

void EventKeeper::keep(const SourcePtr& source) {
  Source& s = *source;
  s.lines += s.unsure.size() + 1;
  const bool anew = !s.stored || s.lines > 2 * s.held.size() + kLinesMost;
  EventRecord record;
  if (anew) {
    record = whole(s);
    s.lines = record.events.size() + 2;
  } else {
    record.events = s.unsure;
  }
  if (s.feed.known) record.said_at = s.feed.known->issued_at;
  parts_.disk.post([this, weak = std::weak_ptr(source), number = s.number, anew, file = s.file,
                    record = std::move(record), &store = parts_.store, control = &parts_.control] {
    auto result = anew ? store.rewrite(file, record) : store.append(file, record);
    control->post([this, weak, number, said_at = record.said_at, result = std::move(result)] {
      in_round(weak, number, [&](const SourcePtr& owner) {
        if (result) owner->said_at = said_at;
        kept(owner, result);
      });
    });
  });
}

void EventKeeper::kept(const SourcePtr& source, const EventStore::Result<void>& result) {
  Source& s = *source;
  s.stored = result.has_value();  // else all of it is written the next time
  if (LATCHKEY_FAILS(events_unstored, !result)) {
    failed(s, "storage: " + result.error(), std::nullopt);
    if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
    return;
  }
  std::move(s.unsure.begin(), s.unsure.end(), std::back_inserter(s.held));
  s.unsure.clear();
  settle(source);
}

void EventKeeper::failed(Source& source, std::string why, std::optional<seconds> retry_after) {
  milliseconds pause = std::min(kPause * (1 << std::min(source.failures++, 10U)), kPauseMost);
  // A quarter of it at random, so that a fleet does not come back at once.
  pause += milliseconds(parts_.hooks.random() % static_cast<std::uint32_t>(pause.count() / 4));
  // Nobody can have us wait until what we know is stale.
  if (retry_after)
    pause = std::max<milliseconds>(pause,
                                   std::min<milliseconds>(*retry_after, source.config.max_age / 4));
  source.busy = false;
  source.at_once = true;
  source.next_ask = parts_.clock.steady() + pause;
  if (source.trouble != why)
    parts_.journal.log(LogLevel::warning,
                       "security events cannot be asked for; what was heard stays at work",
                       {{"source", source.name()},
                        {"error", why},
                        {"retry_ms", fmt::format("{}", pause.count())}});
  source.trouble = std::move(why);
}

}  // namespace latchkey::latchkeyd
