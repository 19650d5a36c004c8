// SPDX-License-Identifier: Apache-2.0
#include "ipc/json_copy.h"

#include <string>

#include <nlohmann/json.hpp>

namespace latchkey::ipc::json {

using nlohmann::ordered_json;

// A value of a type has a value of that type: no default is ever taken.
ordered_json copy_of(const jose::JsonValue& value) {
  switch (value.type()) {
    case jose::JsonType::null:
      return nullptr;
    case jose::JsonType::boolean:
      return value.as_boolean().value_or(false);
    case jose::JsonType::integer:
      if (const auto integer = value.as_integer()) return *integer;
      return value.as_number().value_or(0);  // above the signed range
    case jose::JsonType::real:
      return value.as_number().value_or(0);
    case jose::JsonType::string:
      return std::string(value.as_string().value_or(""));
    case jose::JsonType::array: {
      auto array = ordered_json::array();
      for (const jose::JsonValue element : value.elements()) array.push_back(copy_of(element));
      return array;
    }
    case jose::JsonType::object:
      break;
  }
  auto object = ordered_json::object();
  for (const jose::JsonMember member : value.members())
    object[std::string(member.name)] = copy_of(member.value);
  return object;
}

}  // namespace latchkey::ipc::json
