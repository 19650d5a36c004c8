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

Fetcher::Fetcher(Lookups::Resolve resolve)
    : multi_(curl_multi_init()), lookups_(std::move(resolve)) {
  if (!multi_) std::abort();
}

void Fetcher::start(Owner owner, const issuer::IssuerConfig& config,
                    const ipc::fetch::Request& request, Done done) {
  start(owner, config.name, std::make_unique<FetchPlan>(config, request), config.fetch_timeout,
        std::move(done));
}

void Fetcher::start(Owner owner, const std::string& issuer, std::unique_ptr<Plan> plan,
                    std::chrono::milliseconds timeout, Done done) {
  const auto now = std::chrono::steady_clock::now();
  jobs_.push_back(Job{owner,
                      issuer,
                      std::move(plan),
                      now + timeout,
                      std::move(done),
                      nullptr,
                      {},
                      {},
                      nullptr,
                      lag_.lost(now)});
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

void Fetcher::heed(const ConfigSource& config) {
  for (auto each = jobs_.begin(); each != jobs_.end();) {
    const auto job = each++;  // may be gone afterwards
    auto outcome = job->plan->outdated(config);
    if (!outcome) continue;
    end_transfer(*job);
    take(job, *std::move(outcome));
  }
}

void Fetcher::wait(std::span<curl_waitfd> extra, std::chrono::milliseconds timeout) {
  std::vector<curl_waitfd> waited(extra.begin(), extra.end());
  waited.push_back({lookups_.event(), CURL_WAIT_POLLIN, 0});
  // curl knows nothing of a job whose name is being looked up.
  const auto now = std::chrono::steady_clock::now();
  for (const Job& job : jobs_) {
    if (!job.lookup) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(job.deadline - now);
    timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
  }
  if (!jobs_.empty()) timeout = std::min(timeout, LoopLag::kBeat);
  // Outcomes that wait for delivery are work to do.
  const int timeout_ms = finished_.empty() ? static_cast<int>(timeout.count()) : 0;
  lag_.waits(std::chrono::steady_clock::now(), !jobs_.empty());
  const CURLMcode code = curl_multi_poll(multi_.get(), waited.data(),
                                         static_cast<unsigned>(waited.size()), timeout_ms, nullptr);
  lag_.woke(std::chrono::steady_clock::now());
  if (code != CURLM_UNRECOVERABLE_POLL) check(code);  // a signal may interrupt it
  std::copy_n(waited.begin(), extra.size(), extra.begin());
}

void Fetcher::perform() {
  finish_lookups();
  int running = 0;
  check(curl_multi_perform(multi_.get(), &running));
  finish_transfers();
  for (auto& [done, outcome] : std::exchange(finished_, {})) done(std::move(outcome));
}

// A look-up that is given up goes on by itself, and is counted until it has ended.
void Fetcher::finish_lookups() {
  const auto now = std::chrono::steady_clock::now();
  lookups_.settle(now);
  for (auto each = jobs_.begin(); each != jobs_.end();) {
    const auto job = each++;  // may be gone afterwards
    if (!job->lookup) continue;
    auto addresses = Lookups::result(*job->lookup);
    if (!addresses && now < job->deadline) continue;
    job->lookup.reset();
    if (addresses && *addresses) {
      begin_transfer(*job, **addresses);
      continue;
    }
    HttpFailure failure{.cause = "timeout: the name look-up of " + job->peer.host + " hangs",
                        .retry_after = {},
                        .unreachable = lookups_.untold(job->peer.host, now)};
    take(job, job->plan->next(tl::unexpected(addresses ? std::move(addresses->error())
                                                       : excuse(*job, std::move(failure)))));
  }
}

void Fetcher::finish_transfers() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message is gone with its handle
    const auto job = find(message->easy_handle);
    if (job == jobs_.end()) std::abort();
    auto response = job->transfer->finish(code);
    if (!response && code == CURLE_OPERATION_TIMEDOUT)
      response = tl::unexpected(excuse(*job, std::move(response).error()));
    end_transfer(*job);
    take(job, job->plan->next(std::move(response)));
  }
}

// Where this program was late itself, the answer may lie in the socket: nobody is taken for gone.
HttpFailure Fetcher::excuse(const Job& job, HttpFailure timeout) const {
  const auto lost = lag_.lost(std::chrono::steady_clock::now()) - job.lost_before;
  if (!timeout.unreachable || lost <= LoopLag::kLate) return timeout;
  timeout.unreachable = false;
  timeout.cause += " (latchkey-fetchd itself was late)";
  return timeout;
}

void Fetcher::take(Jobs::iterator job, Plan::Step step) {
  if (const auto* request = std::get_if<HttpRequest>(&step)) {
    begin(job, *request);
    return;
  }
  finished_.emplace_back(std::move(job->done), std::get<Outcome>(std::move(step)));
  jobs_.erase(job);
}

void Fetcher::begin(Jobs::iterator job, const HttpRequest& request) {
  job->request = request;
  job->peer = peer_of(request);
  if (job->peer.host.empty()) return begin_transfer(*job, {});
  auto lookup = lookups_.find(job->issuer, job->peer.host, std::chrono::steady_clock::now());
  if (!lookup) return take(job, job->plan->next(tl::unexpected(std::move(lookup).error())));
  // Of one that ended long ago no event tells.
  if (const auto known = Lookups::result(**lookup); known && *known)
    return begin_transfer(*job, **known);
  job->lookup = *std::move(lookup);
}

void Fetcher::begin_transfer(Job& job, const std::vector<std::string>& addresses) {
  // A deadline that has passed leaves one millisecond: curl then says "timeout" in its own words.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(job.deadline - std::chrono::steady_clock::now());
  job.transfer = std::make_unique<Transfer>(std::exchange(job.request, {}), job.peer, addresses,
                                            std::max(left, std::chrono::milliseconds(1)));
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
