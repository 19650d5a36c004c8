// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a Varlink stream, in reads of any size: the same messages come out however they
// arrive, each is refused or survives being written and read again, and a service answers each call
// at most once.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/control_calls.h"
#include "ipc/varlink.h"
#include "ipc/varlink_service.h"

namespace {

namespace control = latchkey::ipc::control;
namespace varlink = latchkey::ipc::varlink;

constexpr std::size_t kMost = 4'096;

std::vector<std::string> cut(std::string_view stream, std::size_t piece) {
  std::vector<std::string> messages;
  varlink::Framer framer(kMost);
  while (!stream.empty()) {
    const auto room = framer.prepare();
    const std::size_t take = std::min({piece, room.size(), stream.size()});
    std::copy_n(stream.begin(), take, room.begin());
    framer.commit(take);
    stream.remove_prefix(take);
    for (;;) {
      const auto message = framer.next();
      if (!message) return messages;
      if (!*message) break;
      if ((*message)->size() > kMost) std::abort();
      messages.emplace_back(**message);
    }
  }
  return messages;
}

template <typename Message, typename Decode>
void expect_round_trip(const Message& message, Decode decode) {
  const std::string text = varlink::encode(message);
  if (text.find('\0') != text.size() - 1) std::abort();
  const auto again = decode(std::string_view(text).substr(0, text.size() - 1));
  if (!again || again->parameters != message.parameters) std::abort();
}

varlink::Service make_service() {
  varlink::Service service({"Latchkey", "fuzz", "0", "https://example.com"});
  control::describe(service);
  control::serve<control::Revoke>(
      service, [](const auto&, const auto&, auto done) { done(control::RevokeAnswer{1}); });
  control::serve<control::Explain>(service, [](const auto&, const auto&, auto done) {
    done(tl::unexpected(control::MethodError{control::MethodError::Kind::not_found, {}, {}}));
  });
  return service;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const varlink::Service kService = make_service();
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto messages = cut(stream, 1 + size % 7);
  if (cut(stream, size) != messages) std::abort();
  for (const std::string& message : messages) {
    if (const auto call = varlink::decode_call(message))
      expect_round_trip(*call, varlink::decode_call);
    if (const auto reply = varlink::decode_reply(message))
      expect_round_trip(*reply, varlink::decode_reply);
    int sent = 0;
    const auto handled = kService.handle(message, {}, [&](const std::string& reply) {
      ++sent;
      if (!reply.empty() && !varlink::decode_reply(reply.substr(0, reply.size() - 1))) std::abort();
    });
    if (sent != (handled ? 1 : 0)) std::abort();
  }
  return 0;
}
