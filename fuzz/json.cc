// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as JSON. What the strict reader takes, a second parser takes as well and sees the same;
// no object of it has a name twice, and its bounds hold.
#include "core/jose/json.h"

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace {

using latchkey::jose::JsonType;
using latchkey::jose::JsonValue;
using Other = nlohmann::json;

void require(bool held) {
  if (!held) std::abort();
}

void compare(const JsonValue& value, const Other& other, std::size_t depth);

void compare_object(const JsonValue& value, const Other& other, std::size_t depth) {
  require(other.is_object() && value.size() == other.size() &&
          value.size() <= latchkey::limits::kJsonMembers);
  std::set<std::string> names;
  std::string absent = "no such name";  // longer than each that is there
  for (const auto member : value.members()) {
    const std::string name(member.name);
    require(names.insert(name).second && other.contains(name));
    if (name.size() >= absent.size()) absent = name + "-";
    require(value.find(name).has_value());
    compare(*value.find(name), other[name], depth + 1);
    compare(member.value, other[name], depth + 1);
  }
  require(!value.find(absent));
}

void compare(const JsonValue& value, const Other& other, std::size_t depth) {
  require(depth <= latchkey::limits::kJsonDepth + 1);
  std::size_t index = 0;
  switch (value.type()) {
    case JsonType::null:
      require(other.is_null());
      break;
    case JsonType::boolean:
      require(other.is_boolean() && value.as_boolean() == other.get<bool>());
      break;
    case JsonType::integer:
      require(other.is_number_integer());
      if (value.as_integer()) require(*value.as_integer() == other.get<std::int64_t>());
      break;
    case JsonType::real:
      require(other.is_number() && value.as_number() == other.get<double>());
      break;
    case JsonType::string:
      require(other.is_string() && value.as_string() == other.get_ref<const std::string&>());
      break;
    case JsonType::array:
      require(other.is_array() && value.size() == other.size());
      for (const auto element : value.elements()) compare(element, other[index++], depth + 1);
      break;
    case JsonType::object:
      compare_object(value, other, depth);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static latchkey::jose::JsonReader reader;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = reader.read(text);
  if (!value) {
    require(!latchkey::jose::describe(value.error()).empty());
    return 0;
  }
  const Other other = Other::parse(text, nullptr, false);
  require(!other.is_discarded());
  compare(*value, other, 1);
  return 0;
}
