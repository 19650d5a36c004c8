// SPDX-License-Identifier: Apache-2.0
//
// The loop of latchkey-fetchd: clients, signals and fetches on one wait, one thread. Nothing in it
// blocks but that wait.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/fetchd/client.h"
#include "daemon/fetchd/config_source.h"
#include "daemon/fetchd/fetcher.h"
#include "daemon/fetchd/introspection_plan.h"
#include "daemon/fetchd/log.h"
#include "daemon/fetchd/rate_bound.h"
#include "daemon/fetchd/service_manager.h"
#include "daemon/fetchd/streams.h"
#include "ipc/fd.h"

namespace latchkey::fetchd {

class Server {
 public:
  static constexpr std::size_t kClientsMost = 8;
  static constexpr std::size_t kChunksMost = 4;  // at once, of 16 MiB each

  struct Parts {
    ipc::Fd listener;          // non-blocking, SOCK_SEQPACKET
    ipc::Fd signals;           // a signalfd for SIGTERM, SIGINT and SIGHUP
    std::vector<uid_t> peers;  // who may connect
    bool log_level_is_fixed = false;
  };

  Server(Parts parts, ConfigSource& config, Log& log, ServiceManager& manager);

  // Serves until SIGTERM or SIGINT.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  using Clients = std::map<std::uint64_t, Client>;

  std::vector<curl_waitfd> waited_for() const;
  std::chrono::milliseconds time_to_wait(Clock::time_point now);
  void handle_ready(const std::vector<curl_waitfd>& ready);

  void handle_signals();
  void reload();
  tl::expected<void, std::string> load_config();

  void accept_clients();
  void read(std::uint64_t id);
  void handle_request(std::uint64_t id, Client::Asked asked);
  void handle_list_request(std::uint64_t id, const Client::Asked& asked);
  void handle_status_request(std::uint64_t id, const Client::Asked& asked);
  void handle_poll(std::uint64_t id, Client::Asked asked);
  void handle_stream_request(std::uint64_t id, const Client::Asked& asked);
  void answer_streams();
  void answer_reload(std::uint64_t id, const ipc::fetch::Request& request,
                     const tl::expected<void, std::string>& loaded);
  void answer_too_often(std::uint64_t id, const ipc::fetch::Request& request,
                        std::chrono::milliseconds wait,
                        ipc::fetch::Status status = ipc::fetch::Status::failed);
  void note(const ipc::fetch::Request& request, const Outcome& outcome);
  void begin(std::uint64_t id, const issuer::IssuerConfig& issuer, Client::Asked asked,
             Fetcher::Done done);
  void answer(std::uint64_t id, Outcome outcome);
  void flush(std::uint64_t id);
  void drop(std::uint64_t id, std::string_view why);
  void drop_slow_clients(Clock::time_point now);
  std::string status() const;

  Parts parts_;
  ConfigSource& config_;
  Log& log_;
  ServiceManager& manager_;
  std::size_t chunks_under_way_ = 0;  // outlives the fetcher, whose work counts itself in it
  // Likewise; by the section's name and digest.
  std::map<std::pair<std::string, std::string>, std::size_t> statuses_under_way_;
  EndpointMemory endpoints_;  // outlives the fetcher, whose plans refer to it
  Fetcher fetcher_;
  Streams streams_;
  RateBound rate_;
  Clients clients_;
  std::uint64_t next_client_ = 1;
  Clock::time_point accept_again_at_{};  // after the system ran out of descriptors
  bool stop_ = false;
};

}  // namespace latchkey::fetchd
