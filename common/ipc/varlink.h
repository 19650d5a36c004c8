// SPDX-License-Identifier: Apache-2.0
//
// Varlink (varlink.org): JSON messages on a stream, each ended by one NUL byte. This is the framing
// and the envelope for both ends; parameters travel through here as the JSON text of one object and
// are understood by their owner (control.h). Reading goes through the one strict reader, so
// duplicate names, deep nesting and broken UTF-8 are refused before any method sees them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipc/fault.h"

namespace latchkey::ipc::varlink {

inline constexpr std::size_t kCallMost = 65'536;      // a call, as a server reads it
inline constexpr std::size_t kReplyMost = 4'194'304;  // a reply, as a client reads it

struct Call {
  std::string method;             // "interface.Method"
  std::string parameters = "{}";  // JSON text of an object
  bool oneway = false;            // the caller wants no reply
  bool more = false;              // the caller takes several replies; ours send one
};

struct Reply {
  std::string parameters = "{}";  // JSON text of an object
  std::string error;              // "interface.Error"; empty: the call went well
  bool continues = false;
};

// One whole message with its NUL. Parameters must be the JSON text of an object made by us:
// anything else aborts.
std::string encode(const Call& call);
std::string encode(const Reply& reply);

// `message` without its NUL, from any peer. Faults: malformed. An unknown member of the envelope is
// malformed, too, and so is `upgrade`, which we do not offer.
Result<Call> decode_call(std::string_view message);
Result<Reply> decode_reply(std::string_view message);

// Cuts a stream into messages. Holds at most one message's limit plus one read.
class Framer {
 public:
  explicit Framer(std::size_t message_most) : most_(message_most) {}

  // Room for the next read; valid until the next call of any member. `commit` says how much of it
  // was filled.
  std::span<char> prepare();
  void commit(std::size_t bytes);

  // The next whole message without its NUL, nullopt while more bytes are needed. Valid until the
  // next `prepare`. Faults: too_large; the stream is of no use after one.
  Result<std::optional<std::string_view>> next();

 private:
  std::size_t most_;
  std::string buffer_;  // [begin_, end_) is unread
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // bytes after begin_ known to hold no NUL
};

}  // namespace latchkey::ipc::varlink
