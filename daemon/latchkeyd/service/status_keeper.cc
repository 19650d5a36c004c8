// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/status_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/service/status_keeper_list.h"

namespace latchkey::latchkeyd {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kLookEvery{30};      // at the running logins
constexpr seconds kKeptWhile{86'400};  // after its last use; then a list is forgotten

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
  reload_again_.clear();
  read_section_keys();
  for (const auto& [id, list] : std::map(lists_)) {
    const std::string digest = list->source.digest;
    if (!place(*list)) {
      drop(list, "no section takes it any more");
      continue;
    }
    heed_key(*list);
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

void StatusKeeper::hurry() {
  for (const auto& [id, list] : lists_) list->next_fetch = parts_.clock.steady();
}

void StatusKeeper::tick() {
  if (parts_.clock.steady() >= next_look_) look_at_use();
  bool changed = false;
  for (const auto& [id, list] : lists_) {
    if (!never_younger(*list)) continue;
    keep_dates(*list);  // a restart reads them by the clock that was set
    changed = true;
  }
  if (changed) parts_.hooks.publish([] {});
  ask_next();
}

// Whether the wall clock was set, so that the end of what is at hand had to follow.
bool StatusKeeper::never_younger(List& list) {
  if (!list.token) return false;
  const WallTime until = parts_.clock.wall() + std::chrono::duration_cast<milliseconds>(
                                                   list.usable_to - parts_.clock.steady());
  if (std::chrono::abs(until - list.usable_until) < kStatusSlewed) return false;
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
  list->answer_all({false, std::string(why)});
}

void StatusKeeper::gather(Gathered& into) const {
  std::vector<revocation::HeldStatusList> held;
  for (const auto& [id, list] : lists_) {
    if (list->token)
      held.push_back({id.first, id.second, list->token, list->usable_until, list->generation,
                      key_stands(*list)});
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
