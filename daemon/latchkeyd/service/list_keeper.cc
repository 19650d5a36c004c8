// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/list_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "core/jose/sha256.h"
#include "daemon/latchkeyd/service/list_keeper_list.h"

namespace latchkey::latchkeyd {

using revocation::Feed;
using revocation::FeedState;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSlewed{5};  // what two clocks differ by in good order
constexpr seconds kIdle{3'600};

seconds seconds_of(SteadyTime::duration time) { return std::chrono::duration_cast<seconds>(time); }

std::string joined(const std::vector<std::string>& services) {
  std::string text;
  for (const std::string& each : services) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

}  // namespace

ListKeeper::ListKeeper(Parts parts)
    : parts_(std::move(parts)),
      work_(std::make_shared<ListWork>(parts_.store, parts_.secret)),
      scratch_(std::make_unique<jose::Scratch>()) {}

ListKeeper::~ListKeeper() = default;

void ListKeeper::configure(std::shared_ptr<const config::Config> config) {
  const std::vector<ListPtr> old = std::exchange(lists_, {});
  const bool first = !std::exchange(started_, true);
  for (const config::ListSource& section : config->revocation.lists) {
    const auto kept = std::find_if(old.begin(), old.end(), [&](const ListPtr& list) {
      return list->name() == section.feed.name && list->config.issuer == section.issuer;
    });
    if (kept != old.end()) {
      lists_.push_back(*kept);
      adopt(**kept, section);
      continue;
    }
    auto list = std::make_shared<List>();
    list->config = section;
    list->place = jose::sha256_hex(section.issuer).value_or("");
    list->feed.policy = section.feed;
    list->next_fetch = parts_.clock.steady();
    static_cast<void>(read_keys(*list));
    lists_.push_back(list);
    start(list, first);
  }
}

// What is on disk serves before anybody is let in: at the start of the daemon that is waited for.
void ListKeeper::start(const ListPtr& list, bool wait) {
  const auto load = [work = work_, &store = parts_.store, place = list->place,
                     config = list->config, now = parts_.clock.wall()]()
      -> std::pair<std::optional<ListRecord>, ListWork::Result<ListWork::Standing>> {
    const auto nothing = [](std::string why) {
      return tl::unexpected(Fault{revocation::ListFault::no_way, std::move(why)});
    };
    auto record = store.load(place);
    if (!record) return {std::nullopt, nothing("")};
    if (record->issuer != config.issuer) return {std::nullopt, nothing("")};
    const auto keys = list_keys(config);
    if (!keys) return {std::move(record), nothing("the keys of the list: " + keys.error())};
    auto standing = work->load(place, *record, *keys, now);
    return {std::move(record), std::move(standing)};
  };
  const auto take_up = [this](List& of, std::optional<ListRecord> record,
                              ListWork::Result<ListWork::Standing> standing) {
    of.busy = false;
    if (record) {
      of.accepted = record->accepted;
      of.url = record->url;
      of.etag = record->etag;
      of.last_modified = record->last_modified;
      loaded(of, std::move(standing));
    }
    note_state(of);
  };
  if (wait) {
    auto [record, standing] = load();
    return take_up(*list, std::move(record), std::move(standing));
  }
  list->busy = true;
  parts_.builder.post([this, list, load, take_up, control = &parts_.control] {
    auto result = std::make_shared<decltype(load())>(load());
    control->post([this, list, result, take_up] {
      on_control(list, [&] {
        take_up(*list, std::move(result->first), std::move(result->second));
        publish(nullptr);
        if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
      });
    });
  });
}

void ListKeeper::loaded(List& list, ListWork::Result<ListWork::Standing> standing) {
  if (standing) {
    take(list, *std::move(standing));
    check_keys(list);
    if (!list.present() || list.url != list.config.url) return;
    // It was asked for while the daemon ran before: hosts that start together need not ask
    // together.
    const auto quarter = list.feed.known->max_age / 4;
    const auto left = quarter - seconds_of(parts_.clock.steady() - list.dated);
    const seconds spread(parts_.hooks.random() % 5U);
    list.next_fetch = parts_.clock.steady() + std::max(left, spread);
    return;
  }
  list.last_error = fmt::format("{}: {}", revocation::list_fault_name(standing.error().fault),
                                standing.error().detail);
  parts_.journal.log(
      LogLevel::error,
      "a stored revocation list cannot be used and is fetched anew; no older version "
      "than the stored one is taken",
      {called(list), {"error", *list.last_error}});
}

// The same list, perhaps elsewhere, or under other keys.
void ListKeeper::adopt(List& list, const config::ListSource& config) {
  const bool elsewhere = list.config.url != config.url || list.config.ca_file != config.ca_file ||
                         list.config.tls_pins != config.tls_pins ||
                         list.config.proxy != config.proxy;
  list.config = config;
  list.feed.policy = config.feed;
  check_keys(list);
  if (!elsewhere) return;
  list.failures = 0;
  list.again = list.busy;
  list.next_fetch = parts_.clock.steady();
}

tl::expected<jose::JwkSet, std::string> ListKeeper::read_keys(List& list) {
  auto keys = list_keys(list.config);
  if (!keys) return keys;
  list.keys.clear();
  for (const jose::Jwk& key : keys->keys()) list.keys.emplace_back(key.thumbprint());
  return keys;
}

// Whether nothing changed: the list's keys are as they were, and all that signed what is at work
// are among them. Whoever takes a key away says that it is not to be believed any more; where
// the keys cannot be read, nobody said anything. What an issuer's key set says of the key counts
// for nothing here, since anybody can write a public key into a set of his own (KeyKeeper::bar).
bool ListKeeper::check_keys(List& list) {
  const auto before = list.keys;
  if (!read_keys(list)) return true;
  end_round_of_gone_key(list);
  if (!list.present()) return list.keys == before;
  const auto& signed_by = list.standing.keys;
  const bool all = std::all_of(signed_by.begin(), signed_by.end(),
                               [&](const std::string& key) { return list.has_key(key); });
  if (!LATCHKEY_FAILS(list_key_withdrawn, !all)) return list.keys == before;
  withdraw(list, "a key that signed it, or what it was built over, is no longer one of the list's");
  return false;
}

// What is on its way was signed by somebody who is no longer believed.
void ListKeeper::end_round_of_gone_key(List& list) {
  if (!list.round) return;
  const bool there = list.has_key(list.round->order.manifest.key_id);
  if (!LATCHKEY_FAILS(list_key_withdrawn, !there)) return;
  refused(list, {revocation::ListFault::key,
                 "the key that signed what was coming is no longer one of the list's"});
  list.next_fetch = parts_.clock.steady();
}

void ListKeeper::withdraw(List& list, std::string_view why) {
  give_back(std::move(list.standing.source));
  list.standing = {};
  list.feed.known.reset();
  list.last_error = std::string(why);
  list.next_fetch = parts_.clock.steady();
  parts_.journal.log(LogLevel::error, "a revocation list is withdrawn",
                     {called(list), {"error", why}});
}

void ListKeeper::take(List& list, ListWork::Standing standing) {
  const revocation::ListManifest& manifest = standing.manifest();
  const WallTime now = parts_.clock.wall();
  list.accepted = manifest.state();
  list.feed.known = Feed::Known{manifest.issued_at, manifest.issued_at, manifest.max_age};
  // One from the near future, by a clock that is behind, is of now.
  list.dated = parts_.clock.steady() - std::max(now - manifest.issued_at, milliseconds(0));
  list.standing = std::move(standing);
}

// Whether the wall clock was set, so that the date of what is known had to follow.
bool ListKeeper::never_younger(List& list) {
  if (!list.feed.known) return false;
  Feed::Known& known = *list.feed.known;
  const auto age = std::chrono::duration_cast<milliseconds>(parts_.clock.steady() - list.dated);
  const WallTime date = std::min(known.issued_at, parts_.clock.wall() - age);
  if (std::chrono::abs(date - known.as_of) < kSlewed) return false;
  known.as_of = date;
  return true;
}

LogField ListKeeper::called(const List& list) const {
  return {parts_.snapshots ? "snapshot" : "list", list.name()};
}

// Loudly, but once for each turn.
void ListKeeper::note_state(List& list) {
  if (parts_.snapshots) return;
  const FeedState state = revocation::feed_state(list.feed, parts_.clock.wall());
  if (std::exchange(list.said, state) == state) return;
  if (state == FeedState::fresh)
    return parts_.journal.log(LogLevel::notice, "a revocation list is fresh", {called(list)});
  const bool stale = state == FeedState::stale;
  const auto& policy = list.feed.policy;
  parts_.journal.log(
      LogLevel::error,
      stale ? "a revocation list is stale: what was revoked since is not known here"
            : "a revocation list is absent: nothing of it was ever accepted, or it cannot be read",
      {called(list), {"refuses", joined(stale ? policy.stale_refuses : policy.absent_refuses)}});
}

bool ListKeeper::look_again() {
  bool changed = false;
  for (const ListPtr& list : lists_) changed = !check_keys(*list) || changed;
  return changed;
}

void ListKeeper::hurry() {
  for (const ListPtr& list : lists_) {
    if (list->busy) continue;
    list->next_fetch = parts_.clock.steady();
  }
}

void ListKeeper::hurry(const std::string& name) {
  for (const ListPtr& list : lists_) {
    if (list->name() == name && !list->busy) list->next_fetch = parts_.clock.steady();
  }
}

const ListWork::Standing* ListKeeper::standing(const std::string& name) const {
  for (const ListPtr& list : lists_) {
    if (list->name() == name && list->present()) return &list->standing;
  }
  return nullptr;
}

void ListKeeper::tick() {
  bool older = false;
  for (const ListPtr& list : lists_) {
    older = never_younger(*list) || older;
    note_state(*list);
  }
  if (older) publish(nullptr);
  const SteadyTime now = parts_.clock.steady();
  for (const ListPtr& list : std::vector(lists_)) {
    if (!list->busy && now >= list->next_fetch) ask(list);
  }
}

SteadyTime ListKeeper::next_tick() const {
  SteadyTime next = parts_.clock.steady() + kIdle;
  for (const ListPtr& list : lists_) {
    if (!list->busy) next = std::min(next, list->next_fetch);
  }
  return next;
}

void ListKeeper::gather(Gathered& into) const {
  for (const ListPtr& list : lists_) {
    if (list->present()) into.add(list->standing.source, "list " + list->name());
    into.feeds.push_back(list->feed);
  }
}

std::vector<std::string> ListKeeper::keys() const {
  std::vector<std::string> all;
  for (const ListPtr& list : lists_) all.insert(all.end(), list->keys.begin(), list->keys.end());
  return all;
}

std::vector<RevocationSourceState> ListKeeper::states() const {
  std::vector<RevocationSourceState> all;
  for (const ListPtr& list : lists_) {
    RevocationSourceState state;
    state.kind = "list";
    state.feed = list->feed;
    if (list->accepted) state.version = list->accepted->version;
    if (list->present()) {
      state.base_entries = list->standing.source->base_size();
      state.delta_entries = list->standing.source->delta_size();
      state.bytes = list->standing.source->bytes();
    }
    state.attempted_at = list->attempted_at;
    state.last_error = list->last_error;
    if (!list->busy) state.next_fetch = list->next_fetch;
    all.push_back(std::move(state));
  }
  return all;
}

// A large set takes a moment to give back: that is the builder's to do.
void ListKeeper::give_back(std::shared_ptr<const revocation::Source> old) {
  if (old) parts_.builder.post([old = std::move(old)]() mutable { old.reset(); });
}

void ListKeeper::publish(std::shared_ptr<const revocation::Source> old) {
  parts_.hooks.publish([builder = &parts_.builder, old = std::move(old)]() mutable {
    if (old) builder->post([old = std::move(old)]() mutable { old.reset(); });
  });
}

}  // namespace latchkey::latchkeyd
