// SPDX-License-Identifier: Apache-2.0
//
// authenticate, where the issuer itself has to be asked about the token (RFC 7662): an opaque one,
// or a signed one of an issuer whose section wants its word besides the signature. Asked at most
// once a request, after the source has paid for it, and only as long as the module still waits.
#include <algorithm>
#include <string>
#include <utility>

#include "core/opaque.h"
#include "daemon/latchkeyd/service/conversation.h"
#include "daemon/latchkeyd/service/pending.h"

namespace latchkey::latchkeyd {
namespace {

// What a question costs a source, of the same budget as its signatures: 50 at once and 5 a second
// by default. It is the provider's time, not ours, that is saved.
constexpr std::chrono::milliseconds kQuestionCost{10};
// The least time in which an answer may come; with less left, nobody is asked.
constexpr std::chrono::milliseconds kPatienceLeast{100};

}  // namespace

// Sets verified_ from the answer's claims.
asio::awaitable<Conversation::Refused> Conversation::verify_opaque(std::size_t issuer) {
  if (auto form = check_opaque_form(token_view_); !form) {
    if (!charged()) co_return overdrawn();
    trace_.fail(Check::form);
    co_return refuse(form.error().reason, std::move(form.error().detail));
  }
  const std::string name = desk_.snapshot->config->issuers[issuer].config.name;
  Refused refused = co_await introspect(issuer, true);
  if (refused) co_return refused;
  // A reload meanwhile may have moved the section; that it is the same, accept_opaque() holds.
  const auto place = desk_.snapshot->config->find_issuer_by_name(name);
  if (place < 0) co_return refuse(Reason::issuer_unknown, "the configuration has changed");
  issuer = static_cast<std::size_t>(place);
  auto verified =
      accept_opaque(*introspected_, issuer, *desk_.snapshot, desk_.services.clock.wall(), trace_);
  if (!verified) co_return std::move(verified.error().decision);
  verified_ = *std::move(verified);
  co_return std::nullopt;
}

// The signature and the claims have passed; whether that is enough, the configuration says.
asio::awaitable<Conversation::Refused> Conversation::confirm() {
  const std::size_t issuer = verified_->issuer;
  const auto& issuers = desk_.snapshot->config->issuers;
  if (issuer >= issuers.size() || !issuers[issuer].config.introspection.required())
    co_return std::nullopt;
  co_return co_await introspect(issuer, false);
}

// Sets introspected_, or says why not.
asio::awaitable<Conversation::Refused> Conversation::introspect(std::size_t issuer, bool opaque) {
  const Services& services = desk_.services;
  const issuer::IssuerConfig& section = desk_.snapshot->config->issuers[issuer].config;
  const Question question{section.name, section.digest, digest_.hex(), opaque};
  const issuer::WhenDown down = section.introspection.down;
  const SteadyTime now = services.clock.steady();
  introspected_ = services.introspections.find(question, desk_.snapshot->keys[issuer].generation,
                                               services.clock.wall(), now);
  if (opaque) remembered_ = introspected_ != nullptr;
  if (introspected_ != nullptr) co_return std::nullopt;
  if (!services.budgets.charge(source_, kQuestionCost, desk_.snapshot->config->budgets, now)) {
    trace_.fail(Check::introspection);
    co_return refuse(Reason::budget_exhausted, "questions of this source to issuers");
  }
  const IntrospectionReply reply = co_await ask_issuer(question);
  waited_ = true;
  if (reply.answer == nullptr) co_return without_answer(question, reply, down);
  introspected_ = reply.answer;
  co_return std::nullopt;
}

asio::awaitable<IntrospectionReply> Conversation::ask_issuer(Question question) {
  const std::chrono::milliseconds most = patience_left();
  // To a provider it is the same whether somebody comes by sshd or by su.
  IntrospectionOrder order{std::move(question), origin_of(source_),
                           wire::SecretBuffer(token_view_.size())};
  if (most < kPatienceLeast || !order.token.append(token_view_))
    co_return IntrospectionReply{nullptr, {Reason::introspection_unavailable, "no time is left"}};
  const auto pending = std::make_shared<Pending<IntrospectionReply>>(desk_.loop.context());
  desk_.services.needs.request_introspection(std::move(order), desk_.loop,
                                             Pending<IntrospectionReply>::completion(pending));
  co_await pending->wait(most);
  if (pending->result) co_return *std::move(pending->result);
  // fetchd gives a provider up before that; so this is a fetchd that hangs, and no outage.
  co_return IntrospectionReply{nullptr,
                               {Reason::introspection_unavailable, "no answer came in time"}};
}

// Only where nobody is there, and only for a token whose signature has verified, may the
// configuration say that this is enough; it is never said quietly.
Conversation::Refused Conversation::without_answer(const Question& question,
                                                   const IntrospectionReply& reply,
                                                   issuer::WhenDown down) {
  const bool goes_on = !question.opaque && reply.down && down == issuer::WhenDown::signature &&
                       reply.error.reason == Reason::introspection_unavailable;
  if (goes_on) {
    desk_.services.journal.log(
        LogLevel::warning,
        "the issuer could not be asked about a token; by the configuration its signature decides",
        {{"issuer", question.issuer}, {"request_id", request_id_}, {"error", reply.error.detail}});
    introspected_ = Introspected::unavailable(question);
    return std::nullopt;
  }
  trace_.fail(Check::introspection);
  return refuse(reply.error.reason, reply.error.detail);
}

// The module waits for so long while no prompt is open, whatever it is that we wait for.
std::chrono::milliseconds Conversation::patience_left() const {
  const auto gone =
      std::chrono::ceil<std::chrono::milliseconds>(desk_.services.clock.steady() - heard_at_);
  return std::max(std::chrono::milliseconds(0), desk_.patience.needs - gone);
}

}  // namespace latchkey::latchkeyd
