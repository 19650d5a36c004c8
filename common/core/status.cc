// SPDX-License-Identifier: Apache-2.0
#include "core/status.h"

#include <algorithm>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey {
namespace {

using revocation::HeldStatusList;
using revocation::TokenStatus;

// An issuer that withdraws a key says nothing by it any more. Of keys in a file of their own the
// keeper of the lists says that (`key_stands`).
bool still_trusted(const HeldStatusList& held, const config::StatusListSource& source,
                   std::size_t issuer, const Snapshot& snapshot) {
  if (!source.own_keys()) return true;
  if (issuer >= snapshot.keys.size() || snapshot.keys[issuer].keys == nullptr) return false;
  const auto& keys = snapshot.keys[issuer].keys->keys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const jose::Jwk& key) { return key.thumbprint() == held.token->key_id; });
}

bool signed_too_early(const HeldStatusList& held, const config::StatusListSource& source,
                      WallTime now) {
  return source.max_signed_age && now - held.token->issued_at > *source.max_signed_age;
}

// Why what is at hand does not say that the token is valid; nothing where it does.
std::optional<std::string> unknown(const HeldStatusList* held,
                                   const config::StatusListSource& source, std::size_t issuer,
                                   const Snapshot& snapshot, WallTime now) {
  if (LATCHKEY_FAILS(status_not_held, held == nullptr)) return "it is not at hand";
  if (held == nullptr) return std::nullopt;
  if (LATCHKEY_FAILS(status_lapsed, now >= held->usable_until))
    return "it was not fetched anew for too long";
  if (LATCHKEY_FAILS(status_list_expired, !held->token->in_force(now)))
    return "its 'exp' has passed";
  if (LATCHKEY_FAILS(status_signed_early, signed_too_early(*held, source, now)))
    return "it was signed longer ago than 'max_signed_age'";
  if (LATCHKEY_FAILS(status_key_stands, !held->key_stands)) return "the key that signed it is gone";
  if (LATCHKEY_FAILS(status_key_gone, !still_trusted(*held, source, issuer, snapshot)))
    return "the key that signed it is gone";
  if (LATCHKEY_FAILS(status_key_revoked, snapshot.revocations->key_revoked(held->token->key_id)))
    return "the key that signed it is revoked";
  return std::nullopt;
}

// Section 8.3 step 5: such a token is refused. A list that has grown since it was fetched has it.
bool beyond(const HeldStatusList* held, std::uint64_t index) {
  return held != nullptr && LATCHKEY_FAILS(status_out_of_range, index >= held->token->list.size());
}

bool refuses(const config::StatusListSource& source, std::string_view service) {
  return std::any_of(source.unknown_refuses.begin(), source.unknown_refuses.end(),
                     [&](const std::string& each) { return each == "*" || each == service; });
}

// By the rule of now: what it said when the token was read may have been found to be a mistake.
bool ignored(const claims::Claims& claims, const Snapshot& snapshot) {
  const auto issuer = snapshot.config->find_issuer(claims.issuer);
  return issuer >= 0 &&
         snapshot.config->issuers[static_cast<std::size_t>(issuer)].config.claims.status ==
             claims::StatusRule::ignore;
}

std::string list_text(const claims::Claims& claims, const config::StatusListSource& source) {
  return "status list " + quoted(claims.status_uri) + " of " + source.name;
}

}  // namespace

std::optional<Reason> status_revokes(const claims::Claims& claims, const Snapshot& snapshot) {
  if (claims.status_uri.empty() || snapshot.statuses == nullptr) return std::nullopt;
  if (ignored(claims, snapshot)) return std::nullopt;
  const HeldStatusList* held = snapshot.statuses->find(claims.issuer, claims.status_uri);
  if (held == nullptr) return std::nullopt;
  const TokenStatus status = held->token->list.at(claims.status_index);
  if (status == TokenStatus::valid || status == TokenStatus::unknown) return std::nullopt;
  // What an application means by other values is not known here, so they are no good ones.
  const bool suspended = status == TokenStatus::suspended;
  if (suspended && LATCHKEY_FAILS(status_suspended, true)) return Reason::status_suspended;
  if (!suspended && LATCHKEY_FAILS(status_revoked, true)) return Reason::status_revoked;
  return std::nullopt;
}

StatusAnswer check_status(const claims::Claims& claims, std::string_view service, bool gate,
                          const Snapshot& snapshot, WallTime now) {
  if (claims.status_uri.empty() || ignored(claims, snapshot)) return {};
  const auto issuer = snapshot.config->find_issuer(claims.issuer);
  const auto place = static_cast<std::size_t>(std::max<std::ptrdiff_t>(issuer, 0));
  const std::string_view name =
      issuer < 0 ? std::string_view() : snapshot.config->issuers[place].config.name;
  const auto* source = snapshot.config->revocation.find_status_list(name, claims.status_uri);
  const HeldStatusList* held = snapshot.statuses->find(claims.issuer, claims.status_uri);
  const auto need = [&] {
    return StatusNeed{.issuer = std::string(name),
                      .uri = std::string(claims.status_uri),
                      .seen = held != nullptr ? held->generation : 0};
  };
  if (const auto reason = status_revokes(claims, snapshot)) {
    StatusAnswer answer{.outcome = fail(*reason, "by status list " + quoted(claims.status_uri))};
    // A newer one could say otherwise, where this one has no say about others any more.
    if (gate && source != nullptr && unknown(held, *source, place, snapshot, now))
      answer.need = need();
    return answer;
  }
  if (!gate) return {};
  if (LATCHKEY_FAILS(status_no_source, source == nullptr)) {
    return {.outcome =
                fail(Reason::status_list_unknown, "status list " + quoted(claims.status_uri) +
                                                      " of issuer " + std::string(name))};
  }
  if (source == nullptr) return {};
  auto why = unknown(held, *source, place, snapshot, now);
  const bool no_index = !why && beyond(held, claims.status_index);
  if (no_index) why = "it has no status at the token's index";
  if (!why) return {};
  StatusAnswer answer;
  answer.need = need();
  std::string text = list_text(claims, *source) + ": " + *why;
  if (no_index || LATCHKEY_FAILS(status_refuses, refuses(*source, service))) {
    answer.outcome = fail(Reason::status_unknown, std::move(text));
  } else {
    answer.note = "the token's status is not known: " + std::move(text);
  }
  return answer;
}

}  // namespace latchkey
