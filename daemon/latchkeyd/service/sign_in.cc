// SPDX-License-Identifier: Apache-2.0
//
// authenticate: ask, gather the token, verify it, judge, bind, record. Whenever the coroutine
// waited for somebody, the world may have changed, so what comes after a wait starts from the
// worker's snapshot of then.
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "core/jose/compact_jws.h"
#include "core/opaque.h"
#include "core/own_names.h"
#include "daemon/latchkeyd/service/conversation.h"
#include "daemon/latchkeyd/service/pending.h"
#include "wire/codec.h"
#include "wire/parts.h"

namespace latchkey::latchkeyd {
namespace {

// A seen-again name is written again after this long: `max_claims_age` is hours, and the disk need
// not hear of each sudo.
constexpr std::chrono::seconds kSeenAgainAfter{60};

// The digest of a shorter token costs less than the conversation that brought it, and finds those
// that are remembered, which an overdrawn source may still use. A longer one is paid for first.
constexpr std::size_t kDigestedFreely = 8'192;

// What a stock ssh client's cut at 1023 bytes makes of a longer token: a last part that is too
// short, or missing.
bool may_come_of_a_cut(Reason reason) {
  return reason == Reason::token_malformed || reason == Reason::signature_invalid ||
         reason == Reason::token_inactive;
}

}  // namespace

asio::awaitable<Decision> Conversation::sign_in() {
  Refused refused = co_await obtain_token();
  if (!refused) refused = co_await verify_token();
  forget_token();
  if (refused && refused->reason == Reason::budget_exhausted) {
    co_await std::make_shared<Pending<bool>>(desk_.loop.context())->wait(desk_.patience.overdrawn);
  }
  if (refused) co_return *std::move(refused);
  Decision decision = waited_ ? judge_again() : judge_claims();
  if (co_await newer_status_list(decision)) decision = judge_again();
  decision = without_status_list(std::move(decision));
  if (lacks_account(decision.reason)) {
    const AccountsNow accounts = co_await newer_accounts();
    if (accounts == AccountsNow::newer) decision = judge_again();
    if (accounts == AccountsNow::unknown) decision = refuse_without_accounts();
  }
  if (decision.allowed() && decision.binding) decision = co_await bind(std::move(decision));
  if (decision.allowed() && decision.names_change)
    decision = co_await keep_names(std::move(decision));
  if (decision.allowed()) {
    if (Refused full = record_login(decision.rule)) decision = *std::move(full);
  }
  co_return decision;
}

// One answer that holds the token, or as many as the first part announces; at most kPartsMost.
asio::awaitable<Conversation::Refused> Conversation::obtain_token() {
  std::optional<Assembler> parts;
  while (true) {
    Refused refused = co_await ask(parts ? parts->next() : 1, parts ? parts->parts() : 0);
    if (refused) co_return refused;
    const Expected<bool> complete = take_answer(parts);
    desk_.frame.wipe();
    if (!complete) co_return refuse(complete.error().reason, complete.error().detail);
    if (*complete) break;
  }
  if (token_view_.size() > kDigestedFreely && !charged()) co_return overdrawn();
  const std::optional<jose::TokenDigest> digest = jose::digest_token(token_view_, desk_.scratch);
  if (!digest) co_return refuse(Reason::internal_error, "no digest of the token");
  if (parts && !parts->fits(*digest))
    co_return refuse(Reason::token_parts_invalid, "the digest is of another token");
  digest_ = *digest;
  heard_at_ = desk_.services.clock.steady();
  co_return std::nullopt;
}

// Prompts for a part and leaves the answer in the desk's frame.
asio::awaitable<Conversation::Refused> Conversation::ask(unsigned part, unsigned parts) {
  std::array<char, wire::kMarkerMost> marker;
  const wire::Marker wanted{
      .part = part,
      .parts = parts,
      .most = is_sudo(*desk_.snapshot) ? wire::kPartMostSudo : wire::kPartMostSsh};
  std::string text = "Token ";
  text += wire::make_marker(wanted, marker);
  const std::size_t size =
      wire::encode_ask({.echo = wire::Echo::off, .text = text}, desk_.out).size;
  const bool sent = size != 0 && co_await channel_.send(std::span(desk_.out).first(size));
  if (!sent) co_return broken(Reason::conversation_failed, "the caller went away");
  const Received outcome = co_await channel_.receive(desk_.frame);
  Refused refused = received(outcome);
  if (!refused) refused = read_answer();
  if (refused) desk_.frame.wipe();
  co_return refused;
}

// Nothing where the frame is an Answer.
Conversation::Refused Conversation::read_answer() {
  const wire::Bytes frame = desk_.frame.bytes();
  const wire::Decoded<wire::FrameType> type = wire::decode_header(frame);
  if (type && *type == wire::FrameType::no_answer) {
    const wire::Decoded<wire::NoAnswer> none = wire::decode_no_answer(frame);
    if (!none) return broken(Reason::request_invalid, std::string(wire::name(none.fault)));
    if (*none == wire::NoAnswer::too_long) return refuse(Reason::token_too_long);
    return refuse(Reason::conversation_failed, "the application gave no answer");
  }
  const wire::Decoded<wire::Bytes> answer = wire::decode_answer(frame);
  if (answer) return std::nullopt;
  return broken(Reason::request_invalid, std::string(wire::name(answer.fault)));
}

// Takes the answer out of the desk's frame; true where the token is whole.
Expected<bool> Conversation::take_answer(std::optional<Assembler>& parts) {
  const wire::Bytes bytes = *wire::decode_answer(desk_.frame.bytes());
  const std::string_view answer(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const wire::ParsedPart parsed = wire::parse_part(answer);
  if (!parts && parsed.kind == wire::PartKind::whole) {
    if (answer.empty()) return fail(Reason::token_missing);
    bare_ = true;
    token_ = std::exchange(desk_.frame, desk_.pool.get());  // the bytes stay where they are
    token_view_ = answer;
    return true;
  }
  if (parsed.kind != wire::PartKind::part)
    return fail(Reason::token_parts_invalid, "the answer is no part of a token");
  if (!parts) parts.emplace(desk_.pool.get());
  LATCHKEY_TRY_VOID(parts->add(parsed.part));
  if (!parts->complete()) return false;
  token_ = parts->release();
  token_view_ = token_.view();
  return true;
}

// Sets verified_, or says why not. The configuration says which way the token goes; where it wants
// the issuer's own word, too, that is asked for last.
asio::awaitable<Conversation::Refused> Conversation::verify_token() {
  const auto opaque = opaque_issuer(token_view_, request_.service, *desk_.snapshot->config);
  Refused refused;
  if (opaque) {
    refused = co_await verify_opaque(*opaque);
  } else {
    refused = co_await verify_signed();
    if (!refused) co_return co_await confirm();
  }
  if (refused) note_cut(refused);
  co_return refused;
}

// Sets verified_, or says why not. Where a newer key set could help, asks for it once (DESIGN
// section 4).
asio::awaitable<Conversation::Refused> Conversation::verify_signed() {
  Refused refused;
  for (bool again = false;; again = true) {
    SnapshotPtr snapshot = desk_.snapshot;
    if (remembers(*snapshot)) co_return std::nullopt;
    std::optional<std::size_t> need_keys;
    refused = verify_anew(*snapshot, need_keys);
    if (!refused) co_return std::nullopt;
    if (!need_keys || again) break;
    std::string issuer = snapshot->config->issuers[*need_keys].config.name;
    const std::uint64_t seen_generation = snapshot->keys[*need_keys].generation;
    snapshot.reset();  // nobody keeps an old snapshot alive while he waits
    const KeysOutcome outcome = co_await newer_keys(std::move(issuer), seen_generation);
    // Where age was what was wrong, the same set is a good one once it was fetched again.
    if (outcome != KeysOutcome::newer && refused->reason != Reason::keys_stale) break;
  }
  co_return refused;
}

void Conversation::note_cut(Refused& refused) const {
  if (bare_ && token_view_.size() == wire::kSshAnswerCut && may_come_of_a_cut(refused->reason))
    refused->reason = Reason::token_cut;
}

// Whether the token was verified before, and all that may have changed since still holds.
bool Conversation::remembers(const Snapshot& snapshot) {
  TokenMemory& memory = desk_.services.memory;
  std::optional<Verified> known = memory.find(digest_, snapshot.config);
  if (!known) return false;
  // Of another key set its key may have another name now, or be one of two that fit: only the whole
  // way tells what a token that nobody remembers would get.
  const bool same_keys = known->issuer < snapshot.keys.size() &&
                         known->generation == snapshot.keys[known->issuer].generation;
  Trace trace;
  if (!same_keys || !recheck(*known, snapshot, desk_.services.clock.wall(), trace)) {
    memory.forget(digest_);
    return false;
  }
  verified_ = std::move(known);
  trace_ = trace;
  remembered_ = true;
  return true;
}

// Whether the source paid, which it does before the work is done, and once.
bool Conversation::charged() {
  const Services& services = desk_.services;
  if (!charged_) {
    charged_ = services.budgets.charge(source_, jose::quote(token_view_, desk_.scratch),
                                       desk_.snapshot->config->budgets, services.clock.steady());
  }
  return charged_;
}

Decision Conversation::overdrawn() const {
  return refuse(Reason::budget_exhausted, "verifications of this source");
}

Conversation::Refused Conversation::verify_anew(const Snapshot& snapshot,
                                                std::optional<std::size_t>& need_keys) {
  if (!charged()) return overdrawn();
  const Services& services = desk_.services;
  trace_ = Trace{};
  tl::expected<Verified, VerifyFailure> verified =
      verify(token_view_, digest_, snapshot, services.clock.wall(), desk_.scratch, trace_);
  desk_.scratch.forget_signature();
  if (!verified) {
    need_keys = verified.error().need_keys;
    return std::move(verified.error().decision);
  }
  verified_ = *std::move(verified);
  services.memory.put(digest_, snapshot.config, *verified_);
  return std::nullopt;
}

Decision Conversation::judge_claims() {
  const WallTime now = time_to_judge();
  return judge(verified_->claims, verified_->issuer, request_, *desk_.snapshot, now, trace_,
               introspected_.get());
}

// After a wait: whatever was revoked, reloaded or withdrawn in the meantime counts.
Decision Conversation::judge_again() {
  // It may stand at another place of the configuration now; recheck() holds that it is the same.
  const auto place = desk_.snapshot->config->find_issuer(verified_->claims->issuer);
  if (place >= 0) verified_->issuer = static_cast<std::size_t>(place);
  Trace trace;
  const Expected<void> still =
      recheck(*verified_, *desk_.snapshot, desk_.services.clock.wall(), trace);
  trace_ = trace;
  if (!still) return refuse(still.error().reason, still.error().detail);
  return judge_claims();
}

// A name's first login: the binding is durable before the verdict is sent.
asio::awaitable<Decision> Conversation::bind(Decision decision) {
  const Expected<void> stored = co_await store_binding(*std::move(decision.binding));
  if (!stored) co_return refuse(stored.error().reason, stored.error().detail);
  Decision again = judge_again();
  if (again.allowed() && again.binding) {
    co_return refuse(Reason::state_unavailable, "the binding was removed meanwhile");
  }
  co_return again;
}

// An account that is made, and a membership that changes, are in the names file before the verdict
// is sent. Where the disk takes nothing, nobody is kept out who would only have got more groups.
asio::awaitable<Decision> Conversation::keep_names(Decision decision) {
  if (decision.names_change->made) {
    // An account that somebody has just made by hand is not made a second time.
    const AccountsNow accounts = co_await newer_accounts();
    if (accounts == AccountsNow::unknown) co_return refuse_without_accounts();
    if (accounts == AccountsNow::newer) decision = judge_again();
    if (!decision.allowed() || !decision.names_change) co_return decision;
  }
  const accounts::NamesChange change = *decision.names_change;
  const Expected<void> kept = co_await store_names(change);
  if (!kept) {
    const auto& names = desk_.snapshot->names;
    const bool harmless = kept.error().reason == Reason::state_unavailable && !change.made &&
                          names && !accounts::takes_away(names->names(), change);
    if (!harmless) co_return refuse(kept.error().reason, kept.error().detail);
    decision.names_change.reset();
    decision.detail += (decision.detail.empty() ? "" : "; ") +
                       std::string("its groups were not written: ") + kept.error().detail;
    co_return decision;
  }
  Decision again = judge_again();
  if (!again.allowed() || !again.names_change) co_return again;
  if (again.names_change->made)
    co_return refuse(Reason::state_unavailable, "the account was changed meanwhile");
  // Another sign-in of the same person, with other groups, was written after it.
  again.names_change.reset();
  co_return again;
}

// Refused where it could not be kept without losing one that has a session: a flood of sign-ins
// must not be what takes a session out of reach.
Conversation::Refused Conversation::record_login(const std::string& rule) {
  const Services& services = desk_.services;
  const WallTime now = services.clock.wall();
  std::string id = desk_.ids.login_id();
  const std::string person(latchkey::person(request_, *desk_.snapshot->config));
  const bool shared = desk_.snapshot->config->shares(person);
  claims::ClaimsRecord claims = verified_->claims.record();
  // What is revoked later must find the session, whatever rule or binding is gone by then.
  if (shared) claims.users = own_names(*verified_->claims, *desk_.snapshot).all;
  auto login = std::make_shared<const Login>(Login{.id = std::move(id),
                                                   .service = request_.service,
                                                   .user = person,
                                                   .claims = std::move(claims),
                                                   .started_at = now,
                                                   .rule = rule,
                                                   .rhost = request_.rhost});
  const claims::ClaimsRecord& record = login->claims;
  auto forgotten = services.logins.put(login);
  if (!forgotten)
    return refuse(Reason::budget_exhausted,
                  "each login that fits, of this person or of all, has a session");
  login_id_ = login->id;
  services.store.put_login(login);
  for (std::string& each : *forgotten) {
    services.store.close_login(std::move(each), now);
  }
  // Nobody comes into a shared account on the strength of who was there before.
  if (shared) return std::nullopt;
  const std::shared_ptr<const LastSeen> before = services.logins.last_seen(person);
  const bool lately =
      before != nullptr && before->seen_at <= now && now - before->seen_at < kSeenAgainAfter;
  if (lately && before->claims == record) return std::nullopt;
  services.logins.saw(person, LastSeen{.claims = record, .seen_at = now});
  services.store.put_last_seen(person, LastSeen{.claims = record, .seen_at = now});
  return std::nullopt;
}

asio::awaitable<KeysOutcome> Conversation::newer_keys(std::string issuer,
                                                      std::uint64_t seen_generation) {
  const auto pending = std::make_shared<Pending<KeysOutcome>>(desk_.loop.context());
  desk_.services.needs.request_keys(std::move(issuer), seen_generation, desk_.loop,
                                    Pending<KeysOutcome>::completion(pending));
  co_await pending->wait(desk_.patience.needs);
  co_return pending->result.value_or(KeysOutcome::failed);
}

asio::awaitable<Conversation::AccountsNow> Conversation::newer_accounts() {
  const Needs& needs = desk_.services.needs;
  if (!needs.accounts_changed(*desk_.snapshot)) co_return AccountsNow::same;
  struct Done {};
  const auto pending = std::make_shared<Pending<Done>>(desk_.loop.context());
  desk_.services.needs.request_accounts(
      desk_.loop, [done = Pending<Done>::completion(pending)] { done(Done{}); });
  co_await pending->wait(desk_.patience.needs);
  co_return needs.accounts_changed(*desk_.snapshot) ? AccountsNow::unknown : AccountsNow::newer;
}

asio::awaitable<Expected<void>> Conversation::store_names(accounts::NamesChange change) {
  const auto pending = std::make_shared<Pending<Expected<void>>>(desk_.loop.context());
  desk_.services.needs.keep_names(std::move(change), desk_.loop,
                                  Pending<Expected<void>>::completion(pending));
  co_await pending->wait(desk_.patience.needs);
  if (!pending->result)
    co_return fail(Reason::state_unavailable, "the names file was not written in time");
  co_return *pending->result;
}

asio::awaitable<Expected<void>> Conversation::store_binding(NewBinding binding) {
  const auto pending = std::make_shared<Pending<Expected<void>>>(desk_.loop.context());
  desk_.services.needs.bind(std::move(binding), desk_.loop,
                            Pending<Expected<void>>::completion(pending));
  co_await pending->wait(desk_.patience.needs);
  if (!pending->result)
    co_return fail(Reason::state_unavailable, "the binding was not stored in time");
  co_return *pending->result;
}

void Conversation::forget_token() {
  token_view_ = {};
  desk_.pool.put(std::exchange(token_, {}));
}

}  // namespace latchkey::latchkeyd
