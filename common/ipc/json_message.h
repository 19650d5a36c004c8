// SPDX-License-Identifier: Apache-2.0
//
// Internal to ipc's sources: makes `to_json` and `from_json` of a message whose members `fields`
// lists (json_fields.h).
#pragma once

#include <string>
#include <string_view>

#include "core/jose/json.h"
#include "ipc/json_fields.h"
#include "ipc/varlink.h"

namespace latchkey::ipc::json {

template <typename T>
Result<T> read_message(std::string_view text, Unknown unknown) {
  jose::JsonReader reader({.bytes = varlink::kReplyMost});
  const auto value = reader.read(text);
  if (!value) return fault(FaultKind::malformed, std::string(jose::describe(value.error())));
  T result;
  if (auto read = Reader::object(*value, result, unknown); !read)
    return tl::unexpected(read.error());
  return result;
}

}  // namespace latchkey::ipc::json

// NOLINTBEGIN(cppcoreguidelines-macro-usage): a function template cannot make an overload and a
// specialisation for each of a list of types.
#define LATCHKEY_MESSAGE(type, unknown)                                                         \
  std::string to_json(const type& value) { return json::text_of(json::Writer::object(value)); } \
  template <>                                                                                   \
  Result<type> from_json<type>(std::string_view text) {                                         \
    return json::read_message<type>(text, json::Unknown::unknown);                              \
  }
// NOLINTEND(cppcoreguidelines-macro-usage)
