// SPDX-License-Identifier: Apache-2.0
#include "redis/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace latchkey::redis {

struct Connection::Tls {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, &SSL_free};
};

namespace {

using Kind = Trouble::Kind;

constexpr std::size_t kReadBytes = 65'536;

tl::unexpected<Trouble> trouble(Kind kind, std::string what) {
  return tl::unexpected(Trouble{kind, std::move(what)});
}

std::string system_text(int error) { return std::system_category().message(error); }

tl::unexpected<Trouble> network(std::string_view doing, int error) {
  return trouble(Kind::network, std::string(doing) + ": " + system_text(error));
}

std::string tls_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "it failed" : reason;
}

// Not the server's text: it may be what was sent.
std::string kind_of_refusal(const Reply& reply) {
  const std::string_view word = std::string_view(reply.text).substr(0, reply.text.find(' '));
  constexpr std::array<std::string_view, 4> kKnown = {"WRONGPASS", "NOAUTH", "NOPERM", "ERR"};
  const auto* const known = std::find(kKnown.begin(), kKnown.end(), word);
  return known == kKnown.end() ? "an error" : std::string(*known);
}

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

tl::expected<std::vector<Address>, Trouble> addresses(const Place& place) {
  std::vector<Address> all;
  if (!place.path.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (place.path.size() >= sizeof address.sun_path)
      return trouble(Kind::network, "the path of the socket is too long");
    place.path.copy(address.sun_path, sizeof address.sun_path - 1);
    std::memcpy(&all.emplace_back().bytes, &address, sizeof address);
    all.back().size = sizeof address;
    return all;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
  if (failed != 0) return trouble(Kind::network, place.host + ": " + ::gai_strerror(failed));
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::memcpy(&all.emplace_back().bytes, each->ai_addr, each->ai_addrlen);
    all.back().size = each->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return all;
}

}  // namespace

Connection::Connection(ipc::Fd socket, int stop) : socket_(std::move(socket)), stop_(stop) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const Place& place, int stop, Deadline until) {
  const auto all = addresses(place);
  if (!all) return tl::unexpected(all.error());
  Result<Connection> last = trouble(Kind::network, place.host + " has no address");
  for (const Address& address : *all) {
    const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
    Connection made(ipc::Fd(::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
                    stop);
    if (!made.socket_) return network("socket", errno);
    const int socket = made.socket_.get();
    int error = ::connect(socket, to, address.size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      if (auto ready = made.wait(POLLOUT, until); !ready) {
        last = tl::unexpected(ready.error());
        if (ready.error().kind == Kind::stopped) return last;
        continue;
      }
      socklen_t size = sizeof error;
      if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    }
    if (error != 0) {
      last = network("connect", error);
      continue;
    }
    if (to->sa_family != AF_UNIX) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (place.tls) {
      if (auto started = made.start_tls(place, until); !started)
        return tl::unexpected(started.error());
    }
    return made;
  }
  return last;
}

Result<void> Connection::wait(short events, Deadline until) const {
  std::array<pollfd, 2> waited{{{socket_.get(), events, 0}, {stop_, POLLIN, 0}}};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int count =
        ::poll(waited.data(), waited.size(),
               static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return network("poll", errno);
    if (waited[1].revents != 0) return trouble(Kind::stopped, "stopped");
    if (count == 0) return trouble(Kind::network, "it did not answer in time");
    return {};
  }
}

Result<void> Connection::tls_wait(int result, Deadline until, std::string_view doing) {
  switch (SSL_get_error(tls_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, until);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, until);
    case SSL_ERROR_ZERO_RETURN:
      return trouble(Kind::network, "the server closed the connection");
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(tls_->ssl.get());
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return trouble(Kind::untrusted,
                   std::string("its certificate: ") + X509_verify_cert_error_string(verdict));
  }
  return trouble(Kind::network, std::string(doing) + ": " + tls_text());
}

Result<void> Connection::start_tls(const Place& place, Deadline until) {
  ERR_clear_error();
  auto tls = std::make_unique<Tls>();
  tls->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = tls->context.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return trouble(Kind::network, "TLS: " + tls_text());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool trusts = place.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_file(context, place.ca_file.c_str()) == 1;
  if (!trusts) return trouble(Kind::network, "the CA certificates cannot be read: " + tls_text());
  tls->ssl.reset(SSL_new(context));
  SSL* ssl = tls->ssl.get();
  if (ssl == nullptr || SSL_set_fd(ssl, socket_.get()) != 1)
    return trouble(Kind::network, "TLS: " + tls_text());
  // RFC 6125: the name, or the address, that the configuration has.
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  const bool address = X509_VERIFY_PARAM_set1_ip_asc(wanted, place.host.c_str()) == 1;
  if (!address) {
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // SSL_set_tlsext_host_name(), without the macro's cast; the name is copied.
    std::string name = place.host;
    if (SSL_set1_host(ssl, name.c_str()) != 1 ||
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1)
      return trouble(Kind::network, "TLS: " + tls_text());
  }
  tls_ = std::move(tls);
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(ssl);
    if (result == 1) return {};
    if (auto ready = tls_wait(result, until, "TLS"); !ready) return ready;
  }
}

Result<std::size_t> Connection::write_some(std::string_view bytes, Deadline until) {
  while (true) {
    if (tls_) {
      ERR_clear_error();
      const int sent = SSL_write(tls_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (sent > 0) return static_cast<std::size_t>(sent);
      if (auto ready = tls_wait(sent, until, "send"); !ready) return tl::unexpected(ready.error());
      continue;
    }
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return network("send", errno);
    if (auto ready = wait(POLLOUT, until); !ready) return tl::unexpected(ready.error());
  }
}

Result<std::size_t> Connection::read_some(char* into, std::size_t room, Deadline until) {
  while (true) {
    if (tls_) {
      ERR_clear_error();
      const int got = SSL_read(tls_->ssl.get(), into, static_cast<int>(room));
      if (got > 0) return static_cast<std::size_t>(got);
      if (auto ready = tls_wait(got, until, "receive"); !ready)
        return tl::unexpected(ready.error());
      continue;
    }
    const ssize_t got = ::recv(socket_.get(), into, room, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return trouble(Kind::network, "the server closed the connection");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return network("receive", errno);
    if (auto ready = wait(POLLIN, until); !ready) return tl::unexpected(ready.error());
  }
}

Result<void> Connection::send(std::string_view bytes, Deadline until) {
  while (!bytes.empty()) {
    const auto sent = write_some(bytes, until);
    if (!sent) return tl::unexpected(sent.error());
    bytes.remove_prefix(*sent);
  }
  return {};
}

Result<Reply> Connection::receive(Deadline until) {
  while (true) {
    const auto used = reader_.feed(ahead_);
    if (!used) return trouble(Kind::protocol, "the server sent " + used.error());
    ahead_.erase(0, *used);
    if (auto reply = reader_.take()) return *std::move(reply);
    if (auto still = may_go_on(until); !still) return tl::unexpected(still.error());
    std::array<char, kReadBytes> buffer;
    const auto got = read_some(buffer.data(), buffer.size(), until);
    if (!got) return tl::unexpected(got.error());
    ahead_.assign(buffer.data(), *got);
  }
}

// Who never has to wait for bytes would never look.
Result<void> Connection::may_go_on(Deadline until) const {
  pollfd stop{stop_, POLLIN, 0};
  if (::poll(&stop, 1, 0) > 0) return trouble(Kind::stopped, "stopped");
  if (std::chrono::steady_clock::now() < until) return {};
  return trouble(Kind::network, "its answer did not end in time");
}

Result<void> Connection::rest(Deadline until) {
  char byte = 0;
  const auto got = ahead_.empty() ? read_some(&byte, 1, until) : Result<std::size_t>(1);
  if (got) return trouble(Kind::protocol, "the server spoke without being asked");
  if (got.error().kind == Kind::network && std::chrono::steady_clock::now() >= until) return {};
  return tl::unexpected(got.error());
}

Result<Reply> Connection::call(std::string_view command, Deadline until) {
  if (auto sent = send(command, until); !sent) return tl::unexpected(sent.error());
  auto reply = receive(until);
  if (reply && reply->is(Reply::Type::error)) return trouble(Kind::refused, std::move(reply->text));
  return reply;
}

Result<void> Connection::sign_in(const std::string& user, const wire::SecretBuffer& password,
                                 Deadline until) {
  // The password goes from wiped memory to the socket.
  const std::string name = user.empty() ? "default" : user;
  const std::string head = command({"AUTH", name, "x"});
  const std::string_view common =
      std::string_view(head).substr(0, head.size() - 7);  // "$1\r\nx\r\n"
  const std::string size = "$" + std::to_string(password.size()) + "\r\n";
  wire::SecretBuffer text(common.size() + size.size() + password.size() + 2);
  if (!text.append(common) || !text.append(size) || !text.append(password.view()) ||
      !text.append("\r\n"))
    return trouble(Kind::network, "no memory for the password");
  if (auto sent = send(text.view(), until); !sent) return sent;
  const auto reply = receive(until);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->is(Reply::Type::error))
    return trouble(Kind::refused, "it lets nobody in as " + name + ": " + kind_of_refusal(*reply));
  if (!reply->is(Reply::Type::status))
    return trouble(Kind::protocol, "the server answered AUTH oddly");
  return {};
}

}  // namespace latchkey::redis
