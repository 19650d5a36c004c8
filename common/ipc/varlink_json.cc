// SPDX-License-Identifier: Apache-2.0
//
// The envelope of Varlink messages. Parameters are taken apart by the strict reader and written
// anew, so what a method gets is JSON that we made, whatever the peer's spelling was.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "core/jose/json.h"
#include "ipc/json_copy.h"
#include "ipc/json_fields.h"
#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {
namespace {

using nlohmann::ordered_json;

// Our own text; anything but an object is a broken invariant.
ordered_json own_object(const std::string& text) {
  ordered_json value = ordered_json::parse(text, nullptr, false);
  if (!value.is_object()) std::abort();
  return value;
}

std::string finish(const ordered_json& message) {
  std::string text = json::text_of(message);
  text.push_back('\0');
  return text;
}

// The members of an envelope; `parameters` apart, because its content is not ours to judge.
class Envelope {
 public:
  explicit Envelope(const jose::JsonValue& object) : object_(object) {}

  void text(std::string_view name, std::string& target) {
    if (const auto value = take(name)) {
      const auto text = value->as_string();
      if (text && !text->empty())
        target = *text;
      else
        wrong_ = true;
    }
  }

  void flag(std::string_view name, bool& target) {
    if (const auto value = take(name)) {
      const auto flag = value->as_boolean();
      if (flag)
        target = *flag;
      else
        wrong_ = true;
    }
  }

  void parameters(std::string& target) {
    if (const auto value = take("parameters")) {
      if (value->is_object())
        target = json::text_of(json::copy_of(*value));
      else if (!value->is_null())
        wrong_ = true;
    }
  }

  // Nothing was of the wrong type, and nothing is left over.
  bool good() const { return !wrong_ && taken_ == object_.size(); }

 private:
  std::optional<jose::JsonValue> take(std::string_view name) {
    const auto value = object_.find(name);
    if (value) ++taken_;
    return value;
  }

  jose::JsonValue object_;
  std::size_t taken_ = 0;
  bool wrong_ = false;
};

}  // namespace

std::string encode(const Call& call) {
  ordered_json message{{"method", call.method}, {"parameters", own_object(call.parameters)}};
  if (call.oneway) message["oneway"] = true;
  if (call.more) message["more"] = true;
  return finish(message);
}

std::string encode(const Reply& reply) {
  ordered_json message = ordered_json::object();
  if (!reply.error.empty()) message["error"] = reply.error;
  message["parameters"] = own_object(reply.parameters);
  if (reply.continues) message["continues"] = true;
  return finish(message);
}

Result<Call> decode_call(std::string_view message) {
  jose::JsonReader reader({.bytes = kCallMost});
  const auto value = reader.read(message);
  if (!value) return fault(FaultKind::malformed, std::string(jose::describe(value.error())));
  if (!value->is_object()) return fault(FaultKind::malformed, "a Varlink call must be an object");
  Call call;
  bool upgrade = false;
  Envelope envelope(*value);
  envelope.text("method", call.method);
  envelope.parameters(call.parameters);
  envelope.flag("oneway", call.oneway);
  envelope.flag("more", call.more);
  envelope.flag("upgrade", upgrade);
  if (!envelope.good() || call.method.empty() || upgrade)
    return fault(FaultKind::malformed, "no Varlink call");
  return call;
}

Result<Reply> decode_reply(std::string_view message) {
  jose::JsonReader reader({.bytes = kReplyMost});
  const auto value = reader.read(message);
  if (!value) return fault(FaultKind::malformed, std::string(jose::describe(value.error())));
  if (!value->is_object()) return fault(FaultKind::malformed, "a Varlink reply must be an object");
  Reply reply;
  Envelope envelope(*value);
  envelope.text("error", reply.error);
  envelope.parameters(reply.parameters);
  envelope.flag("continues", reply.continues);
  if (!envelope.good()) return fault(FaultKind::malformed, "no Varlink reply");
  return reply;
}

}  // namespace latchkey::ipc::varlink
