// SPDX-License-Identifier: Apache-2.0
//
// The control thread's end of fetch.sock. Connects when something is to be asked and keeps the
// connection; requests travel side by side, each under a deadline. Whatever latchkey-fetchd does
// (hang, die, answer nonsense), each request is answered once, and nothing here waits.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/latchkeyd/io/event_poller.h"
#include "daemon/latchkeyd/io/fetcher.h"
#include "daemon/latchkeyd/io/introspector.h"
#include "daemon/latchkeyd/io/list_fetcher.h"
#include "daemon/latchkeyd/io/loop.h"
#include "daemon/latchkeyd/io/status_fetcher.h"
#include "daemon/latchkeyd/io/stream_fetcher.h"

namespace latchkey::latchkeyd {

class FetchClient final : public Fetcher,
                          public Introspector,
                          public ListFetcher,
                          public StreamFetcher,
                          public StatusFetcher,
                          public EventPoller {
 public:
  struct Options {
    std::string path;                            // of fetch.sock
    std::chrono::milliseconds deadline{15'000};  // of a fetch, where its own time is not longer
    std::chrono::milliseconds introspection{
        3'500};  // of a question about a token; above the 3 s that fetchd takes at most
  };

  FetchClient(Loop& loop, Options options);
  // Requests that are open are dropped unanswered.
  ~FetchClient() override;

  void fetch_keys(FetchRequest request, std::function<void(const FetchResult&)> done) override;

  void fetch_list(ListRequest request, std::function<void(const FetchResult&)> done) override;

  void fetch_items(StreamRequest request, std::function<void(const FetchResult&)> done) override;

  void fetch_status_list(StatusRequest request,
                         std::function<void(const FetchResult&)> done) override;

  void poll_events(PollOrder order, std::function<void(const FetchResult&)> done) override;

  void introspect(IntrospectRequest request,
                  std::function<void(const IntrospectResult&)> done) override;

  // Why fetchd could not be reached, or did not answer, when that was last tried; nothing where it
  // did.
  const std::optional<std::string>& trouble() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // what is still on its way when this ends finds nothing
};

}  // namespace latchkey::latchkeyd
