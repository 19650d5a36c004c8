// SPDX-License-Identifier: Apache-2.0
//
// Discovery is asked anew each time keys are fetched: fetches are minutes apart, and a provider
// that moves its keys is then followed at once.
#include "daemon/fetchd/fetch_plan.h"

#include <utility>

#include "core/base/limits.h"
#include "core/issuer/metadata.h"
#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {

using ipc::fetch::Document;
using ipc::fetch::Status;

FetchPlan::FetchPlan(const issuer::IssuerConfig& config, const ipc::fetch::Request& request)
    : config_(config), request_(request) {}

FetchPlan::Step FetchPlan::start() {
  if (config_.local_keys()) return failed("the keys of this issuer lie on this host");
  if (!request_.etag.empty() && !is_entity_tag(request_.etag))
    return failed("the request's etag is of no good form");
  if (!request_.last_modified.empty() && !is_http_date(request_.last_modified))
    return failed("the request's date is of no good form");
  if (config_.jwks_uri.empty()) return get(Document::metadata, issuer::discovery_url(config_));
  if (request_.document == Document::jwks) return get(Document::jwks, config_.jwks_uri);
  return failed("no discovery: the configuration sets jwks_uri");
}

FetchPlan::Step FetchPlan::next(tl::expected<HttpResponse, HttpFailure> response) {
  if (!response) {
    Outcome outcome = failed(response.error().cause);
    outcome.answer.retry_after = response.error().retry_after;
    return outcome;
  }
  if (getting_ == Document::metadata) return after_metadata(*std::move(response));
  return deliver(*std::move(response));
}

FetchPlan::Step FetchPlan::get(Document document, const std::string& url) {
  getting_ = document;
  if (auto allowed = issuer::check_url(config_, url); !allowed)
    return failed(allowed.error().detail);
  const std::size_t most =
      document == Document::metadata ? limits::kDiscoveryBytes : limits::kJwkSetBytes;
  HttpRequest request{.url = url,
                      .ca_file = config_.ca_file,
                      .tls_pins = config_.tls_pins,
                      .proxy = config_.proxy,
                      .body_most = most};
  // They are of the document that latchkeyd wants; one that is only passed through is always read
  // whole.
  if (document == request_.document) {
    request.etag = request_.etag;
    request.last_modified = request_.last_modified;
  }
  return request;
}

FetchPlan::Step FetchPlan::after_metadata(HttpResponse response) {
  if (response.status == 304) return deliver(std::move(response));
  auto metadata = issuer::parse_metadata(response.body, config_);
  if (!metadata) return failed(metadata.error().detail);
  if (request_.document == Document::metadata) return deliver(std::move(response));
  return get(Document::jwks, metadata->jwks_uri);
}

Outcome FetchPlan::deliver(HttpResponse response) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = response.status == 304 ? Status::not_modified : Status::ok;
  outcome.answer.bytes = response.body.size();
  // A 304 may leave the tag out; then the one that was asked with still holds (RFC 9110
  // section 15.4.5).
  outcome.answer.etag = std::move(response.etag);
  if (response.status == 304 && outcome.answer.etag.empty()) outcome.answer.etag = request_.etag;
  outcome.answer.last_modified = std::move(response.last_modified);
  outcome.answer.max_age = response.max_age;
  outcome.body = std::move(response.body);
  return outcome;
}

Outcome FetchPlan::failed(std::string_view cause) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::failed;
  outcome.answer.error = printable(
      config_.name + ": " + std::string(ipc::fetch::name(getting_)) + ": " + std::string(cause),
      ipc::fetch::kErrorMost);
  return outcome;
}

}  // namespace latchkey::fetchd
