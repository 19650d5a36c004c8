// SPDX-License-Identifier: Apache-2.0
//
// One question for a status list: who asks for it, what came, when it is asked for again, and what
// those who waited are told.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/status_keeper_list.h"

namespace latchkey::latchkeyd {

using revocation::ItemFault;
using revocation::ItemResult;
using revocation::StatusListToken;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kPause{1'000};  // after the first failure; then doubled
constexpr milliseconds kPauseMost{30'000};
constexpr seconds kRetryAfterMost{300};
// A list serves so long whatever its `ttl` says, and a decision that wants a newer one than that
// has none.
constexpr seconds kServesLeast{10};
constexpr seconds kAskLeast{5};
constexpr std::size_t kWaitersMost = 4'096;  // of one list; far above what the workers hold open
constexpr milliseconds kUnreachable{250};    // after the first time that fetchd was not there
constexpr milliseconds kUnreachableMost{2'000};
constexpr seconds kReloadPause{30};  // where ours was read anew, and fetchd's is another still

// Without what is quoted, which a server can choose anew each time, and without numbers, which
// differ by themselves ("timed out after 9996 milliseconds"), but for the status that it answered.
std::string cause_of(std::string why) {
  why.resize(std::min(why.find_first_of("\"'"), why.size()));
  if (why.find("HTTP status") == std::string::npos)
    std::erase_if(why, [](char c) { return c >= '0' && c <= '9'; });
  return why;
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

StatusKeeper::ListPtr StatusKeeper::find_or_add(const StatusNeed& need) {
  const auto issuer = config_->find_issuer_by_name(need.issuer);
  if (issuer < 0) return nullptr;
  const std::string& iss = config_->issuers[static_cast<std::size_t>(issuer)].config.issuer;
  if (const auto found = lists_.find({iss, need.uri}); found != lists_.end()) return found->second;
  auto list = std::make_shared<List>();
  list->id = {iss, need.uri};
  if (!place(*list) || !make_room(*list, true, 0)) return nullptr;
  list->next_fetch = parts_.clock.steady();
  lists_[list->id] = list;
  return list;
}

void StatusKeeper::request(const StatusNeed& need, std::function<void(StatusReply)> done) {
  const ListPtr list = find_or_add(need);
  if (!list) return done({false, "there is no place for one more status list, or no section"});
  const SteadyTime now = parts_.clock.steady();
  list->used = now;
  // The worker has it by the time that it hears of this.
  if (list->token && list->generation > need.seen) return done({true, {}});
  if (!list->busy) {
    if (list->failures > 0 && now < list->next_fetch)
      return done({false, list->last_error.value_or("it could not be had a moment ago")});
    if (list->token && now - list->fetched < kServesLeast)
      return done({false, "it was fetched a moment ago"});
  }
  forget_waiting(*list);
  if (list->waiting.size() >= kWaitersMost) return done({false, "too many wait for it already"});
  list->waiting.push_back({std::move(done), now + kStatusWaitMost});
  list->next_fetch = std::min(list->next_fetch, now);
  ask_next();
}

void StatusKeeper::ask(const ListPtr& list) {
  list->busy = true;
  list->attempted_at = parts_.clock.wall();
  // Where it is not durable, or counts for what it revokes alone, the whole of it is asked for.
  const bool there = list->token && !list->unstored && !list->distrusted &&
                     !key_trouble(*list, list->token->key_id);
  parts_.fetcher.fetch_status_list(
      {.section = list->source.name,
       .digest = list->source.digest,
       .uri = list->uri(),
       .etag = there ? list->etag : std::string(),
       .last_modified = there ? list->last_modified : std::string(),
       .timeout = list->source.fetch_timeout},
      [this, weak = std::weak_ptr(list), round = ++list->round](const FetchResult& result) {
        const auto owner = weak.lock();  // gone with its section, or for another
        if (owner) on_control(owner, round, [&] { answered(owner, result); });
      });
}

void StatusKeeper::answered(const ListPtr& list, const FetchResult& result) {
  using Status = FetchResult::Status;
  if (result.status == Status::unreachable) return unreachable(list, result);
  list->unreachable = 0;
  if (result.status == Status::ok) {
    return read(list, std::make_shared<const Came>(
                          Came{std::string(result.body), result.etag, result.last_modified}));
  }
  if (result.status == Status::not_modified && list->token) return confirmed(list, result);
  if (result.status == Status::busy) return put_off(list, result);
  if (result.status == Status::reload) return reload(list, result);
  failed(list,
         result.error.empty() ? "the server says that what is at hand is right, and nothing is"
                              : result.error,
         result.retry_after);
}

// Once for each configuration, and then from time to time: where it is fetchd that cannot load its
// own, each list would have all of ours read anew.
void StatusKeeper::reload(const ListPtr& list, const FetchResult& result) {
  const std::uint64_t round = list->round;
  const SteadyTime now = parts_.clock.steady();
  SteadyTime& again = reload_again_[list->source.name];
  if (now >= again) {
    again = now + kReloadPause;
    parts_.hooks.reload();
  }
  // configure() may have dropped it, or had it asked for anew.
  on_control(list, round, [&] { failed(list, result.error, result.retry_after); });
}

// latchkey-fetchd is not there, or went away: no server was asked, so that is no failure of the
// list. Those who wait are heard once more, for it may have been restarted.
void StatusKeeper::unreachable(const ListPtr& list, const FetchResult& result) {
  const unsigned doublings = std::min(list->unreachable++, 8U);
  const milliseconds pause = std::min(kUnreachable * (1 << doublings), kUnreachableMost);
  list->busy = false;
  put_off_[list->source.name] = parts_.clock.steady() + pause;
  complain(*list, result.error, pause);
  list->last_error = result.error;
  if (doublings > 0) list->answer_all({false, result.error});
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

// Nobody was asked, so nothing is known of the list: its turn comes again, and whoever waits for it
// goes on waiting.
void StatusKeeper::put_off(const ListPtr& list, const FetchResult& result) {
  list->busy = false;
  put_off_[list->source.name] = parts_.clock.steady() + result.retry_after.value_or(seconds(1));
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

void StatusKeeper::read(const ListPtr& list, std::shared_ptr<const Came> came) {
  Keys keys = trusted(*list);
  if (keys == nullptr) return failed(list, "there are no keys to verify it with");
  parts_.builder.post([this, list, came = std::move(came), keys, now = parts_.clock.wall(),
                       accepted = accepted_by(*list), at_hand = list->token, round = list->round,
                       most = list->source.max_list_bytes, algorithms = algorithms_of(*list),
                       revoked = revoked_of(*keys), control = &parts_.control,
                       &store = parts_.store]() mutable {
    jose::Scratch scratch(came->token.size());
    auto verified = std::make_shared<Verified>(Verified{revocation::read_status_list_token(
        came->token, list->uri(), {list->id.first, *keys, most, algorithms}, accepted, now,
        scratch)});
    auto& token = verified->token;
    // Dates are in seconds, and of two lists of one second nobody knows which is the later one.
    if (token && at_hand && at_hand->issued_at == token->issued_at &&
        LATCHKEY_FAILS(tsl_same_time, at_hand->list.taken_back_by(token->list)))
      token = revocation::refuse(ItemFault::old, "one with the same 'iat' revokes more");
    if (token && LATCHKEY_FAILS(tsl_key_revoked, contains(revoked, token->key_id)))
      token = revocation::refuse(ItemFault::key, "the key that signed it is revoked");
    if (token) {
      // Before it is in force: whoever dies in between has lost nothing that anybody was told.
      verified->key = encode_status_key(*keys, token->key_id);
      verified->number = ++list->puts;
      verified->kept = store.put({list->id.first, list->uri(), token->issued_at, now, came->etag,
                                  came->last_modified, verified->key},
                                 came->token);
    }
    control->post([this, list, came = std::move(came), verified, round] {
      // Another question was asked since, by another configuration: this answer is nobody's.
      if (list->round != round && verified->kept) undo(list, *verified);
      on_control(list, round, [&] { was_read(list, came, *verified); });
    });
  });
}

// An issuer may sign its lists with a key that it made since its keys were fetched.
void StatusKeeper::was_read(const ListPtr& list, std::shared_ptr<const Came> came,
                            Verified& verified) {
  auto& token = verified.token;
  // Keys may have been taken away while it was read.
  if (token) {
    if (!list->source.own_keys()) read_section_keys();
    if (auto why = key_trouble(*list, token->key_id)) {
      undo(list, verified);
      token = revocation::refuse(ItemFault::key, *std::move(why));
    }
  }
  if (token) return take(list, came, std::move(verified));
  const auto& error = token.error();
  if (error.fault == ItemFault::key && list->source.own_keys() && !came->keys_asked &&
      parts_.newer_keys) {
    Came again = *came;
    again.keys_asked = true;
    auto next = std::make_shared<const Came>(std::move(again));
    return parts_.newer_keys(list->issuer_name,
                             [this, weak = std::weak_ptr(list), next, round = list->round] {
                               const auto owner = weak.lock();
                               if (owner) on_control(owner, round, [&] { read(owner, next); });
                             });
  }
  failed(list, fmt::format("{}: {}", revocation::item_fault_name(error.fault), error.detail));
}

// In force whether it could be stored or not; then the whole of it is asked for again, so that it
// is stored as soon as it can be.
void StatusKeeper::take(const ListPtr& list, const std::shared_ptr<const Came>& came,
                        Verified verified) {
  StatusListToken& token = *verified.token;
  if (!make_room(*list, false, token.list.bytes())) {
    undo(list, verified);
    return failed(list, "there is no room for it beside those that running logins refer to");
  }
  const bool news = !list->token || list->token->issued_at != token.issued_at;
  const auto ahead = std::chrono::ceil<seconds>(token.issued_at - parts_.clock.wall());
  list->ahead = std::max<milliseconds>(ahead, milliseconds(0));
  list->accepted = token.issued_at;
  list->token = std::make_shared<const StatusListToken>(std::move(token));
  list->key = std::move(verified.key);
  list->stood = true;
  list->distrusted = false;
  list->etag = came->etag;
  list->last_modified = came->last_modified;
  date(*list, parts_.clock.steady());
  if (news) {
    parts_.journal.log(LogLevel::notice, "a status list is in force",
                       {{"section", list->source.name},
                        {"uri", list->uri()},
                        {"issuer", list->issuer_name},
                        {"entries", fmt::format("{}", list->token->list.size())},
                        {"bits", fmt::format("{}", list->token->list.bits())},
                        {"key_id", list->token->key_id}});
  }
  list->unstored = !verified.kept || !*verified.kept;
  if (verified.kept) stored(*verified.kept);
  parts_.builder.post([list, &store = parts_.store] { store.settle(list->id.first, list->uri()); });
  succeeded(list);
}

// It was stored and is not taken: a restart finds what is at hand.
void StatusKeeper::undo(const ListPtr& list, const Verified& verified) {
  on_control(list, list->round, [&] {  // one that was dropped has nothing there any more
    // Where it could not be stored, what was there before is gone with it.
    if (verified.kept && !*verified.kept) list->unstored = true;
    if (verified.kept) stored(*verified.kept);
    parts_.builder.post([list, number = verified.number, &store = parts_.store] {
      if (list->puts == number) store.undo(list->id.first, list->uri());
    });
  });
}

// The list at hand is still the right one: RFC 9110 section 15.4.5.
void StatusKeeper::confirmed(const ListPtr& list, const FetchResult& result) {
  if (!result.etag.empty()) list->etag = result.etag;
  if (!result.last_modified.empty()) list->last_modified = result.last_modified;
  date(*list, parts_.clock.steady());
  keep_dates(*list);
  succeeded(list);
}

void StatusKeeper::keep_dates(const List& list) {
  parts_.builder.post(
      [this, record = record_of(list), &store = parts_.store, control = &parts_.control] {
        auto kept = store.confirm(record);
        control->post([this, kept = std::move(kept)] { stored(kept); });
      });
}

// From when it was fetched or confirmed follows how long it counts, and when it is asked for again:
// before its time is over, so that nobody has to wait for it then.
void StatusKeeper::date(List& list, SteadyTime fetched) {
  const SteadyTime now = parts_.clock.steady();
  const milliseconds most = list.source.max_age;
  const milliseconds usable = std::clamp<milliseconds>(
      list.token->ttl.value_or(most), std::min<milliseconds>(kServesLeast, most), most);
  list.fetched = fetched;
  list.usable_to = fetched + usable;
  list.usable_until =
      parts_.clock.wall() + std::chrono::duration_cast<milliseconds>(list.usable_to - now);
  milliseconds pause = std::min<milliseconds>(list.source.refresh, usable * 3 / 4);
  if (list.token->expires_at)
    pause = std::min(pause, (*list.token->expires_at - parts_.clock.wall()) * 3 / 4);
  // An eighth of it at random, so that a fleet does not come at once.
  const auto spread = static_cast<std::uint32_t>(std::max<std::int64_t>(pause.count() / 8, 1));
  pause -= milliseconds(parts_.hooks.random() % spread);
  list.next_fetch = std::max(fetched + pause, now + (fetched == now ? kAskLeast : seconds(0)));
}

void StatusKeeper::succeeded(const ListPtr& list) {
  if (list->last_error)
    parts_.journal.log(LogLevel::notice, "a status list can be had again",
                       {{"section", list->source.name}, {"uri", list->uri()}});
  list->busy = false;
  list->failures = 0;
  list->last_error.reset();
  list->generation = ++generation_;
  parts_.hooks.publish([waiting = std::exchange(list->waiting, {})] {
    for (const auto& each : waiting) each.done({true, {}});
  });
  ask_next();
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

void StatusKeeper::failed(const ListPtr& list, std::string why,
                          std::optional<seconds> retry_after) {
  const unsigned doublings = std::min(list->failures++, 10U);
  milliseconds pause = std::min(kPause * (1 << doublings), kPauseMost);
  if (retry_after) pause = std::max<milliseconds>(pause, std::min(*retry_after, kRetryAfterMost));
  pause += milliseconds(parts_.hooks.random() % static_cast<std::uint32_t>(pause.count() / 4));
  list->busy = false;
  list->next_fetch = parts_.clock.steady() + pause;
  complain(*list, why, pause);
  list->answer_all({false, why});
  list->last_error = std::move(why);
  ask_next();
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

// Once for each cause, as long as it stands.
void StatusKeeper::complain(List& list, const std::string& why, milliseconds pause) const {
  if (list.last_error && cause_of(*list.last_error) == cause_of(why)) return;
  parts_.journal.log(
      LogLevel::warning,
      list.token ? "a status list cannot be had; the one at hand counts until its time is over"
                 : "a status list cannot be had",
      {{"section", list.source.name},
       {"uri", list.uri()},
       {"error", why},
       {"retry_ms", fmt::format("{}", pause.count())}});
}

// Those whose decision was made without it.
void StatusKeeper::forget_waiting(List& list) const {
  const SteadyTime now = parts_.clock.steady();
  const auto over = std::stable_partition(list.waiting.begin(), list.waiting.end(),
                                          [&](const auto& each) { return each.until > now; });
  const std::vector<List::Waiter> gone(std::make_move_iterator(over),
                                       std::make_move_iterator(list.waiting.end()));
  list.waiting.erase(over, list.waiting.end());
  for (const auto& each : gone) each.done({false, "it did not come in time"});
}

void StatusKeeper::stored(const StatusStore::Result<void>& result) {
  auto trouble = result ? std::nullopt : std::optional(result.error());
  if (trouble && trouble != disk_trouble_)
    parts_.journal.log(LogLevel::error, "a status list could not be stored", {{"error", *trouble}});
  disk_trouble_ = std::move(trouble);
}

StatusRecord StatusKeeper::record_of(const List& list) const {
  const auto age = parts_.clock.steady() - list.fetched;
  return {list.id.first,
          list.uri(),
          list.accepted.value_or(WallTime{}),
          parts_.clock.wall() - std::chrono::duration_cast<milliseconds>(age),
          list.etag,
          list.last_modified,
          list.key};
}

}  // namespace latchkey::latchkeyd
