// SPDX-License-Identifier: Apache-2.0
//
// The server's side of Varlink without a socket: a table from method names to handlers. Whoever
// owns the connection cuts messages with a Framer, hands each to `handle`, and sends what comes
// back. Answers org.varlink.service itself.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/unix_socket.h"
#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {

inline constexpr std::string_view kMethodNotFound = "org.varlink.service.MethodNotFound";
inline constexpr std::string_view kInterfaceNotFound = "org.varlink.service.InterfaceNotFound";
inline constexpr std::string_view kInvalidParameter = "org.varlink.service.InvalidParameter";

struct ServiceInfo {
  std::string vendor;
  std::string product;
  std::string version;
  std::string url;
};

class Service {
 public:
  using Done = std::function<void(Reply)>;
  // Gets the peer and the parameters' JSON text, and calls `done` exactly once, now or later, on
  // the thread that the owner of the connection expects replies on.
  using Handler = std::function<void(const Peer& peer, std::string parameters, Done done)>;

  explicit Service(ServiceInfo info) : info_(std::move(info)) {}

  // `description` is the text of the .varlink file.
  void add_interface(std::string name, std::string description);
  void add_method(std::string method, Handler handler);

  // `message` as it came, without its NUL. `send` gets the encoded reply with its NUL, exactly
  // once; it gets an empty string where the call was oneway. A fault (malformed) means: close the
  // connection; `send` is not called then.
  Result<void> handle(std::string_view message, const Peer& peer,
                      std::function<void(std::string)> send) const;

 private:
  Reply get_info() const;
  Reply get_description(std::string_view parameters) const;

  ServiceInfo info_;
  std::map<std::string, std::string, std::less<>> interfaces_;
  std::map<std::string, Handler, std::less<>> methods_;
};

}  // namespace latchkey::ipc::varlink
