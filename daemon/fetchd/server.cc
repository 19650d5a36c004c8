// SPDX-License-Identifier: Apache-2.0
//
// What is waited for is listed anew in each round from the state of the clients, so there is no
// registration that could go stale.
#include "daemon/fetchd/server.h"

#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "daemon/fetchd/event_plan.h"
#include "daemon/fetchd/list_plan.h"
#include "daemon/fetchd/status_plan.h"
#include "ipc/unix_socket.h"

namespace latchkey::fetchd {

using ipc::FaultKind;
using ipc::fetch::Document;
using ipc::fetch::Status;

namespace {

constexpr std::chrono::milliseconds kWaitMost{60'000};
constexpr std::chrono::seconds kAcceptPause{1};
constexpr int kRequestsARound = 16;
// Somebody waits at a prompt: latchkeyd has to answer the module in time (DESIGN section 5).
constexpr std::chrono::milliseconds kIntrospectionMost{3'000};

// 128 bits, as hex.
std::string random_name() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  std::string name;
  for (const unsigned char byte : bytes) {
    name += "0123456789abcdef"[byte >> 4U];
    name += "0123456789abcdef"[byte & 0xfU];
  }
  return name;
}

}  // namespace

Server::Server(Parts parts, ConfigSource& config, Log& log, ServiceManager& manager)
    : parts_(std::move(parts)), config_(config), log_(log), manager_(manager) {}

void Server::run() {
  manager_.ready(status());
  while (!stop_) {
    std::vector<curl_waitfd> waited = waited_for();
    fetcher_.wait(waited, time_to_wait(Clock::now()));
    handle_ready(waited);
    fetcher_.perform();
    drop_slow_clients(Clock::now());
  }
  manager_.stopping();
}

std::vector<curl_waitfd> Server::waited_for() const {
  std::vector<curl_waitfd> waited{{parts_.signals.get(), CURL_WAIT_POLLIN, 0},
                                  {streams_.ready(), CURL_WAIT_POLLIN, 0}};
  const bool accepting = clients_.size() < kClientsMost && Clock::now() >= accept_again_at_;
  if (accepting) waited.push_back({parts_.listener.get(), CURL_WAIT_POLLIN, 0});
  for (const auto& [id, client] : clients_) {
    short events = 0;
    if (client.wants_to_read()) events |= CURL_WAIT_POLLIN;
    if (client.wants_to_write()) events |= CURL_WAIT_POLLOUT;
    if (events != 0) waited.push_back({client.socket(), events, 0});
  }
  return waited;
}

std::chrono::milliseconds Server::time_to_wait(Clock::time_point now) {
  Clock::time_point until = std::min(now + kWaitMost, manager_.watchdog(now));
  if (accept_again_at_ > now) until = std::min(until, accept_again_at_);
  for (const auto& [id, client] : clients_) until = std::min(until, client.give_up_at());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return std::max(left, std::chrono::milliseconds(0));
}

void Server::handle_ready(const std::vector<curl_waitfd>& ready) {
  // Clients first: accepting one may reuse the number of a descriptor that was closed meanwhile.
  std::vector<std::uint64_t> readable;
  for (const auto& [id, client] : clients_) {
    const int socket = client.socket();
    const bool found = std::any_of(ready.begin(), ready.end(), [socket](const curl_waitfd& entry) {
      return entry.fd == socket && entry.revents != 0;
    });
    if (found) readable.push_back(id);
  }
  for (const std::uint64_t id : readable) {
    flush(id);
    read(id);
  }
  for (const curl_waitfd& entry : ready) {
    if (entry.revents == 0) continue;
    if (entry.fd == parts_.signals.get()) handle_signals();
    if (entry.fd == streams_.ready()) answer_streams();
    if (entry.fd == parts_.listener.get()) accept_clients();
  }
}

void Server::handle_signals() {
  signalfd_siginfo info{};
  while (::read(parts_.signals.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo == SIGHUP) {
      reload();
    } else {
      stop_ = true;
    }
  }
}

void Server::reload() {
  manager_.reloading();
  if (auto loaded = load_config(); !loaded) {
    log_.error("the configuration at work stays: " + loaded.error());
  }
  manager_.ready(status());
}

tl::expected<void, std::string> Server::load_config() {
  auto loaded = config_.load();
  if (!loaded) {
    const std::vector<config::ConfigError>& errors = loaded.error();
    for (const config::ConfigError& error : errors) log_.error(config::describe(error));
    return tl::unexpected(errors.empty() ? "unreadable" : config::describe(errors.front()));
  }
  if (*loaded) {
    log_.notice("configuration loaded, digest " + config_.current().digest);
    fetcher_.heed(config_);
  }
  if (!parts_.log_level_is_fixed) {
    if (const auto level = find_log_level(config_.current().log_level)) log_.set_most(*level);
  }
  return {};
}

void Server::accept_clients() {
  while (clients_.size() < kClientsMost) {
    ipc::Fd socket(
        ::accept4(parts_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) {
        // Out of descriptors or memory: the connection stays in the queue, so ask again later
        // instead of at once and for ever.
        log_.error(ipc::system_fault("accept", errno).value().detail);
        accept_again_at_ = Clock::now() + kAcceptPause;
      }
      return;
    }
    const auto peer = ipc::peer_of(socket.get());
    if (!peer ||
        std::find(parts_.peers.begin(), parts_.peers.end(), peer->uid) == parts_.peers.end()) {
      log_.warning("a connection of uid " + (peer ? std::to_string(peer->uid) : "?") +
                   " is refused");
      continue;
    }
    clients_.emplace(next_client_++, Client(std::move(socket)));
  }
}

void Server::read(std::uint64_t id) {
  // A client that never stops asking gets its turn, and then the others get theirs.
  for (int count = 0; count < kRequestsARound; ++count) {
    const auto found = clients_.find(id);
    if (found == clients_.end() || !found->second.wants_to_read()) return;
    auto request = found->second.receive();
    if (!request) {
      if (request.error().kind == FaultKind::would_block) return;
      const bool ended = request.error().kind == FaultKind::closed;
      return drop(id, ended ? std::string_view() : request.error().detail);
    }
    handle_request(id, *std::move(request));
  }
}

void Server::handle_request(std::uint64_t id, Client::Asked asked) {
  const ipc::fetch::Request& request = asked.request;
  const auto document = request.document;
  if (document == Document::list_manifest || document == Document::list_chunk)
    return handle_list_request(id, asked);
  if (document == Document::status_list) return handle_status_request(id, asked);
  if (document == Document::stream_items) return handle_stream_request(id, asked);
  if (document == Document::security_events) return handle_poll(id, std::move(asked));
  const issuer::IssuerConfig* issuer = config_.find(request.issuer, request.digest);
  if (issuer == nullptr) {
    // Either side may be the older one: ours is made the newest, then the asker has to.
    const auto loaded = load_config();
    issuer = config_.find(request.issuer, request.digest);
    if (issuer == nullptr) return answer_reload(id, request, loaded);
  }
  const auto now = Clock::now();
  const auto wait = document == Document::introspection ? rate_.take_question(*issuer, now)
                                                        : rate_.take(*issuer, now);
  if (wait) return answer_too_often(id, request, *wait);
  ipc::fetch::Request asked_for = request;
  begin(id, *issuer, std::move(asked),
        [this, id, asked_for = std::move(asked_for)](Outcome outcome) {
          note(asked_for, outcome);
          answer(id, std::move(outcome));
        });
}

void Server::handle_list_request(std::uint64_t id, const Client::Asked& asked) {
  const ipc::fetch::Request& request = asked.request;
  const config::ListSource* list = config_.find_list(request.issuer, request.digest);
  if (list == nullptr) {
    const auto loaded = load_config();
    list = config_.find_list(request.issuer, request.digest);
    if (list == nullptr) return answer_reload(id, request, loaded);
  }
  const bool chunk = request.document == Document::list_chunk;
  // Whatever latchkeyd asks for, this program's memory is bounded.
  if (chunk && chunks_under_way_ >= kChunksMost)
    return answer_too_often(id, request, std::chrono::seconds(1));
  const auto now = Clock::now();
  const auto wait = chunk ? rate_.take_chunk(*list, now) : rate_.take_manifest(*list, now);
  if (wait) return answer_too_often(id, request, *wait);
  // Counted until the fetch has ended or was given up.
  if (chunk) ++chunks_under_way_;
  const std::shared_ptr<void> slot(nullptr, [this, chunk](void* /*nothing*/) {
    if (chunk) --chunks_under_way_;
  });
  fetcher_.start(id, list->feed.name, std::make_unique<ListPlan>(*list, request),
                 list->fetch_timeout, [this, id, request, slot](Outcome outcome) {
                   note(request, outcome);
                   answer(id, std::move(outcome));
                 });
}

void Server::handle_status_request(std::uint64_t id, const Client::Asked& asked) {
  const ipc::fetch::Request& request = asked.request;
  const config::StatusListSource* lists = config_.find_status_list(request.issuer, request.digest);
  if (lists == nullptr) {
    const auto loaded = load_config();
    lists = config_.find_status_list(request.issuer, request.digest);
    if (lists == nullptr) return answer_reload(id, request, loaded);
  }
  // A section for itself: whoever keeps its questions waiting holds up no other one's.
  // Those of the section as it was before are given up.
  const std::pair<std::string, std::string> section(lists->name, lists->digest);
  const auto under_way = statuses_under_way_.find(section);
  if (under_way != statuses_under_way_.end() && under_way->second >= lists->at_once())
    return answer_too_often(id, request, std::chrono::seconds(1), Status::busy);
  if (const auto wait = rate_.take_status_list(*lists, Clock::now()))
    return answer_too_often(id, request, *wait, Status::busy);
  ++statuses_under_way_[section];
  const std::shared_ptr<void> room(nullptr, [this, section](void* /*nothing*/) {
    if (--statuses_under_way_[section] == 0) statuses_under_way_.erase(section);
  });
  fetcher_.start(id, lists->name, std::make_unique<StatusPlan>(*lists, request),
                 lists->fetch_timeout, [this, id, request, room](Outcome outcome) {
                   note(request, outcome);
                   answer(id, std::move(outcome));
                 });
}

void Server::handle_poll(std::uint64_t id, Client::Asked asked) {
  const ipc::fetch::Request request = asked.request;
  const config::EventSource* events = config_.find_events(request.issuer, request.digest);
  if (events == nullptr) {
    const auto loaded = load_config();
    events = config_.find_events(request.issuer, request.digest);
    if (events == nullptr) return answer_reload(id, request, loaded);
  }
  if (const auto wait = rate_.take_poll(*events, Clock::now()))
    return answer_too_often(id, request, *wait);
  const auto held = std::min(request.wait.value_or(std::chrono::seconds(0)), events->long_poll);
  fetcher_.start(id, events->feed.name,
                 std::make_unique<EventPlan>(*events, request, std::move(asked.poll)),
                 events->fetch_timeout + held, [this, id, request](Outcome outcome) {
                   note(request, outcome);
                   answer(id, std::move(outcome));
                 });
}

void Server::handle_stream_request(std::uint64_t id, const Client::Asked& asked) {
  const ipc::fetch::Request& request = asked.request;
  const config::StreamSource* stream = config_.find_stream(request.issuer, request.digest);
  if (stream == nullptr) {
    const auto loaded = load_config();
    stream = config_.find_stream(request.issuer, request.digest);
    if (stream == nullptr) return answer_reload(id, request, loaded);
  }
  streams_.ask(id, *stream, request);
}

void Server::answer_streams() {
  for (Streams::Answer& each : streams_.take()) {
    note(each.request, each.outcome);
    answer(each.client, std::move(each.outcome));
  }
}

void Server::answer_reload(std::uint64_t id, const ipc::fetch::Request& request,
                           const tl::expected<void, std::string>& loaded) {
  Outcome outcome;
  outcome.answer.id = request.id;
  outcome.answer.status = Status::reload;
  outcome.answer.error = loaded
                             ? "latchkey-fetchd has another configuration of " + request.issuer
                             : "latchkey-fetchd cannot load its configuration: " + loaded.error();
  answer(id, std::move(outcome));
}

void Server::answer_too_often(std::uint64_t id, const ipc::fetch::Request& request,
                              std::chrono::milliseconds wait, Status status) {
  Outcome outcome;
  outcome.answer.id = request.id;
  outcome.answer.status = status;
  outcome.answer.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
  outcome.answer.error = request.issuer + ": it was asked for too often; no provider was asked";
  log_.warning(outcome.answer.error);
  answer(id, std::move(outcome));
}

void Server::note(const ipc::fetch::Request& request, const Outcome& outcome) {
  if (outcome.answer.status >= Status::failed) return log_.warning(outcome.answer.error);
  // One line a login, or a line for each silent moment of a stream, is not worth the journal's
  // space.
  const bool often = request.document == Document::introspection ||
                     request.document == Document::stream_items ||
                     request.document == Document::security_events;
  const auto level = often ? LogLevel::debug : LogLevel::info;
  log_.write(level, request.issuer + ": " + std::string(ipc::fetch::name(request.document)) + ": " +
                        std::string(ipc::fetch::name(outcome.answer.status)) + ", " +
                        std::to_string(outcome.body.size()) + " bytes");
}

void Server::begin(std::uint64_t id, const issuer::IssuerConfig& issuer, Client::Asked asked,
                   Fetcher::Done done) {
  if (asked.request.document != Document::introspection)
    return fetcher_.start(id, issuer, asked.request, std::move(done));
  const IntrospectionPlan::World world{
      endpoints_,
      [] {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
      },
      [] { return Clock::now(); }, random_name};
  fetcher_.start(
      id, issuer.name,
      std::make_unique<IntrospectionPlan>(issuer, asked.request, std::move(asked.token), world),
      std::min<std::chrono::milliseconds>(issuer.fetch_timeout, kIntrospectionMost),
      std::move(done));
}

void Server::answer(std::uint64_t id, Outcome outcome) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  client->second.answer(std::move(outcome), Clock::now());
  flush(id);
}

void Server::flush(std::uint64_t id) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  if (auto sent = client->second.flush(); !sent) drop(id, sent.error().detail);
}

void Server::drop(std::uint64_t id, std::string_view why) {
  if (!why.empty()) log_.warning("a connection is dropped: " + std::string(why));
  fetcher_.cancel(id);
  clients_.erase(id);
}

void Server::drop_slow_clients(Clock::time_point now) {
  std::vector<std::uint64_t> slow;
  for (const auto& [id, client] : clients_) {
    if (client.give_up_at() <= now) slow.push_back(id);
  }
  for (const std::uint64_t id : slow) drop(id, "it does not read its answers");
}

std::string Server::status() const {
  return std::to_string(config_.current().issuers.size()) + " issuers configured";
}

}  // namespace latchkey::fetchd
