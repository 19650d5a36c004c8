// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/introspection_plan.h"

#include <utility>

#include "core/base/limits.h"
#include "core/issuer/metadata.h"
#include "daemon/fetchd/client_credential.h"
#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {

using ipc::fetch::Form;
using ipc::fetch::Status;

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kJwt = "application/token-introspection+jwt";

// Then the next question finds out where. Any other failure can be brought about by a token, and
// must not make the next question depend on the metadata.
bool says_it_is_elsewhere(const HttpFailure& failure) {
  const int status = failure.status.value_or(0);
  return status / 100 == 3 || status == 404 || status == 405 || status == 410;
}

}  // namespace

std::optional<std::string> EndpointMemory::find(const issuer::IssuerConfig& config,
                                                SteadyTime now) const {
  const auto found = entries_.find(config.name);
  if (found == entries_.end() || found->second.digest != config.digest ||
      now >= found->second.kept_at + kKept) {
    return std::nullopt;
  }
  return found->second.endpoint;
}

void EndpointMemory::keep(const issuer::IssuerConfig& config, std::string endpoint,
                          SteadyTime now) {
  if (entries_.size() >= limits::kIssuers && !entries_.contains(config.name)) entries_.clear();
  entries_.insert_or_assign(config.name, Entry{config.digest, std::move(endpoint), now});
}

void EndpointMemory::forget(const issuer::IssuerConfig& config) { entries_.erase(config.name); }

IntrospectionPlan::IntrospectionPlan(const issuer::IssuerConfig& config,
                                     const ipc::fetch::Request& request, wire::SecretBuffer token,
                                     const World& world)
    : config_(config), request_(request), token_(std::move(token)), world_(world) {}

Plan::Step IntrospectionPlan::start() {
  if (!config_.introspection.on()) return failed("introspection", "it is off for this issuer");
  if (!config_.introspection.endpoint.empty()) return ask(config_.introspection.endpoint);
  if (auto known = world_.endpoints.find(config_, world_.steady())) return ask(*std::move(known));
  const std::string url = issuer::discovery_url(config_);
  if (auto allowed = issuer::check_url(config_, url); !allowed)
    return failed("metadata", allowed.error().detail);
  return HttpRequest{.url = url,
                     .ca_file = config_.ca_file,
                     .tls_pins = config_.tls_pins,
                     .proxy = config_.proxy,
                     .body_most = limits::kDiscoveryBytes,
                     .any_speed = true};
}

Plan::Step IntrospectionPlan::next(tl::expected<HttpResponse, HttpFailure> response) {
  if (response) return asked_ ? after_answer(*std::move(response)) : after_metadata(*response);
  if (asked_ && says_it_is_elsewhere(response.error())) world_.endpoints.forget(config_);
  Outcome outcome = failed(asked_ ? "introspection" : "metadata", response.error().cause);
  outcome.answer.retry_after = response.error().retry_after;
  outcome.answer.http_status = response.error().status;
  if (response.error().untrusted) outcome.answer.status = Status::untrusted;
  // Where the metadata came, the provider is there, however short they have left the time.
  if (response.error().unreachable && !answered_) outcome.answer.status = Status::unreachable;
  return outcome;
}

Plan::Step IntrospectionPlan::after_metadata(const HttpResponse& response) {
  answered_ = true;
  auto endpoint = issuer::parse_introspection_endpoint(response.body, config_);
  if (!endpoint) return failed("metadata", endpoint.error().detail);
  world_.endpoints.keep(config_, *endpoint, world_.steady());
  return ask(*std::move(endpoint));
}

Plan::Step IntrospectionPlan::ask(std::string endpoint) {
  auto form = make_form(config_, endpoint, token_, world_.unique(), world_.wall());
  token_.wipe();
  if (!form) return failed("introspection", "the client's credential: " + form.error());
  asked_ = true;
  const bool wants_jwt = config_.introspection.answers == issuer::AnswerForm::jwt;
  return HttpRequest{.url = std::move(endpoint),
                     .ca_file = config_.ca_file,
                     .tls_pins = config_.tls_pins,
                     .proxy = config_.proxy,
                     .body_most = limits::kIntrospectionBytes,
                     .form = std::move(form->body),
                     .authorization = std::move(form->authorization),
                     .accept = std::string(wants_jwt ? kJwt : kJson),
                     .any_speed = true};
}

// RFC 7662 section 2.2, RFC 9701 section 5. Whether the form is the configured one is latchkeyd's
// to say.
Plan::Step IntrospectionPlan::after_answer(HttpResponse response) {
  Outcome outcome;
  if (is_media_type(response.content_type, kJson)) {
    outcome.answer.form = Form::json;
  } else if (is_media_type(response.content_type, kJwt)) {
    outcome.answer.form = Form::jwt;
  } else {
    return failed("introspection",
                  "the answer is neither JSON nor a signed introspection answer, "
                  "by its Content-Type");
  }
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::ok;
  outcome.answer.bytes = response.body.size();
  outcome.body = std::move(response.body);
  return outcome;
}

Outcome IntrospectionPlan::failed(std::string_view what, std::string_view cause) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::failed;
  outcome.answer.error = printable(
      config_.name + ": " + std::string(what) + ": " + std::string(cause), ipc::fetch::kErrorMost);
  return outcome;
}

}  // namespace latchkey::fetchd
