// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/verdict.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "core/opaque.h"
#include "ipc/time_text.h"
#include "wire/limits.h"

namespace latchkey::cli {
namespace {

bool asks_for_peer(const config::Config& config) {
  return std::any_of(config.access.begin(), config.access.end(),
                     [](const auto& rule) { return !rule.networks.empty(); });
}

// The last check that the token alone is asked for.
constexpr Check kLastOfToken = Check::introspection;

// The checks that were asked for, as the records that explain shows.
std::vector<ipc::control::CheckRecord> checks_of(const Verdict& verdict) {
  std::vector<ipc::control::CheckRecord> checks;
  const auto last =
      verdict.sign_in ? kChecks : static_cast<std::size_t>(kLastOfToken) + std::size_t{1};
  for (std::size_t i = 0; i < last; ++i) {
    const auto check = static_cast<Check>(i);
    checks.push_back({std::string(name(check)), std::string(description(check)),
                      std::string(name(verdict.decision.trace[check]))});
  }
  return checks;
}

std::string_view headline(const Verdict& verdict) {
  switch (exit_status(verdict)) {
    case 0:
      return "ACCEPTED";
    case 1:
      return "REFUSED";
    default:
      return "NO VERDICT";
  }
}

// What a stock ssh client's cut makes of a longer token; the daemon says so of one that came in one
// answer.
Reason perhaps_cut(Reason reason, std::size_t size) {
  const bool may_be = reason == Reason::token_malformed || reason == Reason::signature_invalid;
  return may_be && size == wire::kSshAnswerCut ? Reason::token_cut : reason;
}

// Where the daemon would ask the issuer as well, nobody here can: there is no verdict, unless the
// rest refuses already.
void no_word_of_issuer(Verdict& verdict, const issuer::IssuerConfig& config) {
  verdict.decision.reason = Reason::introspection_unavailable;
  verdict.decision.detail = "issuer " + config.name + " was not asked: this command asks nobody";
  verdict.notes.emplace_back(
      "the daemon asks the issuer whether this token is still active "
      "(introspection); everything else that could be checked here passed");
}

// The same snapshot with nobody to be asked.
Snapshot without_introspection(const Snapshot& snapshot) {
  Snapshot out = snapshot;
  auto config = std::make_shared<config::Config>(*snapshot.config);
  for (config::Issuer& issuer : config->issuers)
    issuer.config.introspection.mode = issuer::IntrospectionMode::off;
  out.config = std::move(config);
  return out;
}

// Nothing where the token is no opaque one.
std::optional<Verdict> opaque_verdict(std::string_view token, const Snapshot& snapshot,
                                      const std::optional<SignIn>& sign_in, WallTime now) {
  const auto issuer = opaque_issuer(token, sign_in ? sign_in->service : "", *snapshot.config);
  if (!issuer) return std::nullopt;
  Verdict verdict{.sign_in = sign_in, .at = now};
  if (auto form = check_opaque_form(token); !form) {
    verdict.decision.trace.fail(Check::form);
    verdict.decision.reason = perhaps_cut(form.error().reason, token.size());
    verdict.decision.detail = std::move(form).error().detail;
    return verdict;
  }
  const issuer::IssuerConfig& config = snapshot.config->issuers[*issuer].config;
  verdict.decision.issuer = config.issuer;
  verdict.decision.trace.pass(Check::issuer);
  verdict.decision.reason = Reason::introspection_unavailable;
  verdict.decision.detail = "issuer " + config.name + " was not asked: this command asks nobody";
  verdict.notes.emplace_back(
      "by the configuration this is an opaque token: only its issuer can "
      "say what it is, and the daemon asks it (introspection)");
  return verdict;
}

}  // namespace

int exit_status(const Verdict& verdict) {
  switch (row(verdict.decision.reason).kind) {
    case ReasonClass::allowed:
      return 0;
    case ReasonClass::unavailable:
      return 2;
    default:
      return 1;
  }
}

Verdict verify_token(std::string_view token, const Snapshot& snapshot,
                     const std::optional<SignIn>& sign_in, WallTime now) {
  jose::Scratch scratch;
  if (auto opaque = opaque_verdict(token, snapshot, sign_in, now)) return *std::move(opaque);
  Verdict verdict{.sign_in = sign_in, .at = now};
  Trace trace;
  auto verified = verify(token, snapshot, now, scratch, trace);
  if (!verified) {
    verdict.decision = std::move(verified.error().decision);
    verdict.decision.reason = perhaps_cut(verdict.decision.reason, token.size());
    if (verified.error().need_keys && verdict.decision.reason == Reason::key_unknown)
      verdict.notes.emplace_back(
          "the daemon asks the provider for newer keys before it refuses a token for this");
    return verdict;
  }
  const claims::ValidatedClaims& claims = verified->claims;
  verdict.names.assign(claims->users.begin(), claims->users.end());
  verdict.groups.assign(claims->groups.begin(), claims->groups.end());
  const issuer::IssuerConfig& config = snapshot.config->issuers[verified->issuer].config;
  const bool asks = config.introspection.required();
  if (sign_in) {
    LoginRequest request;
    request.service = sign_in->service;
    request.user = sign_in->user;
    request.rhost = sign_in->rhost;
    request.utc_offset = sign_in->utc_offset;
    verdict.decision = judge(claims, verified->issuer, request,
                             asks ? without_introspection(snapshot) : snapshot, now, trace);
    if (asks && verdict.decision.allowed()) no_word_of_issuer(verdict, config);
    if (sign_in->rhost.empty() && asks_for_peer(*snapshot.config))
      verdict.notes.emplace_back(
          "access rules look at the peer's network, and none was given: say it with --rhost");
    return verdict;
  }
  verdict.decision.reason = Reason::allowed;
  verdict.decision.trace = trace;
  verdict.decision.issuer = claims->issuer;
  verdict.decision.subject = claims->subject;
  verdict.decision.key_id = claims->key_id;
  verdict.decision.valid_until = claims->expires_at;
  if (asks) no_word_of_issuer(verdict, config);
  return verdict;
}

std::string render_verdict(const Verdict& verdict, Style style) {
  const Decision& decision = verdict.decision;
  const ReasonRow& reason = row(decision.reason);
  std::string out = emphasis(headline(verdict), decision.allowed(), style);
  out += decision.allowed() ? "\n" : fmt::format("  {}\n", reason.code);
  const auto line = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) out += detail_line(label, value);
  };
  if (verdict.sign_in) line("sign-in", verdict.sign_in->user + " by " + verdict.sign_in->service);
  if (!decision.allowed()) line("meaning", std::string(reason.administrator));
  line("detail", decision.detail);
  line("rule",
       decision.rule + (decision.rule_place.empty() ? "" : " (" + decision.rule_place + ')'));
  line("issuer", decision.issuer);
  line("subject", decision.subject);
  line("key", decision.key_id);
  line("names", joined(verdict.names));
  line("groups", joined(verdict.groups));
  if (decision.identity) {
    line("local user", fmt::format("{} (uid {})", decision.identity->user, decision.identity->uid));
    line("local groups", joined(decision.identity->groups));
  }
  if (decision.allowed()) line("valid until", ipc::format_time(decision.valid_until));
  if (!decision.allowed() && reason.clause != "-") line("see", std::string(reason.clause));
  line("asked about", ipc::format_time(verdict.at));
  line("keys", verdict.keys);
  for (const std::string& note : verdict.notes) line("note", note);
  return out + "checks\n" + render_checks(checks_of(verdict), style);
}

std::string verdict_json(const Verdict& verdict) {
  using nlohmann::ordered_json;
  const Decision& decision = verdict.decision;
  const ReasonRow& reason = row(decision.reason);
  ordered_json out{{"accepted", decision.allowed()}, {"reason", reason.code}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  if (!decision.allowed()) {
    add("meaning", std::string(reason.administrator));
    add("see", reason.clause == "-" ? "" : std::string(reason.clause));
  }
  if (verdict.sign_in) {
    out["user"] = verdict.sign_in->user;
    out["service"] = verdict.sign_in->service;
  }
  add("detail", decision.detail);
  add("rule", decision.rule);
  add("rule_place", decision.rule_place);
  add("issuer", decision.issuer);
  add("subject", decision.subject);
  add("key_id", decision.key_id);
  if (!verdict.names.empty()) out["names"] = verdict.names;
  if (!verdict.groups.empty()) out["groups"] = verdict.groups;
  if (decision.identity) {
    out["uid"] = decision.identity->uid;
    out["local_groups"] = decision.identity->groups;
  }
  if (decision.allowed()) out["valid_until"] = ipc::format_time(decision.valid_until);
  out["asked_about"] = ipc::format_time(verdict.at);
  add("keys", verdict.keys);
  out["notes"] = verdict.notes;
  out["checks"] = ordered_json::array();
  for (const auto& check : checks_of(verdict)) {
    out["checks"].push_back(
        {{"check", check.check}, {"description", check.description}, {"outcome", check.outcome}});
  }
  return out.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace latchkey::cli
