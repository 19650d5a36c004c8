// SPDX-License-Identifier: Apache-2.0
//
// Whose key signed a list, what remains of the list when that key is gone, and what a restart makes
// of it. A key that is gone says of nobody any more that a token is valid; what it revoked stays
// revoked, until a list by a key of then says otherwise.
#include <algorithm>
#include <utility>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/status_keeper_list.h"

namespace latchkey::latchkeyd {

using revocation::ItemFault;
using revocation::ItemResult;
using revocation::StatusListToken;
using std::chrono::milliseconds;

namespace {

bool has(const jose::JwkSet& set, std::string_view thumbprint) {
  return set.find_thumbprint(thumbprint) != nullptr;
}

}  // namespace

bool StatusKeeper::look_again() {
  read_section_keys();
  bool changed = false;
  for (const auto& [id, list] : lists_) changed = heed_key(*list) || changed;
  return changed;
}

// A file that cannot be read says nothing, so the keys that it had stay.
void StatusKeeper::read_section_keys() {
  std::map<std::string, Keys> all;
  for (const config::StatusListSource& section : config_->revocation.status_lists) {
    if (section.own_keys()) continue;
    auto keys = status_keys(section);
    if (keys) {
      all[section.name] = std::make_shared<const jose::JwkSet>(*std::move(keys));
    } else if (const auto before = section_keys_.find(section.name);
               before != section_keys_.end()) {
      all[section.name] = before->second;
    }
  }
  section_keys_ = std::move(all);
}

// Of an issuer's own keys each decision asks.
bool StatusKeeper::key_stands(const List& list) const {
  if (!list.token) return true;
  if (list.distrusted) return false;
  if (list.source.own_keys()) return true;
  const Keys keys = trusted_at_hand(list);
  return keys != nullptr && has(*keys, list.token->key_id);
}

// Whether that is otherwise than it was. The list stays: to drop it would take back what it
// revokes.
bool StatusKeeper::heed_key(List& list) const {
  const bool stands = key_stands(list);
  if (stands == std::exchange(list.stood, stands)) return false;
  if (!stands) {
    parts_.journal.log(LogLevel::warning,
                       "the key of a status list is gone: by it nobody is valid, and what it "
                       "revokes stays revoked",
                       {{"section", list.source.name}, {"uri", list.uri()}});
    list.etag.clear();
    list.last_modified.clear();
    list.next_fetch = parts_.clock.steady();
  }
  return true;
}

// Why a list that was signed by that key lists nobody as valid now; nothing where it does. A key
// that was revoked does not, whatever its issuer still shows.
std::optional<std::string> StatusKeeper::key_trouble(const List& list, std::string_view key) const {
  const Keys keys = trusted_at_hand(list);
  if (LATCHKEY_FAILS(tsl_key_left, keys == nullptr || !has(*keys, key)))
    return "the key that signed it is gone";
  if (LATCHKEY_FAILS(tsl_key_revoked, parts_.key_revoked && parts_.key_revoked(key)))
    return "the key that signed it is revoked";
  return std::nullopt;
}

// Why the list at hand says of nobody that a token is valid, but for its age; as a decision says
// it.
std::optional<std::string> StatusKeeper::trouble(const List& list) const {
  if (!list.token) return std::nullopt;
  const WallTime now = parts_.clock.wall();
  if (!list.token->in_force(now)) return "its 'exp' has passed";
  if (list.source.max_signed_age && now - list.token->issued_at > *list.source.max_signed_age)
    return "it was signed longer ago than 'max_signed_age'";
  if (!key_stands(list)) return "the key that signed it is gone";
  return key_trouble(list, list.token->key_id);
}

std::vector<std::string> StatusKeeper::revoked_of(const jose::JwkSet& keys) const {
  std::vector<std::string> all;
  for (const jose::Jwk& key : keys.keys())
    if (parts_.key_revoked && parts_.key_revoked(key.thumbprint())) all.push_back(key.thumbprint());
  return all;
}

StatusKeeper::Keys StatusKeeper::trusted(const List& list) {
  if (!list.source.own_keys()) read_section_keys();
  return trusted_at_hand(list);
}

StatusKeeper::Keys StatusKeeper::trusted_at_hand(const List& list) const {
  if (list.source.own_keys()) return parts_.issuer_keys(list.issuer);
  const auto found = section_keys_.find(list.source.name);
  return found == section_keys_.end() ? nullptr : found->second;
}

// What the issuer's tokens are held to, its lists are, too.
std::vector<jose::Algorithm> StatusKeeper::algorithms_of(const List& list) const {
  if (!list.source.own_keys()) return {};
  return config_->issuers[list.issuer].config.algorithms;
}

// The date that a new list may not be behind. What was signed ahead of the clock by a key that is
// revoked keeps out none that was signed after it came. One that is only gone was good.
std::optional<WallTime> StatusKeeper::accepted_by(const List& list) const {
  const bool stolen = list.token && parts_.key_revoked && parts_.key_revoked(list.token->key_id);
  if (!list.accepted || !stolen) return list.accepted;
  return *list.accepted - list.ahead;
}

// At the start of the daemon this is waited for, so that the first login knows what is revoked.
void StatusKeeper::take_up() {
  for (StatusStore::Stored& each : parts_.store.load(parts_.limits.lists, parts_.limits.bytes * 2))
    restore(std::move(each));
}

// It was good once. That its time is over, that this clock is behind, or that its key is gone since
// or not at hand yet takes nothing back. Where there are keys of now, and not this one, the one
// that is stored beside it tells what it revoked, and no more than that.
ItemResult<StatusListToken> StatusKeeper::read_stored(List& list,
                                                      const StatusStore::Stored& stored) {
  const auto read = [&](const jose::JwkSet& keys, const std::vector<jose::Algorithm>& algorithms) {
    jose::Scratch scratch(stored.token.size());
    return revocation::read_status_list_token(
        stored.token, list.uri(), {list.id.first, keys, list.source.max_list_bytes, algorithms},
        list.accepted, std::nullopt, scratch);
  };
  const Keys keys = trusted(list);
  const auto kept = jose::JwkSet::parse(stored.record.key);
  if (keys == nullptr && !kept)
    return revocation::refuse(ItemFault::key, "there are no keys to verify it with");
  auto token = read(keys != nullptr ? *keys : *kept, algorithms_of(list));
  if (token || !kept) return token;
  auto once = read(*kept, {});
  if (!once) return token;
  list.distrusted = true;
  parts_.journal.log(
      LogLevel::warning,
      "the key of a stored status list is gone: by it nobody is valid, what it revokes stays "
      "revoked",
      {{"section", list.source.name}, {"uri", list.uri()}, {"error", token.error().detail}});
  return once;
}

void StatusKeeper::restore(StatusStore::Stored stored) {
  auto list = std::make_shared<List>();
  list->id = {stored.record.issuer, stored.record.uri};
  if (!place(*list)) return parts_.store.remove(list->id.first, list->uri());
  const WallTime now = parts_.clock.wall();
  list->accepted = stored.record.issued_at;
  list->used = parts_.clock.steady();
  list->next_fetch = parts_.clock.steady();
  lists_[list->id] = list;
  if (stored.token.empty()) return;
  auto token = read_stored(*list, stored);
  if (!token) {
    parts_.journal.log(
        LogLevel::warning, "a stored status list is not used",
        {{"section", list->source.name}, {"uri", list->uri()}, {"error", token.error().detail}});
    return;
  }
  if (!make_room(*list, false, token->list.bytes())) return;
  list->token = std::make_shared<const StatusListToken>(*std::move(token));
  // The list is written before its record.
  list->accepted = std::max(*list->accepted, list->token->issued_at);
  list->generation = ++generation_;
  list->etag = stored.record.etag;
  list->last_modified = stored.record.last_modified;
  // By a clock that is behind nobody can tell how old it is: it counts as too old.
  const bool behind = stored.record.fetched_at > now + kStatusSlewed;
  const auto age = behind ? milliseconds(list->source.max_age)
                          : std::max(now - stored.record.fetched_at, milliseconds(0));
  date(*list, parts_.clock.steady() - age);
  list->stood = key_stands(*list);
  if (!list->stood) list->next_fetch = parts_.clock.steady();
  list->key = std::move(stored.record.key);
  if (const Keys keys = trusted_at_hand(*list); keys != nullptr && !list->distrusted) {
    // Of now, in the place of a record of before, or of one that is older than its list.
    std::string text = encode_status_key(*keys, list->token->key_id);
    if (text.empty()) text = list->key;
    if (text != std::exchange(list->key, text)) keep_dates(*list);
  }
}

}  // namespace latchkey::latchkeyd
