// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/introspection_keeper.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace latchkey::latchkeyd {
namespace {

constexpr std::chrono::seconds kPauseMost{30};  // that a provider may ask for
constexpr std::chrono::seconds kPauseLeast{1};  // after a 429 that asks for none
constexpr int kTooManyRequests = 429;
constexpr int kServerError = 500;
constexpr int kUnavailable = 503;

QuestionGate::Kind kind_of(const Question& question) {
  return question.opaque ? QuestionGate::Kind::opaque : QuestionGate::Kind::signed_token;
}

std::string flight_of(const Question& question) {
  return question.token_digest + (question.opaque ? "o" : "s");
}

IntrospectionReply no(Reason reason, std::string detail, bool down = false) {
  return {nullptr, Error{reason, std::move(detail)}, down};
}

const config::Issuer* find_section(const Snapshot& snapshot, const Question& question,
                                   std::size_t& index) {
  const std::ptrdiff_t found = snapshot.config->find_issuer_by_name(question.issuer);
  if (found < 0) return nullptr;
  index = static_cast<std::size_t>(found);
  const config::Issuer& section = snapshot.config->issuers[index];
  const bool same = section.config.digest == question.config_digest;
  return same && section.config.introspection.on() ? &section : nullptr;
}

}  // namespace

void IntrospectionKeeper::configure(const config::Config& config) {
  parts_.memory.clear();
  std::map<std::string, IssuerPtr, std::less<>> next;
  for (const config::Issuer& section : config.issuers) {
    const issuer::IssuerConfig& issuer = section.config;
    if (!issuer.introspection.on()) continue;
    const auto old = issuers_.find(issuer.name);
    if (old != issuers_.end() && old->second->digest == issuer.digest) {
      next.emplace(issuer.name, old->second);
      continue;
    }
    QuestionRate rate(issuer.introspection.rate, parts_.clock.steady());
    next.emplace(issuer.name, std::make_shared<Issuer>(issuer, std::move(rate)));
  }
  const auto old = std::exchange(issuers_, std::move(next));
  for (const auto& [name, issuer] : old) {
    const auto kept = issuers_.find(name);
    if (kept != issuers_.end() && kept->second == issuer) continue;
    for (const auto& [flight, ended] : std::exchange(issuer->flights, {})) {
      for (const Waiter& waiter : ended.waiters)
        waiter.done(no(Reason::introspection_unavailable, "the configuration has changed"));
    }
  }
}

const IntrospectionState* IntrospectionKeeper::state(std::string_view issuer) const {
  const auto found = issuers_.find(issuer);
  return found == issuers_.end() ? nullptr : &found->second->state;
}

void IntrospectionKeeper::ask(IntrospectionOrder order,
                              std::function<void(IntrospectionReply)> done) {
  const Question question = order.question;
  std::size_t index = 0;
  const Snapshot& snapshot = parts_.snapshot();
  const config::Issuer* section = find_section(snapshot, question, index);
  const auto found = issuers_.find(question.issuer);
  if (section == nullptr || found == issuers_.end())
    return done(no(Reason::introspection_unavailable, "the configuration has changed"));
  const IssuerPtr issuer = found->second;
  // Somebody else's question may have been answered since the worker looked.
  const std::uint64_t generation = snapshot.keys[index].generation;
  if (auto known =
          parts_.memory.find(question, generation, parts_.clock.wall(), parts_.clock.steady())) {
    return done({std::move(known), {}, false});
  }
  const std::string name = flight_of(question);
  if (const auto flight = issuer->flights.find(name); flight != issuer->flights.end()) {
    flight->second.waiters.push_back({std::move(done)});
    return;
  }
  if (auto why = withhold(*issuer, question, order.source)) {
    ++issuer->state.withheld;
    return done(*std::move(why));
  }
  const bool turn = issuer->gate.begin(kind_of(question), order.source);
  issuer->flights.emplace(
      name,
      Flight{question, std::move(order.source), parts_.clock.steady(), {{std::move(done)}}, turn});
  ++issuer->state.under_way;
  parts_.introspector.introspect(
      {question.issuer, question.config_digest, std::move(order.token)},
      [this, weak = std::weak_ptr(issuer), name](const IntrospectResult& result) {
        if (const auto owner = weak.lock()) answered(owner, name, result);
      });
}

// Limits are no failure of the provider: where the signature alone would do while it is down, a
// flood must not be able to bring that about.
std::optional<IntrospectionReply> IntrospectionKeeper::withhold(Issuer& issuer,
                                                                const Question& question,
                                                                const std::string& source) {
  const auto spent = [](std::string_view what) {
    return no(Reason::budget_exhausted, std::string(what));
  };
  const SteadyTime now = parts_.clock.steady();
  if (const auto held = issuer.gate.refuse(kind_of(question), source, now))
    return no(Reason::introspection_unavailable, std::string(held->why), held->down);
  const bool halved = question.opaque && issuer.asks_about_signed;
  if (!has_place(issuer, halved)) return spent("too many questions are under way");
  if (issuer.flights.size() >= kQuestionsOfIssuer)
    return spent("too many questions to this issuer are under way");
  if (halved && issuer.under_way().about_opaque >= kQuestionsOfIssuer / 2)
    return spent("too many questions about opaque tokens to this issuer are under way");
  const auto of_source =
      std::count_if(issuer.flights.begin(), issuer.flights.end(),
                    [&](const auto& flight) { return flight.second.source == source; });
  if (static_cast<std::size_t>(of_source) >= kQuestionsOfSource)
    return spent("too many questions of this source are under way");
  switch (issuer.rate.take(source, now)) {
    case QuestionRate::Verdict::source_spent:
      return spent("this source's share of the questions to this issuer ('introspection_rate')");
    case QuestionRate::Verdict::issuer_spent:
      return spent("questions to this issuer ('introspection_rate')");
    case QuestionRate::Verdict::granted:
      break;
  }
  return std::nullopt;
}

QuestionsUnderWay IntrospectionKeeper::Issuer::under_way() const {
  const auto halved = std::count_if(flights.begin(), flights.end(), [this](const auto& flight) {
    return asks_about_signed && flight.second.question.opaque;
  });
  const auto opaque = static_cast<std::size_t>(halved);
  return {flights.size() - opaque, opaque};
}

// With one place alone it is anybody's.
std::size_t QuestionsUnderWay::shared(std::size_t reserved) const {
  const std::size_t half = std::max<std::size_t>(reserved / 2, 1);
  const std::size_t own_opaque = std::min(about_opaque, half);
  const std::size_t own_signed = std::min(about_signed, reserved - own_opaque);
  return about_signed + about_opaque - own_opaque - own_signed;
}

// One of its own, or one of those that are nobody's.
bool IntrospectionKeeper::has_place(const Issuer& issuer, bool halved) const {
  const std::size_t reserved = questions_reserved(issuers_.size());
  QuestionsUnderWay with = issuer.under_way();
  const std::size_t before = with.shared(reserved);
  ++(halved ? with.about_opaque : with.about_signed);
  if (with.shared(reserved) <= before) return true;
  std::size_t shared = 0;
  for (const auto& [name, each] : issuers_) shared += each->under_way().shared(reserved);
  return shared < kQuestionsInAll - reserved * issuers_.size();
}

void IntrospectionKeeper::answered(const IssuerPtr& issuer, const std::string& flight,
                                   const IntrospectResult& result) {
  const auto found = issuer->flights.find(flight);
  if (found == issuer->flights.end()) return;
  const Flight ended = std::move(found->second);
  issuer->flights.erase(found);
  --issuer->state.under_way;
  const bool down = nobody_is_there(*issuer, ended, result);
  learn(*issuer, ended, result, down);
  const IntrospectionReply reply = reply_to(*issuer, ended.question, result, down);
  for (const Waiter& waiter : ended.waiters) waiter.done(reply);
}

// An answer of any kind could be brought about, by a flood, by the token or by a mistake in the
// configuration; so could a failure of our own. Nobody is there where no connection was taken, not
// of this question and of no other meanwhile: one that has as many connections as it takes is busy.
bool IntrospectionKeeper::nobody_is_there(Issuer& issuer, const Flight& flight,
                                          const IntrospectResult& result) {
  using Status = IntrospectResult::Status;
  if (result.status == Status::ok || result.status == Status::failed) {
    issuer.heard_at = parts_.clock.steady();
    issuer.gate.doubted();
  }
  if (result.status != Status::down) return false;
  return !issuer.heard_at || flight.began - *issuer.heard_at >= kHeardOf;
}

// An endpoint that refuses a question is there, whatever the question was; and a bound or a reload
// of our own says nothing about it. Whoever guesses could bring either about.
void IntrospectionKeeper::learn(Issuer& issuer, const Flight& flight,
                                const IntrospectResult& result, bool down) {
  using Status = IntrospectResult::Status;
  const QuestionGate::Kind kind = kind_of(flight.question);
  const SteadyTime now = parts_.clock.steady();
  if (flight.turn) issuer.gate.ended(kind, flight.source);
  const int status = result.http_status.value_or(0);
  if (result.status == Status::ok) return issuer.gate.answered();
  if (status == kTooManyRequests || (status == kUnavailable && result.retry_after)) {
    const auto pause = std::min(result.retry_after.value_or(kPauseLeast), kPauseMost);
    return issuer.gate.throttled(kind, flight.source, pause, now, parts_.random());
  }
  if (status != 0 && status < kServerError) return issuer.gate.answered();
  const bool in_vain = status == 0 && !result.retry_after && result.status != Status::reload;
  const bool sick = in_vain || status >= kServerError;
  if (sick) return issuer.gate.failed(kind, flight.source, down, now, parts_.random());
  issuer.gate.doubted();
}

IntrospectionReply IntrospectionKeeper::reply_to(Issuer& issuer, const Question& question,
                                                 const IntrospectResult& result, bool down) {
  switch (result.status) {
    case IntrospectResult::Status::ok:
      return read(issuer, question, result);
    case IntrospectResult::Status::reload:
      parts_.reload();
      return no(Reason::introspection_unavailable, "the configuration has just changed");
    case IntrospectResult::Status::failed:
    case IntrospectResult::Status::down:
    case IntrospectResult::Status::unreachable:
      break;
  }
  return failed(issuer, question, result, down);
}

IntrospectionReply IntrospectionKeeper::read(Issuer& issuer, const Question& question,
                                             const IntrospectResult& result) {
  const Snapshot& snapshot = parts_.snapshot();
  std::size_t index = 0;
  const config::Issuer* section = find_section(snapshot, question, index);
  if (section == nullptr)
    return no(Reason::introspection_unavailable, "the configuration has changed");
  auto answer = read_introspection({result.body, result.form}, question, section->config,
                                   snapshot.keys[index], parts_.clock.wall(), scratch_);
  scratch_.payload_reader().forget();
  if (!answer) {
    ++issuer.state.invalid;
    complain(issuer, question, answer.error().detail);
    return {nullptr, std::move(answer).error(), false};
  }
  const bool active = (*answer)->state() != Introspected::State::inactive;
  ++(active ? issuer.state.active : issuer.state.inactive);
  issuer.state.answered_at = parts_.clock.wall();
  if (issuer.state.last_error) {
    parts_.journal.log(LogLevel::notice, "the issuer answers questions about tokens again",
                       {{"issuer", question.issuer}});
  }
  issuer.state.last_error.reset();
  const issuer::IntrospectionConfig& config = section->config.introspection;
  const bool good = (*answer)->state() == Introspected::State::active;
  const auto ttl = good ? config.positive_ttl : config.negative_ttl;
  const SteadyTime now = parts_.clock.steady();
  if (ttl.count() > 0) parts_.memory.put(*answer, now, now + ttl);
  return {*std::move(answer), {}, false};
}

IntrospectionReply IntrospectionKeeper::failed(Issuer& issuer, const Question& question,
                                               const IntrospectResult& result, bool down) {
  ++issuer.state.failed;
  complain(issuer, question, result.error);
  return no(Reason::introspection_unavailable, result.error, down);
}

// Said when it changes, not with each login.
void IntrospectionKeeper::complain(Issuer& issuer, const Question& question, std::string why) {
  issuer.state.failed_at = parts_.clock.wall();
  if (issuer.state.last_error != why) {
    parts_.journal.log(LogLevel::error, "the issuer cannot be asked about tokens",
                       {{"issuer", question.issuer}, {"error", why}});
  }
  issuer.state.last_error = std::move(why);
}

}  // namespace latchkey::latchkeyd
