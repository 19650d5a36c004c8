// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/control.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/config/dump.h"
#include "daemon/latchkeyd/service/control_records.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;
using control::MethodError;

namespace {

constexpr std::int64_t kDecisionsDefault = 20;
constexpr std::chrono::seconds kRefreshNotes{10};  // between two of one uid
constexpr std::size_t kAskersMost = 256;

tl::unexpected<MethodError> error(MethodError::Kind kind, std::string text = {}) {
  return tl::unexpected(MethodError{kind, std::move(text), {}});
}

// A page's length, or 0 where the caller asked for an impossible one.
std::size_t page(const std::optional<std::int64_t>& limit, std::int64_t otherwise) {
  const std::int64_t wanted = limit.value_or(otherwise);
  return wanted >= 1 && wanted <= static_cast<std::int64_t>(control::kPageMost)
             ? static_cast<std::size_t>(wanted)
             : 0;
}

// What the store said to a removal.
control::Outcome<control::Empty> removed(const Expected<bool>& found) {
  if (!found) return error(MethodError::Kind::refused, found.error().detail);
  if (!*found) return error(MethodError::Kind::not_found);
  return control::Empty{};
}

}  // namespace

void Control::serve(ipc::varlink::Service& service) {
  using ipc::Peer;
  control::describe(service);
  control::serve<control::Status>(service,
                                  [this](const Peer&, const auto&, auto done) { done(status()); });
  control::serve<control::Issuers>(service, [this](const Peer&, const auto& request, auto done) {
    done(issuers(request.issuer));
  });
  control::serve<control::RefreshKeys>(service,
                                       [this](const Peer& peer, const auto& request, auto done) {
                                         refresh_keys(peer, request.issuer, std::move(done));
                                       });
  control::serve<control::GetConfig>(service, [this](const Peer&, const auto&, auto done) {
    const config::Config& config = *parts_.plane.current().config;
    done(control::GetConfigAnswer{config::marked_dump(config), config.digest});
  });
  control::serve<control::GetKeys>(
      service, [this](const Peer&, const auto& request, auto done) { done(keys(request.issuer)); });
  control::serve<control::Explain>(
      service, [this](const Peer&, const auto& request, auto done) { done(explain(request)); });
  control::serve<control::Decisions>(
      service, [this](const Peer&, const auto& request, auto done) { done(decisions(request)); });
  control::serve<control::Revocations>(service,
                                       [this](const Peer&, const auto& request, auto done) {
                                         revocations(request, std::move(done));
                                       });
  control::serve<control::Bindings>(
      service, [this](const Peer&, const auto& request, auto done) { done(bindings(request)); });
  control::serve<control::Sessions>(
      service, [this](const Peer&, const auto& request, auto done) { done(sessions(request)); });
  control::serve<control::EndSession>(service,
                                      [this](const Peer& peer, const auto& request, auto done) {
                                        end_session(peer, request.id, std::move(done));
                                      });
  control::serve<control::Reload>(
      service, [this](const Peer& peer, const auto&, auto done) { reload(peer, std::move(done)); });
  control::serve<control::Revoke>(service,
                                  [this](const Peer& peer, const auto& request, auto done) {
                                    revoke(peer, request, std::move(done));
                                  });
  control::serve<control::RevokeMany>(service,
                                      [this](const Peer& peer, const auto& request, auto done) {
                                        revoke_many(peer, request, std::move(done));
                                      });
  control::serve<control::RemoveRevocation>(
      service, [this](const Peer& peer, const auto& request, auto done) {
        remove_revocation(peer, request.id, std::move(done));
      });
  serve_accounts(service);
  control::serve<control::RemoveBinding>(
      service, [this](const Peer& peer, auto request, auto done) {
        remove_binding(peer, std::move(request.user), std::move(done));
      });
}

control::StatusAnswer Control::status() const {
  const Snapshot& snapshot = parts_.plane.current();
  const Counters& counters = parts_.counters;
  control::StatusAnswer answer;
  answer.version = parts_.version;
  answer.pid = ::getpid();
  answer.started_at = parts_.started_at;
  answer.config_digest = snapshot.config->digest;
  answer.config_loaded_at = parts_.plane.config_loaded_at();
  answer.config_error = parts_.plane.config_error();
  answer.snapshot = static_cast<std::int64_t>(snapshot.number);
  answer.workers = static_cast<std::int64_t>(parts_.workers);
  answer.conversations = counters.conversations.load(std::memory_order_relaxed);
  answer.logins = static_cast<std::int64_t>(parts_.logins.logins());
  answer.bindings = static_cast<std::int64_t>(snapshot.bindings->size());
  answer.revocations = static_cast<std::int64_t>(parts_.plane.revocations().size());
  answer.remembered_tokens = static_cast<std::int64_t>(parts_.memory.size());
  answer.decisions = {
      counters.counted(ReasonClass::allowed), counters.counted(ReasonClass::refused),
      counters.counted(ReasonClass::unavailable), counters.counted(ReasonClass::user_unknown),
      counters.counted(ReasonClass::not_managed)};
  answer.state_error = parts_.state_error();
  answer.fetch_error = parts_.fetch_error();
  answer.sessions_error = parts_.sessions.trouble();
  answer.issuers = all_issuers();
  const Now now{parts_.clock.wall(), parts_.clock.steady()};
  for (const RevocationSourceState& source : parts_.plane.revocation_sources())
    answer.revocation_sources.push_back(revocation_source_status(source, now));
  answer.names = names_status();
  return answer;
}

std::vector<control::IssuerStatus> Control::all_issuers() const {
  const config::Config& config = *parts_.plane.current().config;
  const std::vector<KeyState> states = parts_.plane.key_states();
  const Now now{parts_.clock.wall(), parts_.clock.steady()};
  std::vector<control::IssuerStatus> all;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const issuer::IssuerConfig& issuer = config.issuers[i].config;
    all.push_back(issuer_status(issuer, states[i], now));
    all.back().introspection =
        introspection_status(issuer, parts_.plane.introspection_state(issuer.name));
  }
  return all;
}

control::Outcome<control::IssuersAnswer> Control::issuers(
    const std::optional<std::string>& issuer) const {
  control::IssuersAnswer answer{all_issuers()};
  if (!issuer) return answer;
  std::erase_if(answer.issuers, [&](const auto& each) { return each.name != *issuer; });
  if (answer.issuers.empty()) return error(MethodError::Kind::not_found);
  return answer;
}

void Control::refresh_keys(const ipc::Peer& peer, const std::optional<std::string>& issuer,
                           Done<control::RefreshKeysAnswer> done) {
  if (issuer && parts_.plane.current().config->find_issuer_by_name(*issuer) < 0)
    return done(error(MethodError::Kind::not_found));
  note_refresh(peer, issuer ? *issuer : "all");
  parts_.plane.refresh_keys(issuer, [this, done = std::move(done)](const auto& all) {
    const Now now{parts_.clock.wall(), parts_.clock.steady()};
    control::RefreshKeysAnswer answer;
    for (const ControlPlane::RefreshedKeys& each : all)
      answer.issuers.push_back(refreshed_issuer(each.issuer, each.refreshed, now));
    done(std::move(answer));
  });
}

control::Outcome<control::GetKeysAnswer> Control::keys(std::string_view issuer) const {
  const config::Config& config = *parts_.plane.current().config;
  const std::ptrdiff_t index = config.find_issuer_by_name(issuer);
  const std::vector<KeyState> states = parts_.plane.key_states();
  if (index < 0 || static_cast<std::size_t>(index) >= states.size())
    return error(MethodError::Kind::not_found);
  const auto place = static_cast<std::size_t>(index);
  const KeyState& state = states[place];
  const Now now{parts_.clock.wall(), parts_.clock.steady()};
  const auto status = issuer_status(config.issuers[place].config, state, now);
  control::GetKeysAnswer answer{status.name,       status.source,     status.stale,
                                status.generation, status.fetched_at, std::nullopt};
  if (state.document) answer.jwks = parts_.plane.served_document(state);
  return answer;
}

control::Outcome<control::ExplainAnswer> Control::explain(
    const control::ExplainRequest& request) const {
  const auto found = parts_.decisions.find(request.id);
  if (!found) return error(MethodError::Kind::not_found);
  return control::ExplainAnswer{decision_record(*found)};
}

control::Outcome<control::DecisionsAnswer> Control::decisions(
    const control::DecisionsRequest& request) const {
  const std::size_t most = page(request.limit, kDecisionsDefault);
  if (most == 0) return error(MethodError::Kind::invalid_parameter, "limit");
  control::DecisionsAnswer answer;
  for (const LoggedDecision& logged : parts_.decisions.last(most, request.user.value_or(""))) {
    answer.decisions.push_back(decision_summary(logged));
  }
  return answer;
}

control::Outcome<control::BindingsAnswer> Control::bindings(
    const control::BindingsRequest& request) const {
  const std::size_t most = page(request.limit, static_cast<std::int64_t>(control::kPageMost));
  if (most == 0) return error(MethodError::Kind::invalid_parameter, "limit");
  const auto& all = parts_.plane.current().bindings->all();
  control::BindingsAnswer answer;
  auto binding = request.after ? all.upper_bound(*request.after) : all.begin();
  for (; binding != all.end() && answer.bindings.size() < most; ++binding) {
    answer.bindings.push_back({binding->first, binding->second.issuer, binding->second.subject});
  }
  answer.more = binding != all.end();
  return answer;
}

control::Outcome<control::SessionsAnswer> Control::sessions(
    const control::SessionsRequest& request) const {
  const std::size_t most = page(request.limit, static_cast<std::int64_t>(control::kPageMost));
  if (most == 0) return error(MethodError::Kind::invalid_parameter, "limit");
  control::SessionsAnswer answer;
  for (const SessionKeeper::Session& session : parts_.sessions.sessions()) {
    if (request.after && session.login->id <= *request.after) continue;
    if (answer.sessions.size() == most) {
      answer.more = true;
      break;
    }
    answer.sessions.push_back(session_record(session));
  }
  return answer;
}

void Control::end_session(const ipc::Peer& peer, const std::string& id,
                          Done<control::EndSessionAnswer> done) {
  note(peer, "the end of a session was asked for", {{"login", id}});
  parts_.sessions.end(
      id, [done = std::move(done)](const std::optional<SessionEnder::Answer>& answer) {
        using Outcome = SessionEnder::Outcome;
        if (!answer) return done(error(MethodError::Kind::not_found));
        if (answer->outcome == Outcome::ending) return done(control::EndSessionAnswer{"ending"});
        if (answer->outcome == Outcome::gone) return done(control::EndSessionAnswer{"gone"});
        done(error(MethodError::Kind::refused,
                   answer->outcome == Outcome::unreachable
                       ? "latchkey-endd does not answer (" + answer->why + "); it is asked again"
                       : answer->why));
      });
}

void Control::reload(const ipc::Peer& peer, Done<control::ReloadAnswer> done) {
  note(peer, "a reload was asked for", {});
  parts_.plane.reload([done = std::move(done)](const tl::expected<bool, ConfigErrors>& outcome) {
    if (outcome) return done(control::ReloadAnswer{*outcome});
    MethodError failure{MethodError::Kind::config_invalid, {}, {}};
    for (const config::ConfigError& wrong : outcome.error()) {
      failure.errors.push_back({wrong.file, wrong.line, wrong.column, wrong.message});
    }
    done(tl::unexpected(std::move(failure)));
  });
}

void Control::remove_binding(const ipc::Peer& peer, std::string user, Done<control::Empty> done) {
  std::string copy = user;
  parts_.plane.remove_binding(
      std::move(copy),
      [this, peer, user = std::move(user), done = std::move(done)](const Expected<bool>& found) {
        if (found && *found) note(peer, "a binding was removed", {{"user", user}});
        done(removed(found));
      });
}

// Whoever may use the socket may ask in a loop, and must not fill the journal by it.
void Control::note_refresh(const ipc::Peer& peer, std::string_view issuer) {
  const SteadyTime now = parts_.clock.steady();
  const auto over = [&](const Asker& asker) { return now - asker.noted_at >= kRefreshNotes; };
  auto asker = askers_.find(peer.uid);
  if (asker != askers_.end() && !over(asker->second)) {
    ++asker->second.unsaid;
    return;
  }
  if (asker == askers_.end()) {
    if (askers_.size() >= kAskersMost)
      std::erase_if(askers_, [&](const auto& each) { return over(each.second); });
    if (askers_.size() >= kAskersMost) return;
    asker = askers_.try_emplace(peer.uid).first;
  }
  const std::string unsaid = std::to_string(std::exchange(asker->second.unsaid, 0));
  asker->second.noted_at = now;
  note(peer, "fresh keys were asked for", {{"issuer", issuer}, {"unsaid_before", unsaid}});
}

void Control::note(const ipc::Peer& peer, std::string_view message,
                   std::initializer_list<LogField> fields) {
  std::vector<LogField> all(fields);
  const std::string uid = std::to_string(peer.uid);
  const std::string pid = std::to_string(peer.pid);
  all.push_back({"peer_uid", uid});
  all.push_back({"peer_pid", pid});
  parts_.journal.write(LogLevel::notice, message, all);
}

}  // namespace latchkey::latchkeyd
