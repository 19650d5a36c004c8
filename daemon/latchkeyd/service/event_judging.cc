// SPDX-License-Identifier: Apache-2.0
//
// What a poll brought, token by token: known, good and in force, refused, or signed by a key that
// is not at hand, for which its issuer is asked once a round.
#include <algorithm>
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
  // Whoever stole it is not to lock anybody out; what it signed is told back as such.
  if (LATCHKEY_FAILS(events_key_revoked, parts_.key_revoked && parts_.key_revoked(event->key_id))) {
    refuse(source, set, ItemFault::key, "the key that signed it is revoked");
    return Fate::refused;
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

}  // namespace latchkey::latchkeyd
