// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/key_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/jose/jwk_set.h"
#include "daemon/latchkeyd/service/key_keeper_issuer.h"

namespace latchkey::latchkeyd {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kUnreachableFirst{1};  // until fetchd is asked again; doubled each time
constexpr milliseconds kSpread{5'000};   // of a refresh due at start: hosts that boot together
constexpr seconds kIdle{3'600};
constexpr std::size_t kWaitersMost = 4'096;  // of one issuer; far above what the workers hold open

}  // namespace

std::string_view name(KeyState::Origin origin) {
  switch (origin) {
    case KeyState::Origin::fetched:
      return "fetched";
    case KeyState::Origin::cache:
      return "cache";
    case KeyState::Origin::file:
      return "file";
    case KeyState::Origin::configuration:
      return "configuration";
    case KeyState::Origin::none:
      break;
  }
  return "none";
}

KeyKeeper::KeyKeeper(const Clock& clock, Journal& journal, Fetcher& fetcher, KeyStorage& storage,
                     Hooks hooks)
    : clock_(clock),
      journal_(journal),
      fetcher_(fetcher),
      storage_(storage),
      hooks_(std::move(hooks)) {}

KeyKeeper::~KeyKeeper() = default;

KeyKeeper::Issuer* KeyKeeper::find(std::string_view name) {
  const auto found = std::find_if(issuers_.begin(), issuers_.end(),
                                  [&](const auto& issuer) { return issuer->config.name == name; });
  return found == issuers_.end() ? nullptr : found->get();
}

std::vector<IssuerKeys> KeyKeeper::configure(std::shared_ptr<const config::Config> config) {
  std::vector<std::shared_ptr<Issuer>> old = std::exchange(issuers_, {});
  for (const config::Issuer& section : config->issuers) {
    const std::string source = key_source(section.config);
    const auto kept = std::find_if(old.begin(), old.end(), [&](const auto& issuer) {
      return issuer && issuer->config.name == section.config.name && issuer->source == source;
    });
    if (kept != old.end()) {
      issuers_.push_back(std::exchange(*kept, nullptr));
      adopt(*issuers_.back(), section.config);
      continue;
    }
    auto issuer = std::make_shared<Issuer>();
    issuer->config = section.config;
    issuer->source = source;
    start(*issuer);
    issuers_.push_back(std::move(issuer));
  }
  config_ = std::move(config);
  for (const auto& gone : old) {
    if (gone) gone->answer_all([](const auto& /*waiter*/) { return KeysOutcome::failed; });
  }
  return keys();
}

// A new issuer begins with what is on disk, and asks at once where that does not serve, or came
// from elsewhere: the configuration may have moved while nobody ran to see it.
void KeyKeeper::start(Issuer& issuer) {
  const SteadyTime now = clock_.steady();
  issuer.state.next_fetch = now;
  if (issuer.from_file()) return read_file(issuer);
  auto stored = storage_.load(issuer.config.name);
  if (!stored || stored->source != issuer.source) return;
  auto set = good_set(stored->jwks);
  if (!set) return;
  KeyState& state = issuer.state;
  state.origin = KeyState::Origin::cache;
  state.keys = IssuerKeys{without_barred(issuer, *std::move(set), stored->jwks), stored->fetched_at,
                          ++last_generation_};
  dated(issuer, stored->fetched_at);
  state.document = std::make_shared<const std::string>(stored->jwks);
  state.max_age = stored->max_age;
  issuer.place = stored->place;
  if (stored->place != key_place(issuer.config)) return;
  issuer.etag = stored->etag;
  issuer.last_modified = stored->last_modified;
  const auto freshness =
      issuer::freshness(issuer.config, stored->fetched_at, stored->max_age, clock_.wall());
  if (!issuer::serves(freshness)) return;
  const auto delay =
      issuer::refresh_delay(issuer::lifetime(issuer.config, stored->max_age), hooks_.random());
  const auto left = delay - issuer::age(stored->fetched_at, clock_.wall());
  const milliseconds spread(hooks_.random() % static_cast<std::uint32_t>(kSpread.count()));
  state.next_fetch = now + std::max<milliseconds>(left, spread);
}

void KeyKeeper::tick() {
  const SteadyTime now = clock_.steady();
  bool older = false;
  for (const auto& issuer : issuers_) older = never_younger(*issuer) || older;
  if (older) hooks_.publish(keys(), [] {});
  for (const auto& issuer : std::vector(issuers_)) {
    if (issuer->fetching || now < issuer->state.next_fetch) continue;
    if (!issuer->from_file()) {
      fetch(*issuer);
      continue;
    }
    read_and_publish(*issuer);
  }
}

SteadyTime KeyKeeper::next_tick() const {
  SteadyTime next = clock_.steady() + kIdle;
  for (const auto& issuer : issuers_) {
    if (!issuer->fetching) next = std::min(next, issuer->state.next_fetch);
  }
  return next;
}

void KeyKeeper::request(std::string_view name, std::uint64_t seen_generation,
                        std::function<void(KeysOutcome)> done) {
  Issuer* issuer = find(name);
  if (issuer == nullptr) return done(KeysOutcome::failed);
  if (issuer->state.keys.generation > seen_generation) return done(KeysOutcome::newer);
  if (issuer->from_file()) {
    // The file is what limits the rate: nothing is read unless it changed.
    read_file(*issuer);
    if (issuer->state.keys.generation <= seen_generation) return done(KeysOutcome::unchanged);
    issuer->waiters.push_back({seen_generation, std::move(done)});
    return publish(*issuer);
  }
  if (!issuer->fetching) {
    if (clock_.steady() < allowed_at(*issuer)) return done(KeysOutcome::rate_limited);
    fetch(*issuer);
  }
  if (issuer->waiters.size() >= kWaitersMost) return done(KeysOutcome::rate_limited);
  issuer->waiters.push_back({seen_generation, std::move(done)});
}

// From when on the provider may be asked because somebody wants it now.
SteadyTime KeyKeeper::allowed_at(const Issuer& issuer) const {
  if (issuer.unreachable > 0) return issuer.state.next_fetch;
  return std::max(soonest(issuer), issuer.not_before);
}

SteadyTime KeyKeeper::soonest(const Issuer& issuer) {
  return issuer.asked_at ? *issuer.asked_at + issuer.config.min_fetch_interval : SteadyTime{};
}

void KeyKeeper::fetch(Issuer& issuer) {
  issuer.fetching = true;
  issuer.asked_at = clock_.steady();
  issuer.state.attempted_at = clock_.wall();
  const bool named = issuer.state.keys.keys != nullptr;
  fetcher_.fetch_keys({issuer.config.name, issuer.config.digest, named ? issuer.etag : "",
                       named ? issuer.last_modified : "", issuer.config.fetch_timeout},
                      [this, weak = std::weak_ptr(shared(issuer))](const FetchResult& result) {
                        const auto owner = weak.lock();  // gone with its section, or with all of us
                        if (owner) fetched(*owner, result);
                      });
}

void KeyKeeper::fetched(Issuer& issuer, const FetchResult& result) {
  issuer.fetching = false;
  // Whatever it says, it is of the old place, or was believed under the old authority.
  if (std::exchange(issuer.outdated, false)) return fetch(issuer);
  settle(issuer, result);
  if (hooks_.rescheduled) hooks_.rescheduled();
}

void KeyKeeper::settle(Issuer& issuer, const FetchResult& result) {
  if (result.status != FetchResult::Status::unreachable) issuer.unreachable = 0;
  switch (result.status) {
    case FetchResult::Status::ok: {
      auto set = good_set(result.body);
      if (!set) return failed(issuer, std::move(set).error(), result.retry_after);
      take(issuer, *std::move(set), result.body, KeyState::Origin::fetched);
      issuer.etag = result.etag;
      issuer.last_modified = result.last_modified;
      issuer.place = key_place(issuer.config);
      storage_.save(issuer.config.name,
                    {issuer.source, issuer.place, clock_.wall(), result.max_age, result.etag,
                     std::string(result.body), result.last_modified});
      return taken(issuer, result.max_age);
    }
    case FetchResult::Status::not_modified:
      // It says so of the set that was named. Where none was, the set at hand may be of another
      // place.
      if (!issuer.state.keys.keys || (issuer.etag.empty() && issuer.last_modified.empty())) {
        return failed(issuer, "the provider says \"not modified\", and no set was named to it", {});
      }
      dated(issuer, clock_.wall());
      storage_.confirm(issuer.config.name, clock_.wall(), result.max_age);
      return taken(issuer, result.max_age);
    case FetchResult::Status::reload: {
      const std::string digest = issuer.config.digest;
      issuer.asked_at.reset();  // no provider was asked
      hooks_.reload();
      // Where the section changed in what its keys come from, it is no longer ours to ask for.
      if (shared(issuer) == nullptr) return;
      if (issuer.config.digest != digest) return fetch(issuer);
      return failed(issuer, result.error, {});
    }
    case FetchResult::Status::failed:
    case FetchResult::Status::busy:
      return failed(issuer, result.error, result.retry_after);
    case FetchResult::Status::untrusted:
      return untrusted(issuer, result.error);
    case FetchResult::Status::unreachable:
      break;
  }
  unreachable(issuer, result.error);
}

// A good set replaces the one before it whole: what is gone from it stops at once (never merge).
void KeyKeeper::take(Issuer& issuer, std::shared_ptr<const jose::JwkSet> set,
                     std::string_view document, KeyState::Origin origin) {
  IssuerKeys& keys = issuer.state.keys;
  set = without_barred(issuer, std::move(set), std::string(document));
  const bool changed = !keys.keys || !same_keys(*keys.keys, *set);
  for (const jose::DroppedKey& dropped : set->dropped()) {
    if (!changed) break;
    journal_.log(LogLevel::notice, "a key of the issuer's set is of no use",
                 {{"issuer", issuer.config.name}, {"kid", dropped.kid}, {"why", dropped.why}});
  }
  keys.keys = std::move(set);
  issuer.state.document = std::make_shared<const std::string>(document);
  dated(issuer, clock_.wall());
  if (changed) keys.generation = ++last_generation_;
  issuer.state.origin = origin;
  issuer.state.last_error.reset();
  if (!changed) return;
  journal_.log(LogLevel::info, "the issuer has a new key set",
               {{"issuer", issuer.config.name},
                {"source", name(origin)},
                {"keys", fmt::format("{}", keys.keys->size())}});
}

void KeyKeeper::taken(Issuer& issuer, std::optional<seconds> max_age) {
  if (issuer.failures > 0) {
    journal_.log(LogLevel::notice, "the issuer's keys can be fetched again",
                 {{"issuer", issuer.config.name}});
  }
  issuer.failures = 0;
  issuer.not_before = {};
  issuer.state.last_error.reset();
  issuer.state.max_age = max_age;
  issuer.state.next_fetch =
      clock_.steady() +
      issuer::refresh_delay(issuer::lifetime(issuer.config, max_age), hooks_.random());
  publish(issuer);
}

void KeyKeeper::failed(Issuer& issuer, std::string why, std::optional<seconds> retry_after) {
  ++issuer.failures;
  if (retry_after) {
    issuer.not_before = clock_.steady() + issuer::pause(issuer.config, *retry_after);
  }
  const auto delay =
      issuer::retry_delay(issuer.config, issuer.failures, retry_after, hooks_.random());
  issuer.state.next_fetch = clock_.steady() + delay;
  complain(issuer, why, delay);
  issuer.state.last_error = std::move(why);
  issuer.answer_all([](const auto& /*waiter*/) { return KeysOutcome::failed; });
}

// No provider saw a request, so it is asked again soon: a fetchd that was restarted must not cost a
// minute.
void KeyKeeper::unreachable(Issuer& issuer, std::string why) {
  issuer.asked_at.reset();
  const unsigned doublings = std::min(issuer.unreachable++, 16U);
  const auto delay =
      std::min(kUnreachableFirst * (1 << doublings), issuer.config.min_fetch_interval);
  issuer.state.next_fetch = clock_.steady() + delay;
  if (issuer.unreachable == 1 || delay == issuer.config.min_fetch_interval)
    complain(issuer, why, delay);
  issuer.state.last_error = std::move(why);
  issuer.answer_all([](const auto& /*waiter*/) { return KeysOutcome::failed; });
}

void KeyKeeper::complain(const Issuer& issuer, std::string_view why, milliseconds delay) {
  const IssuerKeys& keys = issuer.state.keys;
  const bool serves = issuer::serves(
      issuer::freshness(issuer.config, keys.any() ? std::optional(keys.fetched_at) : std::nullopt,
                        issuer.state.max_age, clock_.wall()));
  const std::string old =
      keys.any() ? fmt::format("{}", issuer::age(keys.fetched_at, clock_.wall()) / seconds(1))
                 : std::string("none");
  journal_.log(
      serves ? LogLevel::warning : LogLevel::error,
      serves ? "the issuer's keys cannot be fetched; the last good ones serve"
             : "the issuer's keys cannot be fetched, and there are none that serve",
      {{"issuer", issuer.config.name},
       {"error", why},
       {"age_s", old},
       {"retry_s", fmt::format("{}", std::chrono::duration_cast<seconds>(delay).count())}});
}

// Hands the workers what we have, then tells those who wait.
void KeyKeeper::publish(Issuer& issuer) {
  auto waiters = std::make_shared<std::vector<Issuer::Waiter>>(std::exchange(issuer.waiters, {}));
  hooks_.publish(keys(), [waiters, generation = issuer.state.keys.generation] {
    for (const Issuer::Waiter& waiter : *waiters) {
      waiter.done(generation > waiter.seen_generation ? KeysOutcome::newer
                                                      : KeysOutcome::unchanged);
    }
  });
}

std::shared_ptr<KeyKeeper::Issuer> KeyKeeper::shared(const Issuer& issuer) const {
  const auto found = std::find_if(issuers_.begin(), issuers_.end(),
                                  [&](const auto& owner) { return owner.get() == &issuer; });
  return found == issuers_.end() ? nullptr : *found;
}

std::vector<IssuerKeys> KeyKeeper::keys() const {
  std::vector<IssuerKeys> keys;
  keys.reserve(issuers_.size());
  for (const auto& issuer : issuers_) keys.push_back(issuer->state.keys);
  return keys;
}

std::vector<KeyState> KeyKeeper::states() const {
  std::vector<KeyState> states;
  for (const auto& issuer : issuers_) {
    states.push_back(issuer->state);
    states.back().issuer = issuer->config.name;
  }
  return states;
}

}  // namespace latchkey::latchkeyd
