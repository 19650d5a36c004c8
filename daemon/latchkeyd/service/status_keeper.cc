// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/status_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/status_keeper_list.h"

namespace latchkey::latchkeyd {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSlewed{5};          // what two clocks differ by in good order
constexpr seconds kLookEvery{30};      // at the running logins
constexpr seconds kKeptWhile{86'400};  // after its last use; then a list is forgotten

bool has(const jose::JwkSet& set, std::string_view thumbprint) {
  const auto& keys = set.keys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const jose::Jwk& key) { return key.thumbprint() == thumbprint; });
}

}  // namespace

StatusKeeper::StatusKeeper(Parts parts) : parts_(std::move(parts)) {}

StatusKeeper::~StatusKeeper() = default;

// Finds the list's issuer and section in the configuration; false where it has none any more.
bool StatusKeeper::place(List& list) const {
  const auto issuer = config_->find_issuer(list.id.first);
  if (issuer < 0) return false;
  list.issuer = static_cast<std::size_t>(issuer);
  list.issuer_name = config_->issuers[list.issuer].config.name;
  const auto* source = config_->revocation.find_status_list(list.issuer_name, list.uri());
  if (source == nullptr) return false;
  list.source = *source;
  return true;
}

void StatusKeeper::configure(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  read_section_keys();
  for (const auto& [id, list] : std::map(lists_)) {
    const std::string digest = list->source.digest;
    if (!place(*list)) {
      drop(list, "no section takes it any more");
      continue;
    }
    if (!key_stands(*list)) list->token = nullptr;
    if (list->source.digest == digest) continue;
    ++list->round;  // whatever was asked for: it is asked for anew
    list->busy = false;
    list->failures = 0;
    list->etag.clear();
    list->last_modified.clear();
    if (list->token) date(*list, list->fetched);
    list->next_fetch = parts_.clock.steady();
  }
}

bool StatusKeeper::look_again() {
  read_section_keys();
  bool changed = false;
  for (const auto& [id, list] : lists_) {
    if (!list->token || key_stands(*list)) continue;
    parts_.journal.log(LogLevel::warning, "a status list is dropped: its key is gone",
                       {{"section", list->source.name}, {"uri", list->uri()}});
    list->token = nullptr;
    list->etag.clear();
    list->last_modified.clear();
    list->next_fetch = parts_.clock.steady();
    changed = true;
  }
  return changed;
}

void StatusKeeper::hurry() {
  for (const auto& [id, list] : lists_) list->next_fetch = parts_.clock.steady();
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

// Whether a key of the section's own still stands there; of an issuer's keys each decision asks.
bool StatusKeeper::key_stands(const List& list) const {
  if (!list.token || list.source.own_keys()) return true;
  const auto found = section_keys_.find(list.source.name);
  return found != section_keys_.end() && has(*found->second, list.token->key_id);
}

// Why a list that was signed by that key is not taken now; nothing where it is. A key that was
// revoked lists nobody as valid, whatever its issuer still shows.
std::optional<std::string> StatusKeeper::key_trouble(const List& list, std::string_view key) {
  const Keys keys = trusted(list);
  if (LATCHKEY_FAILS(tsl_key_left, keys == nullptr || !has(*keys, key)))
    return "the key that signed it is gone";
  if (LATCHKEY_FAILS(tsl_key_revoked, parts_.key_revoked && parts_.key_revoked(key)))
    return "the key that signed it is revoked";
  return std::nullopt;
}

StatusKeeper::Keys StatusKeeper::trusted(const List& list) {
  if (list.source.own_keys()) return parts_.issuer_keys(list.issuer);
  read_section_keys();
  const auto found = section_keys_.find(list.source.name);
  return found == section_keys_.end() ? nullptr : found->second;
}

// What the issuer's tokens are held to, its lists are, too.
std::vector<jose::Algorithm> StatusKeeper::algorithms_of(const List& list) const {
  if (!list.source.own_keys()) return {};
  return config_->issuers[list.issuer].config.algorithms;
}

// At the start of the daemon this is waited for, so that the first login knows what is revoked.
void StatusKeeper::take_up() {
  for (StatusStore::Stored& each : parts_.store.load(parts_.limits.lists, parts_.limits.bytes * 2))
    restore(std::move(each));
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
  const Keys keys = trusted(*list);
  if (stored.token.empty() || keys == nullptr) return;
  jose::Scratch scratch(stored.token.size());
  const auto algorithms = algorithms_of(*list);
  // It was good once. That its time is over, or that this clock is behind, takes nothing back.
  auto token = revocation::read_status_list_token(
      stored.token, list->uri(), {list->id.first, *keys, list->source.max_list_bytes, algorithms},
      list->accepted, std::nullopt, scratch);
  if (!token) {
    parts_.journal.log(
        LogLevel::warning, "a stored status list is not used",
        {{"section", list->source.name}, {"uri", list->uri()}, {"error", token.error().detail}});
    return;
  }
  if (!make_room(*list, false, token->list.bytes())) return;
  list->token = std::make_shared<const revocation::StatusListToken>(*std::move(token));
  // The list is written before its record.
  list->accepted = std::max(*list->accepted, list->token->issued_at);
  list->generation = ++generation_;
  list->etag = stored.record.etag;
  list->last_modified = stored.record.last_modified;
  // By a clock that is behind nobody can tell how old it is: it counts as too old.
  const bool behind = stored.record.fetched_at > now + kSlewed;
  const auto age = behind ? milliseconds(list->source.max_age)
                          : std::max(now - stored.record.fetched_at, milliseconds(0));
  date(*list, parts_.clock.steady() - age);
}

void StatusKeeper::tick() {
  if (parts_.clock.steady() >= next_look_) look_at_use();
  bool changed = false;
  for (const auto& [id, list] : lists_) changed = never_younger(*list) || changed;
  if (changed) parts_.hooks.publish([] {});
  ask_next();
}

// Whether the wall clock was set, so that the end of what is at hand had to follow.
bool StatusKeeper::never_younger(List& list) {
  if (!list.token) return false;
  const WallTime until = parts_.clock.wall() + std::chrono::duration_cast<milliseconds>(
                                                   list.usable_to - parts_.clock.steady());
  if (std::chrono::abs(until - list.usable_until) < kSlewed) return false;
  list.usable_until = until;
  return true;
}

// Which lists running logins refer to; those that nobody used for a day are forgotten.
void StatusKeeper::look_at_use() {
  const SteadyTime now = parts_.clock.steady();
  next_look_ = now + kLookEvery;
  const auto used = parts_.in_use ? parts_.in_use() : std::vector<Id>();
  const std::set<Id> in_use(used.begin(), used.end());
  for (const auto& [id, list] : std::map(lists_)) {
    list->in_use = in_use.contains(id);
    if (list->in_use) list->used = now;
    if (!list->busy && now - list->used >= kKeptWhile) drop(list, "nobody used it for a day");
  }
  // What a running login refers to is asked for whether it was ever at hand or not: after a restart
  // that lost it nobody else would, and the session would outlive its token.
  for (const Id& id : in_use) {
    if (lists_.contains(id)) continue;
    auto list = std::make_shared<List>();
    list->id = id;
    if (!place(*list) || crowded(*list)) continue;
    list->in_use = true;
    list->used = list->next_fetch = now;
    lists_[id] = list;
  }
}

void StatusKeeper::drop(const ListPtr& list, std::string_view why) {
  parts_.journal.log(LogLevel::info, "a status list is forgotten",
                     {{"section", list->source.name}, {"uri", list->uri()}, {"cause", why}});
  lists_.erase(list->id);
  parts_.builder.post([&store = parts_.store, issuer = list->id.first, uri = list->uri()] {
    store.remove(issuer, uri);
  });
  for (const auto& done : std::exchange(list->waiting, {})) done({false, std::string(why)});
}

void StatusKeeper::gather(Gathered& into) const {
  std::vector<revocation::HeldStatusList> held;
  for (const auto& [id, list] : lists_) {
    if (list->token)
      held.push_back({id.first, id.second, list->token, list->usable_until, list->generation});
  }
  into.statuses = std::make_shared<const revocation::StatusLists>(std::move(held));
}

std::vector<std::string> StatusKeeper::keys() const {
  std::vector<std::string> all;
  for (const auto& [section, keys] : section_keys_) {
    for (const jose::Jwk& key : keys->keys()) all.emplace_back(key.thumbprint());
  }
  return all;
}

}  // namespace latchkey::latchkeyd
