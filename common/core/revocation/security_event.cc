// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/security_event.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/numeric_date.h"
#include "core/jose/media_type.h"
#include "core/revocation/event_subject.h"
#include "core/revocation/revoking_event.h"

namespace latchkey::revocation {
namespace {

using jose::JsonValue;

constexpr std::array<std::string_view, 2> kTypes = {"secevent+jwt", "logout+jwt"};

class EventReader {
 public:
  EventReader(const jose::VerifiedJws& jws, const EventTrust& trust, const Names& names,
              WallTime now)
      : claims_(jws.claims()),
        logout_(jose::is_media_type(jws.typ().value_or(""), kTypes[1])),
        trust_(trust),
        names_(names),
        now_(now) {}

  ItemResult<SecurityEvent> read(std::string_view delivered_as) {
    LATCHKEY_TRY_VOID(check_addresses());
    LATCHKEY_TRY(const ItemTimes times, find_times());
    event_.issued_at = times.issued_at;
    LATCHKEY_TRY(const std::string_view id, item_text(claims_, "jti"));
    if (LATCHKEY_FAILS(set_id_other, id != delivered_as))
      return refuse(ItemFault::claim, "'jti' is not the id that it was delivered under");
    event_.id = id;
    // Back-Channel Logout 1.0 section 2.4: so that no ID token is ever one.
    if (LATCHKEY_FAILS(set_nonce, claims_.find("nonce").has_value()))
      return refuse(ItemFault::claim, "it has a 'nonce', as ID tokens have");
    LATCHKEY_TRY(const JsonValue events, find_events());
    if (LATCHKEY_FAILS(set_logout_endless, logout_ && !times.expires_at))  // section 2.4
      return refuse(ItemFault::claim, "a logout token without 'exp'");
    for (const jose::JsonMember member : events.members()) {
      auto taken = take(member.name, member.value);
      if (!taken && taken.error().fault == ItemFault::memory)
        return tl::unexpected(std::move(taken).error());
      if (taken || event_.passed_over) continue;
      event_.passed_over = std::move(taken).error();
    }
    // What is good revokes, whatever stands beside it; without that, what is wrong decides.
    if (event_.passed_over && LATCHKEY_FAILS(set_all_bad, event_.entries.empty()))
      return tl::unexpected(*std::move(event_.passed_over));
    return std::move(event_);
  }

 private:
  // A logout token has an end two minutes off, for one that is posted where somebody listens. One
  // that is polled has waited for this host, and says nothing that is less true for that; while a
  // token that it means could be accepted, it counts.
  ItemResult<ItemTimes> find_times() const {
    auto times = item_times(claims_, now_);
    if (times || !logout_ || times.error().fault != ItemFault::expired) return times;
    LATCHKEY_TRY(const ItemTimes late, item_times_unheld(claims_));
    const bool over = trust_.keep && now_ >= late.issued_at + *trust_.keep;
    return LATCHKEY_FAILS(set_logout_late, over) ? times : late;
  }

  ItemResult<void> check_addresses() {
    LATCHKEY_TRY(const std::string_view issuer, item_text(claims_, "iss"));
    // A logout token is always the issuer's own (Back-Channel Logout 1.0 section 2.4).
    const bool ours_too = logout_ && issuer == trust_.issuers.front();
    if (LATCHKEY_FAILS(set_issuer, issuer != trust_.transmitter && !ours_too))
      return refuse(ItemFault::issuer, "it is of " + quoted(issuer));
    const auto aud = claims_.find("aud");
    if (LATCHKEY_FAILS(set_aud_absent, !aud)) return refuse(ItemFault::audience, "'aud' is absent");
    const JsonValue audience = LATCHKEY_CHECKED(aud, claims_);
    bool strings = true;
    bool ours = false;
    const auto look_at = [&](const JsonValue& value) {
      const auto text = value.as_string();
      strings = strings && text;
      ours = ours || (text && std::find(trust_.audiences.begin(), trust_.audiences.end(), *text) !=
                                  trust_.audiences.end());
    };
    if (audience.is_array()) {
      for (const JsonValue value : audience.elements()) look_at(value);
    } else {
      look_at(audience);
    }
    if (LATCHKEY_FAILS(set_aud_form, !strings || audience.size() > limits::kAudienceValues))
      return refuse(ItemFault::claim, "'aud' is no string, and no array of at most 64 strings");
    if (LATCHKEY_FAILS(set_aud_other, !ours))
      return refuse(ItemFault::audience, "it is meant for somebody else");
    return {};
  }

  // RFC 8417 section 2.2.
  ItemResult<JsonValue> find_events() {
    const auto events = claims_.find("events");
    if (LATCHKEY_FAILS(set_events_form, !events || !events->is_object() || events->size() == 0))
      return refuse(ItemFault::claim, "'events' is absent, empty or no object");
    const JsonValue found = LATCHKEY_CHECKED(events, claims_);
    if (LATCHKEY_FAILS(set_events_many, found.size() > event_limits::kEvents))
      return refuse(ItemFault::bounds, "it has more than 16 events");
    const auto logs_out = [](const jose::JsonMember& member) {
      const RevokingEvent* event = find_revoking_event(member.name);
      return event != nullptr && event->effect == EventEffect::logout;
    };
    bool any = false;
    for (const jose::JsonMember member : found.members()) any = any || logs_out(member);
    if (LATCHKEY_FAILS(set_logout_event, logout_ && !any))
      return refuse(ItemFault::claim, "a logout token without the event of a logout");
    return found;
  }

  ItemResult<void> take(std::string_view uri, const JsonValue& payload) {
    if (LATCHKEY_FAILS(set_event_form, !payload.is_object()))
      return refuse(ItemFault::claim, "an event is no object");
    const RevokingEvent* event = find_revoking_event(uri);
    if (event == nullptr || !takes_effect(*event, payload)) return {};
    LATCHKEY_TRY(const EventSubject subject,
                 event->effect == EventEffect::logout ? logged_out() : subject_of(payload));
    if (subject.passed_over && !event_.passed_over) event_.passed_over = subject.passed_over;
    if (!event_.reason.empty()) event_.reason += ", ";
    event_.reason += event->name;
    const WallTime before = moment_of(*event, payload);
    const bool ends_session =
        event->effect == EventEffect::session || event->effect == EventEffect::logout;
    const auto& meant = ends_session ? subject.sessions : subject.users;
    const auto& beside = ends_session ? subject.users : subject.sessions;
    LATCHKEY_TRY_VOID(revoke_all(meant, before));
    // What no entry can name would revoke nothing: then the other one counts, though it is wider.
    const bool named = std::any_of(meant.begin(), meant.end(),
                                   [](const EventName& each) { return each.format.empty(); });
    const bool both = ends_session && !subject.combined;
    return named && !both ? ItemResult<void>() : revoke_all(beside, before);
  }

  // Of the event (drafts of CAEP and RISC), else of the token (RFC 9493 section 4.1), else the
  // subject of the token as of any JWT (RFC 8417 section 2.2).
  ItemResult<EventSubject> subject_of(const JsonValue& payload) {
    const auto own = payload.find("subject");
    const auto common = claims_.find("sub_id");
    if (own || common) {
      LATCHKEY_TRY(EventSubject subject, read_event_subject(own ? *own : *common, trust_.issuers));
      if (subject.empty()) event_.unresolved.push_back(nobody());
      return subject;
    }
    LATCHKEY_TRY(const std::string_view sub, item_text(claims_, "sub"));
    EventSubject subject;
    subject.users.push_back({trust_.issuers.front(), EntryKind::subject, sub, {}});
    return subject;
  }

  // A device, a tenant, a group: nothing that a revocation can name.
  UnresolvedSubject nobody() const {
    return {.issuer = trust_.issuers.front(), .format = "complex", .value = {}, .before = now_};
  }

  // Section 2.4: either of them or both. With a session, that session alone.
  ItemResult<EventSubject> logged_out() {
    LATCHKEY_TRY(const auto session, item_text_if_there(claims_, "sid"));
    LATCHKEY_TRY(const auto sub, item_text_if_there(claims_, "sub"));
    if (LATCHKEY_FAILS(set_logout_nobody, !session && !sub))
      return refuse(ItemFault::claim, "a logout without 'sid' and 'sub'");
    const std::string_view issuer = trust_.issuers.front();
    EventSubject subject;
    if (session) subject.sessions.push_back({issuer, EntryKind::session, *session, {}});
    if (sub) subject.users.push_back({issuer, EntryKind::subject, *sub, {}});
    subject.combined = session.has_value();
    return subject;
  }

  // When it happened: CAEP 1.0 section 2 `event_timestamp`, else RFC 8417 section 2.2 `toe`, else
  // when it was signed. What lies behind that, or is no date, counts for nothing (published
  // examples have milliseconds). Dates are whole seconds: what was issued in that very second may
  // have been issued before it.
  WallTime moment_of(const RevokingEvent& event, const JsonValue& payload) const {
    WallTime moment = event_.issued_at;
    if (event.effect != EventEffect::account) {
      auto said = payload.find("event_timestamp");
      if (!said) said = claims_.find("toe");
      const auto date = said ? claims::numeric_date(*said) : std::nullopt;
      const bool later = date && LATCHKEY_FAILS(set_moment_later, *date > moment);
      // No token of then is good for anything, so it cannot be meant.
      const bool useless =
          date && trust_.keep && LATCHKEY_FAILS(set_moment_useless, *date < moment - *trust_.keep);
      if (date && !later && !useless) moment = *date;
    }
    return std::chrono::floor<std::chrono::seconds>(moment) + std::chrono::seconds(1);
  }

  ItemResult<void> revoke_all(const std::vector<EventName>& all, WallTime before) {
    for (const EventName& name : all) {
      if (!name.format.empty()) {
        event_.unresolved.push_back(
            {std::string(name.issuer), std::string(name.format), std::string(name.value), before});
        continue;
      }
      const auto digest = names_.digest(name.kind, name.issuer, name.value);
      if (!digest) return refuse(ItemFault::memory, "a name could not be digested");
      Entry entry{.kind = name.kind, .digest = *digest};
      if (name.kind == EntryKind::subject) entry.before = before;
      // By the later of the two clocks: what it revokes may be as young as the signature.
      if (trust_.keep) entry.end = std::max(now_, event_.issued_at) + *trust_.keep;
      add(entry);
    }
    return {};
  }

  // Once for each name, however often the token says it.
  void add(const Entry& entry) {
    const auto same = std::find_if(
        event_.entries.begin(), event_.entries.end(),
        [&](const Entry& each) { return each.kind == entry.kind && each.digest == entry.digest; });
    if (same == event_.entries.end()) {
      event_.entries.push_back(entry);
    } else {
      same->before = std::max(same->before, entry.before);
    }
  }

  const JsonValue& claims_;
  bool logout_;
  const EventTrust& trust_;
  const Names& names_;
  WallTime now_;
  SecurityEvent event_;
};

}  // namespace

ItemResult<SecurityEvent> read_security_event(std::string_view bytes, std::string_view delivered_as,
                                              const EventTrust& trust, const Names& names,
                                              WallTime now, jose::Scratch& scratch) {
  LATCHKEY_TRY(const jose::VerifiedJws jws, verify_item(bytes, kTypes, trust.keys, scratch));
  const auto& allowed = trust.algorithms;
  if (LATCHKEY_FAILS(set_algorithm,
                     !allowed.empty() && std::find(allowed.begin(), allowed.end(),
                                                   jws.algorithm()) == allowed.end()))
    return refuse(ItemFault::signature, "by an algorithm that the issuer is not configured with");
  LATCHKEY_TRY(SecurityEvent event, EventReader(jws, trust, names, now).read(delivered_as));
  event.key_id = jws.key_id();
  return event;
}

std::optional<std::string_view> set_error_code(ItemFault fault) {
  switch (fault) {
    case ItemFault::key:
      return "invalid_key";
    case ItemFault::signature:
      return "authentication_failed";
    case ItemFault::issuer:
      return "invalid_issuer";
    case ItemFault::audience:
      return "invalid_audience";
    case ItemFault::subject:
      return "access_denied";
    case ItemFault::form:
    case ItemFault::type:
    case ItemFault::claim:
    case ItemFault::old:
    case ItemFault::expired:
    case ItemFault::bounds:
      return "invalid_request";
    case ItemFault::ahead:
    case ItemFault::memory:
      break;
  }
  return std::nullopt;
}

}  // namespace latchkey::revocation
