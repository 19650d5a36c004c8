// SPDX-License-Identifier: Apache-2.0
//
// The errors of the control interface as replies and back. An error that we do not know keeps its
// name.
#include "ipc/control_calls.h"

namespace latchkey::ipc::control {
namespace {

constexpr std::string_view kConfigInvalid = "io.latchkey.Control.ConfigInvalid";
constexpr std::string_view kNotFound = "io.latchkey.Control.NotFound";
constexpr std::string_view kRefused = "io.latchkey.Control.Refused";

}  // namespace

varlink::Reply error_reply(const MethodError& error) {
  switch (error.kind) {
    case MethodError::Kind::config_invalid:
      return {to_json(ConfigInvalidError{error.errors}), std::string(kConfigInvalid), false};
    case MethodError::Kind::not_found:
      return {to_json(Empty{}), std::string(kNotFound), false};
    case MethodError::Kind::refused:
      return {to_json(RefusedError{error.text}), std::string(kRefused), false};
    case MethodError::Kind::invalid_parameter:
      return {to_json(InvalidParameterError{error.text}), std::string(varlink::kInvalidParameter),
              false};
    case MethodError::Kind::other:
      return {to_json(Empty{}), error.text, false};
  }
  return {to_json(RefusedError{"unknown error"}), std::string(kRefused), false};
}

MethodError method_error(const varlink::Reply& reply) {
  if (reply.error == kNotFound) return {MethodError::Kind::not_found, {}, {}};
  if (reply.error == kRefused) {
    if (auto error = from_json<RefusedError>(reply.parameters)) {
      return {MethodError::Kind::refused, std::move(error->reason), {}};
    }
  }
  if (reply.error == varlink::kInvalidParameter) {
    if (auto error = from_json<InvalidParameterError>(reply.parameters)) {
      return {MethodError::Kind::invalid_parameter, std::move(error->parameter), {}};
    }
  }
  if (reply.error == kConfigInvalid) {
    if (auto error = from_json<ConfigInvalidError>(reply.parameters)) {
      return {MethodError::Kind::config_invalid, {}, std::move(error->errors)};
    }
  }
  return {MethodError::Kind::other, reply.error, {}};
}

void describe(varlink::Service& service) {
  service.add_interface(std::string(kInterface), std::string(interface_description()));
}

}  // namespace latchkey::ipc::control
