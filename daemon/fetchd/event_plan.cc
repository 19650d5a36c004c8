// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/event_plan.h"

#include <memory>
#include <utility>

#include "core/issuer/https_url.h"
#include "daemon/fetchd/http_fields.h"
#include "daemon/fetchd/secret_file.h"

namespace latchkey::fetchd {

using ipc::fetch::Status;
using wire::SecretBuffer;

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kBearer = "Authorization: Bearer ";  // RFC 6750 section 2.1

tl::expected<std::shared_ptr<const SecretBuffer>, std::string> authorization(
    const std::string& path) {
  const auto token = read_client_secret(path);
  if (!token) return tl::unexpected(token.error());
  SecretBuffer line(kBearer.size() + token->size());
  if (!line.append(kBearer) || !line.append(token->view()))
    return tl::unexpected<std::string>("no memory");
  return std::make_shared<const SecretBuffer>(std::move(line));
}

std::string_view meaning(int status) {
  if (status == 401) return ": the transmitter does not take the bearer token of 'token_file'";
  if (status == 403) return ": the bearer token of 'token_file' does not allow to poll this stream";
  return "";
}

}  // namespace

Plan::Step EventPlan::start() {
  if (auto url = issuer::parse_https_url(config_.endpoint); !url) return failed(url.error());
  auto bearer = authorization(config_.token_file);
  if (!bearer) return failed("the bearer token: " + bearer.error());
  SecretBuffer form(poll_.size());
  if (!form.append(poll_)) return failed("no memory");
  return HttpRequest{.url = config_.endpoint,
                     .ca_file = config_.ca_file,
                     .tls_pins = config_.tls_pins,
                     .proxy = config_.proxy,
                     .body_most = ipc::fetch::kPolledMost,
                     .form = std::make_shared<const SecretBuffer>(std::move(form)),
                     .authorization = *std::move(bearer),
                     .accept = std::string(kJson),
                     .form_type = std::string(kJson),
                     .any_speed = true};
}

Plan::Step EventPlan::next(tl::expected<HttpResponse, HttpFailure> response) {
  if (!response) {
    const HttpFailure& failure = response.error();
    Outcome outcome = failed(failure.cause + std::string(meaning(failure.status.value_or(0))));
    outcome.answer.retry_after = failure.retry_after;
    outcome.answer.http_status = failure.status;
    if (failure.untrusted) outcome.answer.status = Status::untrusted;
    // It was allowed to hold the poll; that it did says nothing of whether it is there.
    if (failure.silent && request_.wait) {
      outcome.answer.status = Status::not_modified;
      outcome.answer.error.clear();
    }
    return outcome;
  }
  // RFC 8936 section 2.3.
  if (!is_media_type(response->content_type, kJson))
    return failed("the answer is no JSON, by its Content-Type");
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::ok;
  outcome.answer.bytes = response->body.size();
  outcome.body = std::move(response->body);
  return outcome;
}

Outcome EventPlan::failed(std::string_view cause) const {
  Outcome outcome;
  outcome.answer.id = request_.id;
  outcome.answer.status = Status::failed;
  outcome.answer.error = printable(config_.feed.name + ": security events: " + std::string(cause),
                                   ipc::fetch::kErrorMost);
  return outcome;
}

}  // namespace latchkey::fetchd
