// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/fetch_client.h"

#include <sys/stat.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "ipc/fetch_protocol.h"
#include "ipc/unix_socket.h"

namespace latchkey::latchkeyd {

namespace fetch = ipc::fetch;

namespace {

// A connect to a local socket is done at once, or its queue is full.
constexpr std::chrono::milliseconds kConnect{50};
constexpr std::chrono::seconds kMargin{5};  // for fetchd to say that the time is over

// Whoever could put a socket of his own into the folder could hand us keys.
bool anybody_may_write_beside(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

FetchResult without_keys(FetchResult::Status status, std::string error) {
  FetchResult result;
  result.status = status;
  result.error = std::move(error);
  return result;
}

std::size_t body_most(const fetch::Request& request) {
  if (request.document == fetch::Document::list_chunk) return request.bytes;
  if (request.document == fetch::Document::status_list) return fetch::kChunkMost;
  if (request.document == fetch::Document::security_events) return fetch::kPolledMost;
  return request.document == fetch::Document::stream_items ? fetch::kItemsMost : fetch::kBodyMost;
}

FetchResult result_of(const fetch::Answer& answer) {
  FetchResult result;
  switch (answer.status) {
    case fetch::Status::ok:
      result.status = FetchResult::Status::ok;
      break;
    case fetch::Status::not_modified:
      result.status = FetchResult::Status::not_modified;
      break;
    case fetch::Status::reload:
      result.status = FetchResult::Status::reload;
      break;
    case fetch::Status::failed:
    case fetch::Status::unreachable:
      result.status = FetchResult::Status::failed;
      break;
    case fetch::Status::untrusted:
      result.status = FetchResult::Status::untrusted;
      break;
    case fetch::Status::busy:
      result.status = FetchResult::Status::busy;
      break;
  }
  result.etag = answer.etag;
  result.last_modified = answer.last_modified;
  result.max_age = answer.max_age;
  result.retry_after = answer.retry_after;
  result.error = answer.error;
  return result;
}

}  // namespace

IntrospectResult introspect_result(const FetchResult& result) {
  IntrospectResult out;
  switch (result.status) {
    case FetchResult::Status::ok:
      out.status = IntrospectResult::Status::ok;
      break;
    case FetchResult::Status::reload:
      out.status = IntrospectResult::Status::reload;
      break;
    case FetchResult::Status::unreachable:
      out.status = IntrospectResult::Status::unreachable;
      break;
    case FetchResult::Status::not_modified:
    case FetchResult::Status::failed:
    case FetchResult::Status::untrusted:
    case FetchResult::Status::busy:
      out.status = IntrospectResult::Status::failed;
      break;
  }
  out.body = result.body;
  out.retry_after = result.retry_after;
  out.error = result.error;
  return out;
}

class FetchClient::Core : public std::enable_shared_from_this<FetchClient::Core> {
 public:
  Core(Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {}

  using Done = std::function<void(const FetchResult&, const fetch::Answer*)>;

  void ask(FetchRequest request, std::function<void(const FetchResult&)> done) {
    const auto deadline = deadline_of(request.timeout);
    ask({0, std::move(request.issuer), std::move(request.digest), fetch::Document::jwks,
         std::move(request.etag), std::move(request.last_modified)},
        ipc::Fd(), deadline,
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* /*answer*/) {
          done(result);
        });
  }

  void ask(ListRequest request, std::function<void(const FetchResult&)> done) {
    const auto document =
        request.sha256.empty() ? fetch::Document::list_manifest : fetch::Document::list_chunk;
    const auto deadline = deadline_of(request.timeout);
    ask({0, std::move(request.list), std::move(request.digest), document, std::move(request.etag),
         std::move(request.last_modified), request.bytes, std::move(request.sha256)},
        ipc::Fd(), deadline,
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* /*answer*/) {
          done(result);
        });
  }

  void ask(StreamRequest request, std::function<void(const FetchResult&)> done) {
    fetch::Request asked{.issuer = std::move(request.stream),
                         .digest = std::move(request.digest),
                         .document = fetch::Document::stream_items,
                         .etag = {},
                         .last_modified = {},
                         .after = std::move(request.after)};
    ask(std::move(asked), ipc::Fd(), deadline_of(fetch::kItemsWait + kMargin),
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* /*answer*/) {
          done(result);
        });
  }

  void ask(StatusRequest request, std::function<void(const FetchResult&)> done) {
    const auto deadline = deadline_of(request.timeout);
    fetch::Request asked{.issuer = std::move(request.section),
                         .digest = std::move(request.digest),
                         .document = fetch::Document::status_list,
                         .etag = std::move(request.etag),
                         .last_modified = std::move(request.last_modified),
                         .uri = std::move(request.uri)};
    ask(std::move(asked), ipc::Fd(), deadline,
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* /*answer*/) {
          done(result);
        });
  }

  void ask(PollOrder order, std::function<void(const FetchResult&)> done) {
    auto file = fetch::make_sealed(order.text);
    if (!file) {
      loop_.post([done = std::move(done), why = file.error().detail] {
        done(without_keys(FetchResult::Status::unreachable, why));
      });
      return;
    }
    const auto wait = order.wait.value_or(std::chrono::seconds(0));
    ask({.issuer = std::move(order.source),
         .digest = std::move(order.digest),
         .document = fetch::Document::security_events,
         .etag = {},
         .last_modified = {},
         .bytes = order.text.size(),
         .wait = order.wait},
        *std::move(file), deadline_of(order.timeout + wait),
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* /*answer*/) {
          done(result);
        });
  }

  void ask(IntrospectRequest request, std::function<void(const IntrospectResult&)> done) {
    auto file = fetch::make_token_file(request.token.view());
    if (!file) {
      loop_.post([done = std::move(done), why = file.error().detail] {
        done({.status = IntrospectResult::Status::unreachable, .error = why});
      });
      return;
    }
    ask({0, std::move(request.issuer), std::move(request.digest), fetch::Document::introspection,
         "", "", request.token.size()},
        *std::move(file), options_.introspection,
        [done = std::move(done)](const FetchResult& result, const fetch::Answer* answer) {
          IntrospectResult told = introspect_result(result);
          if (answer != nullptr) {
            told.http_status = answer->http_status;
            // fetchd alone has seen whether anybody was there.
            if (answer->status == fetch::Status::unreachable)
              told.status = IntrospectResult::Status::down;
            if (answer->form == fetch::Form::jwt) told.form = issuer::AnswerForm::jwt;
          }
          done(told);
        });
  }

  const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  std::chrono::milliseconds deadline_of(std::chrono::seconds timeout) const {
    if (timeout.count() == 0) return options_.deadline;
    return std::max<std::chrono::milliseconds>(options_.deadline, timeout + kMargin);
  }

  void ask(fetch::Request request, ipc::Fd file, std::chrono::milliseconds deadline, Done done) {
    const std::uint64_t id = ++last_id_;
    request.id = id;
    const std::size_t most = body_most(request);
    const auto sent = send(fetch::encode(request), file.get());
    if (!sent) {
      trouble_ = sent.error().detail;
      loop_.post([done = std::move(done), why = *trouble_] {
        done(without_keys(FetchResult::Status::unreachable,
                          "latchkey-fetchd cannot be reached: " + why),
             nullptr);
      });
      return;
    }
    Open& open = open_.emplace(id, Open{std::move(done), asio::steady_timer(loop_.context()), most})
                     .first->second;
    open.timer.expires_after(deadline);
    open.timer.async_wait([weak = weak_from_this(), id](const asio::error_code& error) {
      const auto core = weak.lock();
      if (core && !error) core->expire(id);
    });
  }

  struct Open {
    Done done;
    asio::steady_timer timer;
    std::size_t most;  // bytes of the body
  };
  using Socket = asio::posix::stream_descriptor;

  // Over the connection at hand, or a fresh one where that turns out to be dead: fetchd was
  // restarted.
  ipc::Result<void> send(const std::string& message, int file) {
    if (socket_) {
      auto sent = fetch::send_message(socket_->native_handle(), message, file);
      if (sent || sent.error().kind == ipc::FaultKind::would_block) return sent;
      disconnect(sent.error().detail);
    }
    if (anybody_may_write_beside(options_.path)) {
      return ipc::fault(ipc::FaultKind::denied,
                        options_.path + ": anybody may write to its folder");
    }
    LATCHKEY_TRY(auto fd, ipc::connect_to(options_.path, ipc::SocketType::seqpacket, kConnect));
    socket_ = std::make_shared<Socket>(loop_.context(), fd.release());
    wait(socket_);
    return fetch::send_message(socket_->native_handle(), message, file);
  }

  void wait(const std::shared_ptr<Socket>& socket) {
    socket->async_wait(Socket::wait_read, [weak = weak_from_this(), from = std::weak_ptr(socket)](
                                              const asio::error_code& error) {
      const auto core = weak.lock();
      const auto connection = from.lock();
      if (core && connection && core->socket_ == connection && !error) core->read(connection);
    });
  }

  void read(const std::shared_ptr<Socket>& socket) {
    while (socket_ == socket) {
      auto received = fetch::receive_message(socket->native_handle());
      if (!received && received.error().kind == ipc::FaultKind::would_block) return wait(socket);
      auto taken =
          received ? take(*std::move(received)) : tl::unexpected(std::move(received).error());
      if (!taken) return disconnect(taken.error().detail);
    }
  }

  ipc::Result<void> take(fetch::Received received) {
    LATCHKEY_TRY(const auto answer, fetch::decode_answer(received.message));
    FetchResult result = result_of(answer);
    if (answer.status != fetch::Status::ok) {
      finish(answer.id, result, &answer);
      return {};
    }
    const auto open = open_.find(answer.id);
    const std::size_t most = open == open_.end() ? fetch::kChunkMost : open->second.most;
    LATCHKEY_TRY(const auto body,
                 fetch::SealedBody::map(std::move(received.fd), answer.bytes, most));
    result.body = body.view();
    finish(answer.id, result, &answer);
    return {};
  }

  // An answer that nobody waits for came too late: its request was answered by the deadline.
  void finish(std::uint64_t id, const FetchResult& result, const fetch::Answer* answer) {
    trouble_.reset();
    const auto open = open_.find(id);
    if (open == open_.end()) return;
    const auto done = std::move(open->second.done);
    open_.erase(open);
    done(result, answer);
  }

  void expire(std::uint64_t id) {
    finish(id, without_keys(FetchResult::Status::failed, "latchkey-fetchd did not answer in time"),
           nullptr);
    trouble_ = "it did not answer in time";
  }

  // The providers may have been asked already, so these count as failures.
  void disconnect(const std::string& why) {
    socket_.reset();
    trouble_ = why;
    for (auto& [id, open] : std::exchange(open_, {})) {
      loop_.post([done = std::move(open.done), why] {
        done(without_keys(FetchResult::Status::failed, "latchkey-fetchd went away: " + why),
             nullptr);
      });
    }
  }

  Loop& loop_;
  Options options_;
  std::shared_ptr<Socket> socket_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Open> open_;
  std::optional<std::string> trouble_;
};

FetchClient::FetchClient(Loop& loop, Options options)
    : core_(std::make_shared<Core>(loop, std::move(options))) {}

FetchClient::~FetchClient() = default;

void FetchClient::fetch_keys(FetchRequest request, std::function<void(const FetchResult&)> done) {
  core_->ask(std::move(request), std::move(done));
}

void FetchClient::fetch_list(ListRequest request, std::function<void(const FetchResult&)> done) {
  core_->ask(std::move(request), std::move(done));
}

void FetchClient::fetch_items(StreamRequest request, std::function<void(const FetchResult&)> done) {
  core_->ask(std::move(request), std::move(done));
}

void FetchClient::fetch_status_list(StatusRequest request,
                                    std::function<void(const FetchResult&)> done) {
  core_->ask(std::move(request), std::move(done));
}

void FetchClient::poll_events(PollOrder order, std::function<void(const FetchResult&)> done) {
  core_->ask(std::move(order), std::move(done));
}

void FetchClient::introspect(IntrospectRequest request,
                             std::function<void(const IntrospectResult&)> done) {
  core_->ask(std::move(request), std::move(done));
}

const std::optional<std::string>& FetchClient::trouble() const { return core_->trouble(); }

}  // namespace latchkey::latchkeyd
