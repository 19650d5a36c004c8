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
constexpr seconds kHeld{1};                 // a poll that took so long was held
constexpr std::size_t kIdsMost = 4'096;     // of events of which nothing counts any more
constexpr std::size_t kHeldMost = 262'144;  // events of one source
constexpr std::size_t kLinesMost = 4'096;   // on disk beyond twice of what is needed
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kShownDigits = 16;  // of a digest in the journal
// Of what is told in one poll; six bytes are the most that one becomes in JSON.
constexpr std::size_t kToldBytes = ipc::fetch::kPollMost / 3;
constexpr std::size_t kEscaped = 6;
constexpr std::size_t kAround = 128;

std::string hex(const revocation::NameDigest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string shown(std::string_view text) {
  return jose::sha256_hex(text).value_or("").substr(0, kShownDigits);
}

std::string since_1970(WallTime time) {
  return fmt::format("{}", std::chrono::floor<seconds>(time).time_since_epoch().count());
}

bool counts(const StoredEvent& event, WallTime now) {
  return std::any_of(event.entries.begin(), event.entries.end(),
                     [&](const auto& each) { return !each.end || *each.end > now; });
}

bool serves(const issuer::IssuerConfig& issuer, const IssuerKeys& keys, WallTime now) {
  return issuer::serves(issuer::freshness(issuer, keys.fetched_at, std::nullopt, now));
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

void EventKeeper::judge(const SourcePtr& source) {
  Source& s = *source;
  const WallTime now = parts_.clock.wall();
  const IssuerKeys* keys = parts_.keys.at_hand(s.config.issuer);
  if (keys != nullptr && keys->keys == nullptr) keys = nullptr;
  if (keys != nullptr && LATCHKEY_FAILS(events_keys_stale, !serves(s.issuer, *keys, now)))
    keys = nullptr;
  revocation::Source::Editor editor(*s.source);
  std::vector<Delivered> strangers;
  bool any = false;
  for (Delivered& set : std::exchange(s.round.sets, {})) {
    const Fate fate = judge(s, set, keys, editor);
    any = any || fate == Fate::taken;
    if (fate == Fate::stranger) strangers.push_back(std::move(set));
    if (fate == Fate::left) s.round.settled = false;
  }
  s.round.sets = std::move(strangers);
  if (any) {
    s.round.news = true;
    revocation::Source next = editor.finish();
    if (next.wants_merge()) next = next.merged(now);
    s.source = std::make_shared<const revocation::Source>(std::move(next));
    // In force before it is durable: what the disk refuses revokes all the same.
    s.changed = false;
    parts_.hooks.publish([] {});
  }
  if (!s.unsure.empty()) return keep(source);
  settle(source);
}

EventKeeper::Fate EventKeeper::judge(Source& source, const Delivered& set, const IssuerKeys* keys,
                                     revocation::Source::Editor& editor) {
  std::string id =
      jose::sha256_hex(source.transmitter + '\n' + set.id).value_or("").substr(0, kIdDigits);
  if (LATCHKEY_FAILS(events_known, source.known.contains(id))) {
    source.round.to_ack.push_back(set.id);
    return Fate::known;
  }
  if (keys == nullptr) return Fate::stranger;
  const revocation::EventTrust trust{.transmitter = source.transmitter,
                                     .audiences = source.config.audiences,
                                     .keys = *keys->keys,
                                     .issuers = source.issuers,
                                     .keep = source.keep,
                                     .algorithms = source.issuer.algorithms};
  const auto event = revocation::read_security_event(set.token, set.id, trust, names_,
                                                     parts_.clock.wall(), *scratch_);
  if (!event) {
    const revocation::ItemError& error = event.error();
    if (error.fault == ItemFault::key) return Fate::stranger;
    refuse(source, set, error.fault, error.detail);
    return revocation::set_error_code(error.fault) ? Fate::refused : Fate::left;
  }
  source.full = source.held.size() + source.unsure.size() >= kHeldMost;
  if (source.full || id.size() != kIdDigits) return Fate::left;
  take(source, set, std::move(id), *event, editor);
  return Fate::taken;
}

void EventKeeper::take(Source& source, const Delivered& set, std::string id,
                       const SecurityEvent& event, revocation::Source::Editor& editor) {
  const std::string jti = shown(set.id);
  for (const revocation::Entry& entry : event.entries) {
    editor.add(entry);
    const bool subject = entry.kind == revocation::EntryKind::subject;
    parts_.journal.log(LogLevel::notice, "a security event is in force",
                       {{"source", source.name()},
                        {"event", event.reason},
                        {"jti", jti},
                        {"kind", revocation::entry_kind_name(entry.kind)},
                        {"digest", hex(entry.digest)},
                        {"before", subject ? since_1970(entry.before) : "any"},
                        {"end", entry.end ? since_1970(*entry.end) : "none"},
                        {"key", event.key_id}});
  }
  if (event.entries.empty() && event.unresolved.empty())
    parts_.journal.log(LogLevel::info, "a security event revokes nothing",
                       {{"source", source.name()}, {"jti", jti}});
  source.refused.reset();
  for (const revocation::UnresolvedSubject& each : event.unresolved) {
    parts_.journal.log(LogLevel::warning,
                       "a security event is about somebody whom no revocation can name",
                       {{"source", source.name()},
                        {"event", event.reason},
                        {"jti", jti},
                        {"format", each.format},
                        {"digest", shown(each.value)}});
    source.refused = "event " + jti + ": it names somebody by '" + each.format +
                     "', whom no revocation can name; revoke by hand who that is";
  }
  source.known.insert(id);
  source.unsure.push_back(
      {std::move(id), std::chrono::floor<seconds>(parts_.clock.wall()), event.entries});
  source.round.to_ack.push_back(set.id);
}

void EventKeeper::refuse(Source& source, const Delivered& set, ItemFault fault,
                         const std::string& detail) {
  const std::string why = fmt::format("{}: {}", revocation::item_fault_name(fault), detail);
  const auto code = revocation::set_error_code(fault);
  parts_.journal.log(LogLevel::warning,
                     code ? "a security event is refused" : "a security event has to come again",
                     {{"source", source.name()},
                      {"jti", shown(set.id)},
                      {"error", why},
                      {"code", code ? *code : "none"}});
  source.refused = "event " + shown(set.id) + ": " + why;
  if (!code) return;
  const bool told = std::any_of(source.refusals.begin(), source.refusals.end(),
                                [&](const auto& each) { return each.id == set.id; });
  // Only what kind of fault it is: the rest quotes the token.
  if (!told)
    source.refusals.push_back({set.id, *code, std::string(revocation::item_fault_name(fault))});
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

// What is left is signed by a key that is not at hand: it may be new. Its issuer is asked, once a
// round, and as seldom as for the sake of a token.
void EventKeeper::ask_for_keys(const SourcePtr& source) {
  const auto refuse_all = [this](Source& s) {
    for (const Delivered& set : std::exchange(s.round.sets, {}))
      refuse(s, set, ItemFault::key, "no key of the issuer has signed it");
  };
  if (std::exchange(source->round.keys_asked, true)) {
    refuse_all(*source);
    return finish(source);
  }
  const IssuerKeys* keys = parts_.keys.at_hand(source->config.issuer);
  parts_.keys.request(
      source->config.issuer, keys == nullptr ? 0 : keys->generation,
      [this, refuse_all, weak = std::weak_ptr(source), number = source->number](KeysOutcome told) {
        in_round(weak, number, [&](const SourcePtr& owner) {
          if (told == KeysOutcome::newer) return judge(owner);
          const IssuerKeys* now = parts_.keys.at_hand(owner->config.issuer);
          const bool known = now != nullptr && now->keys != nullptr &&
                             serves(owner->issuer, *now, parts_.clock.wall());
          if (told == KeysOutcome::unchanged && known) {
            refuse_all(*owner);
            return finish(owner);
          }
          owner->waiting = fmt::format(
              "{} events wait: no key of issuer {} verifies them, and it cannot be asked now",
              owner->round.sets.size(), owner->config.issuer);
          owner->round.sets.clear();
          owner->round.settled = false;
          finish(owner);
        });
      });
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
