// SPDX-License-Identifier: Apache-2.0
//
// A connection to a Redis server: TCP with TLS, TCP to this host, or a Unix socket. For a thread of
// its own, which waits here; every wait has a deadline and ends at once where its owner says so,
// but for the look-up of a name: that is the system's resolver, and ends by the times that
// resolv.conf(5) gives it (with Debian's, 10 s for each name server).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "ipc/fd.h"
#include "redis/resp.h"
#include "wire/secret_buffer.h"

namespace latchkey::redis {

// Either `path`, or host and port.
struct Place {
  std::string path;
  std::string host;  // a name or an address
  std::string port;
  bool tls = false;
  std::string ca_file;  // of TLS; empty: the system's CAs
};

struct Trouble {
  enum class Kind : std::uint8_t {
    stopped,    // by its owner
    network,    // could not be reached, went away, was too slow
    untrusted,  // shows no certificate that is believed
    refused,    // answered with an error
    protocol,   // answered with what is no answer
  };
  Kind kind = Kind::network;
  std::string what;  // one line, without secrets
};

template <typename T>
using Result = tl::expected<T, Trouble>;

class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // `stop` is a descriptor that becomes readable when everything is to end; -1: none.
  static Result<Connection> open(const Place& place, int stop, Deadline until);

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Signs in. An empty user is Redis's "default". Of what the server answers only the kind of its
  // error is passed on: a server that knows no AUTH sends the password back in it.
  Result<void> sign_in(const std::string& user, const wire::SecretBuffer& password, Deadline until);

  Result<void> send(std::string_view bytes, Deadline until);
  // The next reply, errors of the server among them.
  Result<Reply> receive(Deadline until);
  // What came of a reply that receive() or call() did not get whole before the connection failed.
  std::optional<Reply> take_unfinished() { return reader_.take_unfinished(); }
  // The reply to one command; an error of the server is `refused`.
  Result<Reply> call(std::string_view command, Deadline until);
  // Waits; fails where the server goes away meanwhile, or speaks without being asked.
  Result<void> rest(Deadline until);

 private:
  struct Tls;

  Connection(ipc::Fd socket, int stop);
  Result<void> wait(short events, Deadline until) const;
  Result<void> may_go_on(Deadline until) const;
  Result<void> start_tls(const Place& place, Deadline until);
  Result<std::size_t> read_some(char* into, std::size_t room, Deadline until);
  Result<std::size_t> write_some(std::string_view bytes, Deadline until);
  Result<void> tls_wait(int result, Deadline until, std::string_view doing);

  ipc::Fd socket_;
  int stop_;
  std::unique_ptr<Tls> tls_;
  ReplyReader reader_;
  std::string ahead_;  // bytes that came behind a reply
};

}  // namespace latchkey::redis
