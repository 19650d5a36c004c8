// SPDX-License-Identifier: Apache-2.0
//
// All fetches under way, on one curl multi handle: the only place where this program waits. A fetch
// that is slow or hangs delays nobody else's. Names are looked up here and not by curl, whose
// look-ups nobody could count (lookups.h).
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/issuer/issuer_config.h"
#include "daemon/fetchd/lookups.h"
#include "daemon/fetchd/loop_lag.h"
#include "daemon/fetchd/plan.h"
#include "daemon/fetchd/transfer.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class Fetcher {
 public:
  using Done = std::function<void(Outcome)>;
  using Owner = std::uint64_t;  // on whose behalf

  explicit Fetcher(Lookups::Resolve resolve = resolve_by_system);

  // Begins a fetch that ends within the issuer's `fetch_timeout`. `done` is called from `perform`,
  // once.
  void start(Owner owner, const issuer::IssuerConfig& config, const ipc::fetch::Request& request,
             Done done);

  // The same for any plan, which ends within `timeout`; `issuer` is on whose account its look-ups
  // go.
  void start(Owner owner, const std::string& issuer, std::unique_ptr<Plan> plan,
             std::chrono::milliseconds timeout, Done done);

  // Gives up an owner's fetches; their `done` is not called.
  void cancel(Owner owner);

  // Ends those that are outdated; their `done` is called by the next `perform`.
  void heed(const ConfigSource& config);

  std::size_t running() const { return jobs_.size(); }

  // Waits until something can be done for a fetch or for one of `extra`, at most `timeout`.
  void wait(std::span<curl_waitfd> extra, std::chrono::milliseconds timeout);

  // Moves every fetch on as far as it goes without waiting.
  void perform();

 private:
  struct Job {
    Owner owner;
    std::string issuer;
    std::unique_ptr<Plan> plan;
    std::chrono::steady_clock::time_point deadline;
    Done done;
    std::unique_ptr<Transfer> transfer;
    // Before the transfer, while its name is looked up.
    HttpRequest request;
    Peer peer;
    std::shared_ptr<const Lookups::Lookup> lookup;
    LoopLag::Clock::duration lost_before{};  // as LoopLag counts it
  };
  using Jobs = std::list<Job>;
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void take(Jobs::iterator job, Plan::Step step);
  void begin(Jobs::iterator job, const HttpRequest& request);
  void begin_transfer(Job& job, const std::vector<std::string>& addresses);
  void finish_lookups();
  void end_transfer(Job& job);
  void finish_transfers();
  Jobs::iterator find(CURL* easy);
  HttpFailure excuse(const Job& job, HttpFailure timeout) const;

  std::unique_ptr<CURLM, FreeMulti> multi_;
  Lookups lookups_;
  LoopLag lag_;
  Jobs jobs_;
  std::vector<std::pair<Done, Outcome>> finished_;  // delivered by the next `perform`
};

}  // namespace latchkey::fetchd
