// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/event_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/event_keeper_source.h"

namespace latchkey::latchkeyd {

using revocation::Feed;
using revocation::FeedState;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSlewed{5};  // what two clocks differ by in good order
constexpr seconds kIdle{3'600};
constexpr seconds kRefusalShown{86'400};
constexpr std::size_t kIdsMost = 4'096;  // of events of which nothing counts any more
// An event with its id, which is known beside, and what it costs to allot both.
constexpr std::size_t kEventBytes =
    sizeof(StoredEvent) + std::size_t{2} * 48 + sizeof(std::string) + 48;

// Of refusals but the last.
std::string others(std::size_t count) {
  return count < 2 ? "" : fmt::format(" (and {} before it since the start)", count - 1);
}

std::string joined(const std::vector<std::string>& services) {
  std::string text;
  for (const std::string& each : services) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

const issuer::IssuerConfig& issuer_of(const config::EventSource& section,
                                      const config::Config& config) {
  // The configuration was checked: it is there.
  const auto index = config.find_issuer_by_name(section.issuer);
  return config.issuers.at(static_cast<std::size_t>(index)).config;
}

// How long what names a token's issuer, subject or session can still refuse something: while the
// token is accepted, or its claims stand for a user who shows none. Nothing: for ever.
std::optional<seconds> keep_for(const issuer::IssuerConfig& issuer, const config::Config& config) {
  const auto life = config::token_life(issuer);
  if (!life) return std::nullopt;
  return std::max(*life, config.max_claims_age) + 2 * issuer.claims.leeway;
}

}  // namespace

EventKeeper::EventKeeper(Parts parts)
    : parts_(std::move(parts)),
      scratch_(std::make_unique<jose::Scratch>()),
      reader_(std::make_unique<jose::JsonReader>(
          jose::JsonLimits{.bytes = revocation::poll_limits::kAnswerBytes})) {}

EventKeeper::~EventKeeper() = default;

void EventKeeper::configure(std::shared_ptr<const config::Config> config) {
  const std::vector<SourcePtr> old = std::exchange(sources_, {});
  for (const config::EventSource& section : config->revocation.events) {
    const issuer::IssuerConfig& issuer = issuer_of(section, *config);
    const std::string file = event_file(section.transmitter_of(issuer.issuer), issuer.issuer);
    const auto kept = std::find_if(old.begin(), old.end(),
                                   [&](const SourcePtr& source) { return source->file == file; });
    const bool known = kept != old.end();
    sources_.push_back(known ? *kept : std::make_shared<Source>());
    Source& source = *sources_.back();
    source.file = file;
    adopt(source, section, *config);
    if (!known) load(source);
  }
}

// The same source, perhaps elsewhere, or with another patience.
void EventKeeper::adopt(Source& source, const config::EventSource& config,
                        const config::Config& all) {
  const bool elsewhere = source.config.digest != config.digest;
  if (source.config.endpoint != config.endpoint) {
    source.acks.clear();
    source.refusals.clear();
  }
  source.config = config;
  source.issuer = issuer_of(config, all);
  source.transmitter = config.transmitter_of(source.issuer.issuer);
  source.issuers = {source.issuer.issuer};
  source.keep = keep_for(source.issuer, all);
  source.feed.policy = config.feed;
  if (source.feed.known) source.feed.known->max_age = config.max_age;
  if (!elsewhere) return;
  ++source.number;  // whatever was asked for: it is asked for anew
  source.busy = false;
  source.at_once = true;
  source.failures = 0;
  source.unanswered = 0;
  source.barren = 0;
  source.next_ask = parts_.clock.steady();
}

// What is on disk serves before anybody is let in.
void EventKeeper::load(Source& source) {
  EventRecord record = parts_.store.load(source.file);
  if (record.unreadable && !source.unread)
    parts_.journal.log(LogLevel::error,
                       "what is stored of security events cannot be read; until it can be, "
                       "nothing is stored or acknowledged",
                       {{"source", source.name()}, {"error", *record.unreadable}});
  source.unread = std::move(record.unreadable);
  source.stored = record.lines > 0;
  source.lines = record.lines;
  revocation::Source::Editor editor{source.source ? *source.source
                                                  : revocation::Source(parts_.secret)};
  for (StoredEvent& event : record.events) {
    if (!source.known.insert(event.id).second) continue;
    for (const revocation::Entry& entry : event.entries) editor.add(entry);
    source.newest = std::max(source.newest, event.issued_at);
    source.held.push_back(std::move(event));
  }
  forget(source);
  source.source =
      std::make_shared<const revocation::Source>(editor.finish().merged(ends_by(source)));
  source.said_at = record.said_at;
  source.lost_at = record.lost_at;
  if (record.damaged) note_loss(source);
  if (record.said_at && !source.feed.known) date(source, *record.said_at);
  source.feed.incomplete = is_incomplete(source);
  note_state(source);
}

// What could not be read is there still, and may be whole: a folder with wrong rights, a disk that
// fails. In its place nothing is written.
void EventKeeper::read_again(Source& source) {
  if (!source.unread) return;
  load(source);
  if (source.unread) return;
  parts_.journal.log(
      LogLevel::notice, "what is stored of security events can be read again",
      {{"source", source.name()}, {"events", fmt::format("{}", source.held.size())}});
  source.changed = false;
  parts_.hooks.publish([] {});
}

// Whatever this clock says, it was lost after what is left came.
void EventKeeper::note_loss(Source& source) {
  source.loss_floor = std::max(
      {source.newest, source.said_at.value_or(WallTime()), source.lost_at.value_or(WallTime())});
  source.lost_at = std::max(source.loss_floor, parts_.clock.wall());
  source.loss_seen = parts_.clock.steady();
}

// A clock that was wrong when the damage was seen, and was set since, dates it anew.
void EventKeeper::date_loss(Source& source) {
  if (!source.loss_seen) return;
  const auto since =
      std::chrono::duration_cast<milliseconds>(parts_.clock.steady() - *source.loss_seen);
  const WallTime when = std::max<WallTime>(source.loss_floor, parts_.clock.wall() - since);
  if (!LATCHKEY_FAILS(events_lost_early, std::chrono::abs(when - *source.lost_at) >= kSlewed))
    return;
  source.lost_at = when;
  source.loss_unsaved = true;
}

// What has ended is forgotten by this moment: no later one than somebody signed, so that a clock
// that is ahead takes nothing back.
WallTime EventKeeper::ends_by(const Source& source) const {
  const WallTime now = parts_.clock.wall();
  return LATCHKEY_FAILS(events_end_unsigned, now > source.newest) ? source.newest : now;
}

// An event is needed while an entry of it counts; of the others the ids that came last are known
// for some time.
void EventKeeper::forget(Source& source) {
  const WallTime now = ends_by(source);
  const auto counts = [&](const StoredEvent& event) {
    return std::any_of(event.entries.begin(), event.entries.end(),
                       [&](const auto& each) { return !each.end || *each.end > now; });
  };
  auto over = static_cast<std::size_t>(
      std::count_if(source.held.begin(), source.held.end(),
                    [&](const StoredEvent& event) { return !counts(event); }));
  std::erase_if(source.held, [&](const StoredEvent& event) {
    if (counts(event) || over-- <= kIdsMost) return false;
    source.known.erase(event.id);
    return true;
  });
  // Of what counts no more the id is all that is needed.
  for (StoredEvent& event : source.held)
    if (LATCHKEY_FAILS(events_kept_whole, !counts(event)))
      std::vector<revocation::Entry>().swap(event.entries);
  source.entries = 0;
  for (const auto* some : {&source.held, &source.unsure}) {
    for (const StoredEvent& event : *some) source.entries += event.entries.size();
  }
  source.forget_at = std::min(2 * source.held.size() + kIdsMost, kHeldMost);
}

// What there was no room for is kept as soon as there is, whether it comes again or not.
void EventKeeper::make_room(Source& source) {
  if (source.held.size() + source.unsure.size() + source.round.sets.size() > source.forget_at ||
      !source.has_room(kEntriesMost / 16))
    forget(source);
  const WallTime now = ends_by(source);
  while (!source.over.empty()) {
    StoredEvent& first = source.over.begin()->second;
    const bool counts = std::any_of(first.entries.begin(), first.entries.end(),
                                    [&](const auto& each) { return !each.end || *each.end > now; });
    if (counts && !source.has_room(first.entries.size())) return;
    if (counts) source.hold_unsure(std::move(first));
    source.over.erase(source.over.begin());
  }
}

void EventKeeper::Source::hold_unsure(StoredEvent event) {
  known.insert(event.id);
  entries += event.entries.size();
  unsure.push_back(std::move(event));
}

bool EventKeeper::Source::has_room(std::size_t more_entries) const {
  return held.size() + unsure.size() < kHeldMost && unsure.size() < kUnsureMost &&
         entries + more_entries <= kEntriesMost;
}

void EventKeeper::Source::note_refusal(std::string why, SteadyTime now) {
  refused = std::move(why);
  refused_at = now;
  ++refused_count;
}

void EventKeeper::date(Source& source, WallTime when) {
  const WallTime now = parts_.clock.wall();
  source.feed.known = Feed::Known{when, when, source.config.max_age};
  source.dated = parts_.clock.steady() - std::max(now - when, milliseconds(0));
  // A snapshot for each poll would be work for nothing.
  const bool late = !source.gathered_at || source.said != FeedState::fresh ||
                    std::chrono::abs(when - *source.gathered_at) >= source.config.max_age / 8;
  if (!late) return;
  source.gathered_at = when;
  source.changed = true;
}

// Whether the wall clock was set, so that the date of what is known had to follow.
bool EventKeeper::never_younger(Source& source) {
  if (!source.feed.known) return false;
  Feed::Known& known = *source.feed.known;
  const auto age = std::chrono::duration_cast<milliseconds>(parts_.clock.steady() - source.dated);
  const WallTime date = std::min(known.issued_at, parts_.clock.wall() - age);
  if (std::chrono::abs(date - known.as_of) < kSlewed) return false;
  known.as_of = date;
  return true;
}

// What there is no room for is lost with the next start, unless it comes again. What a damaged file
// held is gone, and counts as missing for as long as it could have counted.
bool EventKeeper::is_incomplete(const Source& source) const {
  if (source.full || source.unread) return true;
  if (!source.lost_at) return false;
  return !source.keep || parts_.clock.wall() < *source.lost_at + *source.keep;
}

// Loudly, but once for each turn.
void EventKeeper::note_state(Source& source) {
  const FeedState state = revocation::feed_state(source.feed, parts_.clock.wall());
  if (std::exchange(source.said, state) == state) return;
  if (state == FeedState::fresh)
    return parts_.journal.log(LogLevel::notice, "security events are fresh",
                              {{"source", source.name()}});
  const bool stale = state == FeedState::stale;
  const std::string_view why =
      !stale          ? "security events are absent: the transmitter has never answered"
      : source.full   ? "security events are stale: there are more than can be kept"
      : source.unread ? "security events are stale: what was kept cannot be read"
      : source.feed.incomplete
          ? "security events are stale: something of what was kept is lost"
          : "security events are stale: the transmitter has not said for too long that there are "
            "no more";
  const auto& policy = source.feed.policy;
  parts_.journal.log(LogLevel::error, why,
                     {{"source", source.name()},
                      {"refuses", joined(stale ? policy.stale_refuses : policy.absent_refuses)}});
}

void EventKeeper::hurry() {
  for (const SourcePtr& source : sources_) source->next_ask = parts_.clock.steady();
}

void EventKeeper::tick() {
  bool changed = false;
  for (const SourcePtr& source : sources_) {
    date_loss(*source);
    const bool incomplete = is_incomplete(*source);
    changed = std::exchange(source->feed.incomplete, incomplete) != incomplete || changed;
    changed = never_younger(*source) || std::exchange(source->changed, false) || changed;
    note_state(*source);
  }
  if (changed) parts_.hooks.publish([] {});
  const SteadyTime now = parts_.clock.steady();
  for (const SourcePtr& source : std::vector(sources_)) {
    if (!source->busy && now >= source->next_ask) ask(source);
  }
}

SteadyTime EventKeeper::next_tick() const {
  SteadyTime next = parts_.clock.steady() + kIdle;
  for (const SourcePtr& source : sources_) {
    if (!source->busy) next = std::min(next, source->next_ask);
  }
  return next;
}

void EventKeeper::gather(Gathered& into) const {
  for (const SourcePtr& source : sources_) {
    into.add(source->source, "events " + source->name());
    into.feeds.push_back(source->feed);
  }
}

std::vector<RevocationSourceState> EventKeeper::states() const {
  std::vector<RevocationSourceState> all;
  for (const SourcePtr& source : sources_) {
    RevocationSourceState state;
    state.kind = "events";
    state.feed = source->feed;
    state.base_entries = source->source->base_size();
    state.delta_entries = source->source->delta_size();
    state.bytes = source->source->bytes() +
                  (source->held.size() + source->unsure.size()) * kEventBytes +
                  source->entries * sizeof(revocation::Entry);
    state.attempted_at = source->attempted_at;
    state.last_error = source->trouble;
    if (!state.last_error && source->feed.incomplete && !source->full && !source->unread)
      state.last_error = "incomplete: what was stored was damaged, and some of it is lost";
    if (!state.last_error) state.last_error = source->waiting;
    // Beside what came since: an event that is lost is not made good by another one.
    if (!state.last_error && source->refused &&
        parts_.clock.steady() - source->refused_at < kRefusalShown)
      state.last_error = fmt::format("{}{}", *source->refused, others(source->refused_count));
    if (!source->busy) state.next_fetch = source->next_ask;
    all.push_back(std::move(state));
  }
  return all;
}

}  // namespace latchkey::latchkeyd
