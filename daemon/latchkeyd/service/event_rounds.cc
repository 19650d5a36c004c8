// SPDX-License-Identifier: Apache-2.0
//
// One round of a source of security events: the poll, the tokens that it brought, and the disk,
// with what that did not take before. What is told to the transmitter goes with the next poll, and
// counts as told when that was answered.
//
// A transmitter has as much of our memory and time as we ask for: no more tokens are looked at than
// that, none are asked for while what has to be told fills a poll, and one that says that there is
// more and brings nothing new is asked in growing pauses.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/event_keeper_source.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::latchkeyd {

namespace poll_limits = revocation::poll_limits;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kPause{1'000};  // after the first failure; then doubled
constexpr milliseconds kPauseMost{60'000};
constexpr seconds kHeld{1};                // a poll that took so long was held
constexpr std::size_t kLinesMost = 4'096;  // on disk beyond twice of what is needed
// Of what is told in one poll; six bytes are the most that one becomes in JSON.
constexpr std::size_t kToldBytes = ipc::fetch::kPollMost / 3;
constexpr std::size_t kEscaped = 6;
constexpr std::size_t kAround = 128;

}  // namespace

void EventKeeper::ask(const SourcePtr& source) {
  source->busy = true;
  ++source->number;
  source->round = {};
  read_again(*source);
  poll(source);
}

void EventKeeper::poll(const SourcePtr& source) {
  Source& s = *source;
  s.round.asked_at = parts_.clock.wall();
  s.round.began = parts_.clock.steady();
  s.attempted_at = s.round.asked_at;
  std::string text = poll_text(s);
  parts_.poller.poll_events(
      {.source = s.name(),
       .digest = s.config.digest,
       .text = std::move(text),
       .timeout = s.config.fetch_timeout,
       .wait = s.round.waits ? std::optional(s.config.long_poll) : std::nullopt},
      [this, weak = std::weak_ptr(source), number = s.number](const FetchResult& result) {
        in_round(weak, number, [&](const SourcePtr& owner) { answered(owner, result); });
      });
}

std::string EventKeeper::poll_text(Source& source) const {
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
  // Beside what comes again each time, since it cannot be acknowledged yet. Where answers fail,
  // perhaps because they are too large, fewer are asked for.
  const auto most =
      std::min(source.config.max_events + source.unsure.size() + source.strangers.size(),
               poll_limits::kSets);
  auto& round = source.round;
  round.asked = std::max<std::size_t>(most >> std::min(source.unanswered, 8U), 1);
  const bool untold = acks.size() < source.acks.size() || refusals.size() < source.refusals.size();
  if (LATCHKEY_FAILS(events_told_first, untold)) round.asked = 0;
  round.waits = source.config.long_poll > seconds(0) && !source.at_once &&
                source.refusals.empty() && round.asked > 0;
  return revocation::write_poll_request({.sets_most = static_cast<std::uint32_t>(round.asked),
                                         .return_immediately = !round.waits,
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
  ++source->unanswered;
  failed(*source, result.error, result.retry_after);
}

void EventKeeper::answer_came(const SourcePtr& source, std::string_view body) {
  Source& s = *source;
  const auto answer = revocation::read_poll_answer(body, *reader_);
  if (!answer) {
    ++s.unanswered;
    return failed(
        s,
        fmt::format("the answer: {}: {}", revocation::item_fault_name(answer.error().fault),
                    answer.error().detail),
        std::nullopt);
  }
  s.unanswered = 0;
  s.acks.erase(s.acks.begin(), s.acks.begin() + static_cast<std::ptrdiff_t>(s.acks_told));
  s.refusals.erase(s.refusals.begin(),
                   s.refusals.begin() + static_cast<std::ptrdiff_t>(s.refusals_told));
  s.at_once = false;
  s.round.polled = true;
  s.round.more = answer->more_available;
  // Who answered late answers of then: there was nothing until then. But for an answer that lay
  // unread, as beneath a machine that was suspended.
  if (s.round.waits)
    s.round.asked_at = std::min<WallTime>(
        parts_.clock.wall(), s.round.asked_at + s.config.long_poll + s.config.fetch_timeout);
  if (answer->nameless > 0) {
    s.round.settled = false;
    s.waiting = fmt::format("{} events have an id that is empty or too long to acknowledge them by",
                            answer->nameless);
  }
  for (const revocation::PolledSet& set : answer->sets) {
    // What is beyond it comes again.
    if (LATCHKEY_FAILS(events_more_than_asked, s.round.sets.size() == s.round.asked)) {
      s.round.more = true;
      break;
    }
    s.round.sets.push_back({std::string(set.id), std::string(set.token)});
  }
  judge(source);
}

// Everything that was heeded is on disk.
void EventKeeper::settle(const SourcePtr& source) {
  Source& s = *source;
  // None is there already: what was told is gone from it, and while something is left untold
  // nothing is asked for.
  for (std::string& id : std::exchange(s.round.to_ack, {})) s.acks.push_back(std::move(id));
  finish(source);
}

void EventKeeper::finish(const SourcePtr& source) {
  Source& s = *source;
  // What may still lie there is not known.
  const bool open = !s.round.settled || s.round.more || s.round.asked == 0;
  date_loss(s);
  if (!LATCHKEY_FAILS(events_unsettled, open)) {
    s.full = !s.over.empty();
    if (!s.full) s.waiting.reset();
    const bool incomplete = is_incomplete(s);
    s.changed = std::exchange(s.feed.incomplete, incomplete) != incomplete || s.changed;
    date(s, s.round.asked_at);
  }
  if (s.round.refused > kShownMost)
    parts_.journal.log(
        LogLevel::warning, "more security events of one answer are not taken",
        {{"source", s.name()},
         {"more", fmt::format("{}", std::exchange(s.round.refused, 0) - kShownMost)}});
  note_state(s);
  if (std::exchange(s.changed, false)) parts_.hooks.publish([] {});
  const auto& known = s.feed.known;
  const bool late = known && (!s.said_at || known->issued_at - *s.said_at >= s.config.max_age / 4);
  if (late || (s.lost_at && !s.stored) || s.loss_unsaved || s.unread) return keep(source);
  if (s.trouble)
    parts_.journal.log(LogLevel::notice, "security events can be asked for again",
                       {{"source", s.name()}});
  s.trouble.reset();
  s.failures = 0;
  if (s.round.asked > 0) s.barren = s.round.news || !s.round.more ? 0 : s.barren + 1;
  s.next_ask = next_poll(s);
  s.busy = false;
  if (s.next_ask <= parts_.clock.steady()) return ask(source);
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

SteadyTime EventKeeper::next_poll(const Source& source) const {
  const SteadyTime now = parts_.clock.steady();
  const milliseconds interval = source.config.poll_interval;
  // There is more, or something to be told.
  if (source.round.news || source.round.asked == 0) return now;
  if (source.round.more && source.round.settled)
    return now + std::min(kPause * (1 << std::min(source.barren - 1, 10U)), interval);
  if (source.config.long_poll > seconds(0)) {
    // One that should have been held and was not is no reason to spin.
    const bool held = !source.round.waits || now - source.round.began >= kHeld;
    return held && source.round.settled ? now : source.round.began + interval;
  }
  const auto eighth = static_cast<std::uint32_t>(interval.count() / 8);
  return now + interval - milliseconds(eighth == 0 ? 0 : parts_.hooks.random() % eighth);
}

// What the file would hold if it were written now.
EventRecord EventKeeper::whole(Source& source) {
  forget(source);
  EventRecord record;
  record.events = source.held;
  record.events.insert(record.events.end(), source.unsure.begin(), source.unsure.end());
  record.lost_at = source.lost_at;  // also when it is over: a clock may be ahead
  return record;
}

void EventKeeper::keep(const SourcePtr& source) {
  Source& s = *source;
  if (s.unread) return kept(source, tl::unexpected(EventStore::Failure{*s.unread}));
  s.lines += s.unsure.size() + 1;
  // A disk that is full takes a line rather than all of them.
  const bool shorter = s.failures == 0 && s.lines > 2 * s.held.size() + kLinesMost;
  const bool anew = !s.stored || shorter;
  EventRecord record;
  if (anew) {
    record = whole(s);
    s.lines = record.events.size() + 2;
  } else {
    record.events = s.unsure;
    if (s.loss_unsaved) record.lost_at = s.lost_at;
  }
  s.loss_unsaved = false;
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

void EventKeeper::kept(const SourcePtr& source, const EventStore::Result& result) {
  Source& s = *source;
  s.stored = result ? true : s.stored && result.error().as_before;
  if (LATCHKEY_FAILS(events_unstored, !result)) {
    // What is not acknowledged stands before what the transmitter has more, and that is not heard.
    if (s.round.more) {
      s.full = true;
      s.feed.incomplete = true;
      s.waiting = "what is on the way cannot be stored, and the transmitter has more behind it";
      note_state(s);
      parts_.hooks.publish([] {});
    }
    // What could not be read does not say when it was dated, and it was.
    if (s.unread && !s.feed.known) date(s, s.round.asked_at);
    failed(s, "storage: " + result.error().what, std::nullopt);
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
