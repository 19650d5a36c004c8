// SPDX-License-Identifier: Apache-2.0
//
// What a poll brought, token by token: known, good and in force, refused, or signed by a key that
// is not at hand. For that its issuer is asked once a round, and what it does not have may still
// come: the token waits for some time before it is refused, for a refused one is lost.
#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "core/issuer/freshness.h"
#include "core/jose/sha256.h"
#include "daemon/latchkeyd/service/event_keeper_source.h"

namespace latchkey::latchkeyd {

using revocation::ItemFault;
using revocation::SecurityEvent;
using std::chrono::seconds;

namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kShownDigits = 16;  // of a digest in the journal
constexpr seconds kPatience{3'600};       // with a key that is not known

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

bool serves(const issuer::IssuerConfig& issuer, const IssuerKeys& keys, WallTime now) {
  return issuer::serves(issuer::freshness(issuer, keys.fetched_at, std::nullopt, now));
}

}  // namespace

void EventKeeper::judge(const SourcePtr& source) {
  Source& s = *source;
  const WallTime now = parts_.clock.wall();
  const IssuerKeys* keys = parts_.keys.at_hand(s.config.issuer);
  if (keys != nullptr && keys->keys == nullptr) keys = nullptr;
  if (keys != nullptr && LATCHKEY_FAILS(events_keys_stale, !serves(s.issuer, *keys, now)))
    keys = nullptr;
  make_room(s);
  revocation::Source::Editor editor(*s.source);
  std::vector<Delivered> strangers;
  bool any = false;
  bool over = false;
  const std::size_t over_before = s.over.size();
  for (Delivered& set : std::exchange(s.round.sets, {})) {
    const Fate fate = judge(s, set, keys, editor);
    any = any || fate == Fate::taken;
    if (fate == Fate::stranger) strangers.push_back(std::move(set));
    over = over || fate == Fate::over;
    if (fate == Fate::left || fate == Fate::over) s.round.settled = false;
  }
  s.round.sets = std::move(strangers);
  s.round.news = s.round.news || any;
  if (over) {
    s.full = true;
    s.feed.incomplete = true;
    s.waiting = fmt::format(
        "{} events and {} of theirs that count are there already: further ones "
        "are in force, cannot be kept, and are not acknowledged",
        s.held.size() + s.unsure.size(), s.entries);
    note_state(s);
  }
  if (any || s.over.size() != over_before) {
    s.source = std::make_shared<const revocation::Source>(editor.finish());
    s.merger.consider(parts_.builder, parts_.control, s.source, ends_by(s), parts_.hooks.publish);
    // In force before it is durable: what the disk refuses revokes all the same.
    s.changed = false;
    parts_.hooks.publish([] {});
  }
  if (!s.round.sets.empty()) return ask_for_keys(source);
  save(source);
}

// What is in force, where it is not on disk already.
void EventKeeper::save(const SourcePtr& source) {
  if (!source->unsure.empty()) return keep(source);
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
  // It was verified when it came first, and may have expired since.
  if (LATCHKEY_FAILS(events_over_known, source.over.contains(id))) return Fate::over;
  if (keys == nullptr) return Fate::stranger;
  const revocation::EventTrust trust{.transmitter = source.transmitter,
                                     .audiences = source.config.audiences,
                                     .keys = *keys->keys,
                                     .issuers = source.issuers,
                                     .keep = source.keep,
                                     .algorithms = source.issuer.algorithms};
  auto event = revocation::read_security_event(set.token, set.id, trust, names_,
                                               parts_.clock.wall(), *scratch_);
  if (!event) {
    const revocation::ItemError& error = event.error();
    if (error.fault == ItemFault::key) return Fate::stranger;
    refuse(source, set, error.fault, error.detail);
    return revocation::set_error_code(error.fault) ? Fate::refused : Fate::left;
  }
  // Whoever stole it is not to lock anybody out; what it signed is told back as such.
  if (LATCHKEY_FAILS(events_key_revoked, parts_.key_revoked && parts_.key_revoked(event->key_id))) {
    refuse(source, set, ItemFault::key, "the key that signed it is revoked");
    return Fate::refused;
  }
  if (id.size() != kIdDigits) return Fate::left;
  const bool room = !LATCHKEY_FAILS(events_full, !source.has_room(event->entries.size()));
  if (!room && editor.source().size() >= 2 * kEntriesMost) return Fate::left;
  if (!room && source.over.size() >= kOverMost) return Fate::left;
  for (const revocation::Entry& entry : event->entries) editor.add(entry);
  tell(source, set, *event);
  const WallTime signed_at = std::chrono::floor<seconds>(event->issued_at);
  source.newest = std::max(source.newest, signed_at);
  source.strangers.erase(set.id);
  StoredEvent stored{id, signed_at, std::move(event->entries)};
  if (!room) {
    source.over.emplace(std::move(id), std::move(stored));
    return Fate::over;
  }
  source.hold_unsure(std::move(stored));
  source.round.to_ack.push_back(set.id);
  return Fate::taken;
}

void EventKeeper::tell(Source& source, const Delivered& set, const SecurityEvent& event) {
  const std::string jti = shown(set.id);
  const std::size_t lines = std::min(event.entries.size(), kShownMost);
  for (const revocation::Entry& entry : std::span(event.entries).first(lines)) {
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
  if (event.entries.size() > lines)
    parts_.journal.log(LogLevel::notice, "a security event is in force for more names",
                       {{"source", source.name()},
                        {"jti", jti},
                        {"more", fmt::format("{}", event.entries.size() - lines)}});
  if (event.entries.empty() && event.unresolved.empty())
    parts_.journal.log(LogLevel::info, "a security event revokes nothing",
                       {{"source", source.name()}, {"jti", jti}});
  if (event.passed_over) {
    const std::string why = fmt::format(
        "{}: {}", revocation::item_fault_name(event.passed_over->fault), event.passed_over->detail);
    parts_.journal.log(LogLevel::warning, "a part of a security event is passed over",
                       {{"source", source.name()}, {"jti", jti}, {"error", why}});
    source.note_refusal("event " + jti + ": a part of it is passed over: " + why,
                        parts_.clock.steady());
  }
  for (const revocation::UnresolvedSubject& each : event.unresolved) {
    parts_.journal.log(LogLevel::warning,
                       "a security event is about somebody whom no revocation can name",
                       {{"source", source.name()},
                        {"event", event.reason},
                        {"jti", jti},
                        {"format", each.format},
                        {"digest", shown(each.value)}});
    source.note_refusal("event " + jti + ": it names somebody by '" + each.format +
                            "', whom no revocation can name; revoke by hand who that is",
                        parts_.clock.steady());
  }
}

void EventKeeper::refuse(Source& source, const Delivered& set, ItemFault fault,
                         const std::string& detail) {
  const std::string why = fmt::format("{}: {}", revocation::item_fault_name(fault), detail);
  const auto code = revocation::set_error_code(fault);
  if (++source.round.refused <= kShownMost)
    parts_.journal.log(LogLevel::warning,
                       code ? "a security event is refused" : "a security event has to come again",
                       {{"source", source.name()},
                        {"jti", shown(set.id)},
                        {"error", why},
                        {"code", code ? *code : "none"}});
  // What has to come again is no loss yet.
  if (!code) {
    source.waiting = "event " + shown(set.id) + ": " + why;
    return;
  }
  source.note_refusal("event " + shown(set.id) + ": " + why, parts_.clock.steady());
  // Only what kind of fault it is: the rest quotes the token.
  source.refusals.push_back({set.id, *code, std::string(revocation::item_fault_name(fault))});
}

// What is left is signed by a key that is not at hand: it may be new. Its issuer is asked, once a
// round, and as seldom as for the sake of a token.
void EventKeeper::ask_for_keys(const SourcePtr& source) {
  if (std::exchange(source->round.keys_asked, true)) {
    wait_for_key(*source);
    return save(source);
  }
  const IssuerKeys* keys = parts_.keys.at_hand(source->config.issuer);
  parts_.keys.request(
      source->config.issuer, keys == nullptr ? 0 : keys->generation,
      [this, weak = std::weak_ptr(source), number = source->number](KeysOutcome told) {
        in_round(weak, number, [&](const SourcePtr& owner) {
          if (told == KeysOutcome::newer) return judge(owner);
          const IssuerKeys* now = parts_.keys.at_hand(owner->config.issuer);
          const bool known = now != nullptr && now->keys != nullptr &&
                             serves(owner->issuer, *now, parts_.clock.wall());
          if (told == KeysOutcome::unchanged && known) {
            wait_for_key(*owner);
            return save(owner);
          }
          owner->waiting = fmt::format(
              "{} events wait: no key of issuer {} verifies them, and it cannot be asked now",
              owner->round.sets.size(), owner->config.issuer);
          owner->round.sets.clear();
          owner->round.settled = false;
          save(owner);
        });
      });
}

// A key set may show a key later than it signs. One such event makes nothing stale by itself.
void EventKeeper::wait_for_key(Source& source) {
  const SteadyTime now = parts_.clock.steady();
  // As the poll shows it that comes after it is over.
  const auto patience = std::max<SteadyTime::duration>(
      std::min<SteadyTime::duration>(kPatience, source.config.max_age / 2) -
          source.config.poll_interval,
      seconds(1));
  std::erase_if(source.strangers, [&](const auto& each) {
    return now - each.second > 2 * kPatience;  // it came no more
  });
  std::size_t waiting = 0;
  for (const Delivered& set : std::exchange(source.round.sets, {})) {
    const auto since = source.strangers.try_emplace(set.id, now).first;
    const bool waits = now - since->second < patience && source.strangers.size() <= kStrangersMost;
    if (LATCHKEY_FAILS(events_patience, waits)) {
      ++waiting;
      continue;
    }
    source.strangers.erase(since);
    refuse(source, set, ItemFault::key, "no key of the issuer has signed it");
  }
  if (waiting == 0) return;
  source.round.settled = false;
  source.waiting = fmt::format("{} events wait: no key of issuer {} has signed them so far",
                               waiting, source.config.issuer);
}

}  // namespace latchkey::latchkeyd
