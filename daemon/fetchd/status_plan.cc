// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/status_plan.h"

#include <utility>

#include "daemon/fetchd/config_source.h"
#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {

using ipc::fetch::Status;

Plan::Step StatusPlan::start() {
  if (!request_.etag.empty() && !is_entity_tag(request_.etag))
    return failed("the request's etag is of no good form");
  if (!request_.last_modified.empty() && !is_http_date(request_.last_modified))
    return failed("the request's date is of no good form");
  if (const auto taken = config_.takes(request_.uri); !taken) return failed(taken.error());
  return HttpRequest{.url = request_.uri,
                     .ca_file = config_.ca_file,
                     .etag = request_.etag,
                     .last_modified = request_.last_modified,
                     .tls_pins = config_.tls_pins,
                     .proxy = config_.proxy,
                     .body_most = config_.token_bytes_most(),
                     .accept = "application/statuslist+jwt"};
}

Plan::Step StatusPlan::next(tl::expected<HttpResponse, HttpFailure> response) {
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
  // RFC 9110 section 15.4.5: a 304 may leave the tag out; the one that was asked with still holds.
  outcome.answer.etag = std::move(response->etag);
  if (response->status == 304 && outcome.answer.etag.empty()) outcome.answer.etag = request_.etag;
  outcome.answer.last_modified = std::move(response->last_modified);
  outcome.answer.max_age = response->max_age;
  outcome.body = std::move(response->body);
  return outcome;
}

// A server that hangs would keep its section's few places from the lists of the section as it is
// now.
std::optional<Outcome> StatusPlan::outdated(const ConfigSource& config) const {
  if (config.find_status_list(config_.name, config_.digest) != nullptr) return std::nullopt;
  Outcome outcome = failed("the section is another one now");
  outcome.answer.status = Status::reload;
  return outcome;
}

Outcome StatusPlan::failed(std::string_view cause) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::failed;
  outcome.answer.error =
      printable(config_.name + ": status_list: " + std::string(cause), ipc::fetch::kErrorMost);
  return outcome;
}

}  // namespace latchkey::fetchd
