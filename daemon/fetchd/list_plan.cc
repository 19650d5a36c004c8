// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/list_plan.h"

#include <utility>

#include "core/base/limits.h"
#include "core/issuer/https_url.h"
#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {

using ipc::fetch::Status;

tl::expected<std::string, std::string> chunk_url(const std::string& manifest_url,
                                                 std::string_view sha256) {
  const auto url = issuer::parse_https_url(manifest_url);
  if (!url) return tl::unexpected(url.error());
  const std::string folder =
      url->path.empty() ? "/" : url->path.substr(0, url->path.find_last_of('/') + 1);
  return url->origin.text() + folder + "chunks/" + std::string(sha256) + ".bin";
}

Plan::Step ListPlan::start() {
  if (!request_.etag.empty() && !is_entity_tag(request_.etag))
    return failed("the request's etag is of no good form");
  if (!request_.last_modified.empty() && !is_http_date(request_.last_modified))
    return failed("the request's date is of no good form");
  HttpRequest request{.url = config_.url,
                      .ca_file = config_.ca_file,
                      .etag = request_.etag,
                      .last_modified = request_.last_modified,
                      .tls_pins = config_.tls_pins,
                      .proxy = config_.proxy,
                      .body_most = limits::kTokenBytes,
                      .accept = "application/latchkey-revocations+jwt, */*;q=0.5"};
  if (chunk()) {
    auto url = chunk_url(config_.url, request_.sha256);
    if (!url) return failed(url.error());
    request.url = *std::move(url);
    request.body_most = request_.bytes;
    request.accept = "application/octet-stream, */*;q=0.5";
  } else if (auto url = issuer::parse_https_url(config_.url); !url) {
    return failed(url.error());
  }
  return request;
}

Plan::Step ListPlan::next(tl::expected<HttpResponse, HttpFailure> response) {
  if (!response) {
    Outcome outcome = failed(response.error().cause);
    outcome.answer.retry_after = response.error().retry_after;
    if (response.error().untrusted) outcome.answer.status = Status::untrusted;
    return outcome;
  }
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = response->status == 304 ? Status::not_modified : Status::ok;
  outcome.answer.bytes = response->body.size();
  outcome.answer.etag = std::move(response->etag);
  // RFC 9110 section 15.4.5: a 304 may leave the tag out; the one that was asked with still holds.
  if (response->status == 304 && outcome.answer.etag.empty()) outcome.answer.etag = request_.etag;
  outcome.answer.last_modified = std::move(response->last_modified);
  outcome.answer.max_age = response->max_age;
  outcome.body = std::move(response->body);
  return outcome;
}

Outcome ListPlan::failed(std::string_view cause) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::failed;
  outcome.answer.error =
      printable(config_.feed.name + ": " + std::string(ipc::fetch::name(request_.document)) + ": " +
                    std::string(cause),
                ipc::fetch::kErrorMost);
  return outcome;
}

}  // namespace latchkey::fetchd
