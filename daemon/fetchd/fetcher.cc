// SPDX-License-Identifier: Apache-2.0
//
// Outcomes are collected and delivered at the end of `perform`, so that a `done` may start or
// cancel fetches.
#include "daemon/fetchd/fetcher.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "daemon/fetchd/fetch_plan.h"

namespace latchkey::fetchd {
namespace {

// A multi handle fails for misuse or a lack of memory only.
void check(CURLMcode code) {
  if (code != CURLM_OK) std::abort();
}

}  // namespace

Fetcher::Fetcher() : multi_(curl_multi_init()) {
  if (!multi_) std::abort();
}

void Fetcher::start(Owner owner, const issuer::IssuerConfig& config,
                    const ipc::fetch::Request& request, Done done) {
  start(owner, std::make_unique<FetchPlan>(config, request), config.fetch_timeout, std::move(done));
}

void Fetcher::start(Owner owner, std::unique_ptr<Plan> plan, std::chrono::milliseconds timeout,
                    Done done) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  jobs_.push_back(Job{owner, std::move(plan), deadline, std::move(done), nullptr});
  const auto job = std::prev(jobs_.end());
  take(job, job->plan->start());
}

void Fetcher::cancel(Owner owner) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (job->owner != owner) {
      ++job;
      continue;
    }
    end_transfer(*job);
    job = jobs_.erase(job);
  }
}

void Fetcher::wait(std::span<curl_waitfd> extra, std::chrono::milliseconds timeout) {
  // Outcomes that wait for delivery are work to do.
  const int timeout_ms = finished_.empty() ? static_cast<int>(timeout.count()) : 0;
  const CURLMcode code = curl_multi_poll(multi_.get(), extra.data(),
                                         static_cast<unsigned>(extra.size()), timeout_ms, nullptr);
  if (code != CURLM_UNRECOVERABLE_POLL) check(code);  // a signal may interrupt it
}

void Fetcher::perform() {
  int running = 0;
  check(curl_multi_perform(multi_.get(), &running));
  finish_transfers();
  for (auto& [done, outcome] : std::exchange(finished_, {})) done(std::move(outcome));
}

void Fetcher::finish_transfers() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message is gone with its handle
    const auto job = find(message->easy_handle);
    if (job == jobs_.end()) std::abort();
    auto response = job->transfer->finish(code);
    end_transfer(*job);
    take(job, job->plan->next(std::move(response)));
  }
}

void Fetcher::take(Jobs::iterator job, Plan::Step step) {
  if (const auto* request = std::get_if<HttpRequest>(&step)) {
    begin_transfer(*job, *request);
    return;
  }
  finished_.emplace_back(std::move(job->done), std::get<Outcome>(std::move(step)));
  jobs_.erase(job);
}

void Fetcher::begin_transfer(Job& job, const HttpRequest& request) {
  // A deadline that has passed leaves one millisecond: curl then says "timeout" in its own words.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(job.deadline - std::chrono::steady_clock::now());
  job.transfer = std::make_unique<Transfer>(request, std::max(left, std::chrono::milliseconds(1)));
  check(curl_multi_add_handle(multi_.get(), job.transfer->handle()));
}

void Fetcher::end_transfer(Job& job) {
  if (!job.transfer) return;
  check(curl_multi_remove_handle(multi_.get(), job.transfer->handle()));
  job.transfer.reset();
}

Fetcher::Jobs::iterator Fetcher::find(CURL* easy) {
  return std::find_if(jobs_.begin(), jobs_.end(), [easy](const Job& job) {
    return job.transfer && job.transfer->handle() == easy;
  });
}

}  // namespace latchkey::fetchd
