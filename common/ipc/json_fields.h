// SPDX-License-Identifier: Apache-2.0
//
// Internal to ipc's sources: one list of members a struct, walked by a writer and by a strict
// reader, so that the two directions of a message cannot drift apart. A struct takes part through
//
//   template <typename Walk> void fields(Walk& walk, T& value) { walk("name", value.name); … }
//
// found by argument-dependent look-up. Members may be std::string, bool, std::int64_t,
// std::uint64_t, WallTime, other such structs, and std::vector or std::optional of these. An
// optional is left out when empty; null and absent read as empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/jose/json.h"
#include "ipc/fault.h"
#include "ipc/time_text.h"

namespace latchkey::ipc::json {

// What a member's value must satisfy beyond its type.
struct AnyValue {
  template <typename T>
  bool operator()(const T&) const {
    return true;
  }
};

template <std::size_t N>
struct OneOf {
  std::array<std::string_view, N> words;
  bool operator()(const std::string& text) const {
    for (const std::string_view word : words) {
      if (word == text) return true;
    }
    return false;
  }
};

template <typename... Words>
constexpr OneOf<sizeof...(Words)> one_of(Words... words) {
  return {{std::string_view(words)...}};
}

struct AtMost {
  std::size_t bytes;
  bool operator()(const std::string& text) const { return text.size() <= bytes; }
};

struct Between {
  std::int64_t least;
  std::int64_t most;
  bool operator()(std::int64_t number) const { return number >= least && number <= most; }
};

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

class Writer {
 public:
  template <typename T, typename Rule = AnyValue>
  void operator()(std::string_view name, const T& value, const Rule& = {}) {
    if constexpr (is_optional<T>) {
      if (value) object_[std::string(name)] = write(*value);
    } else {
      object_[std::string(name)] = write(value);
    }
  }

  template <typename T>
  static nlohmann::ordered_json object(const T& value) {
    Writer writer;
    // A Writer's walk only reads, and one list of members serves both walks.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    fields(writer, const_cast<T&>(value));
    return std::move(writer.object_);
  }

 private:
  template <typename T>
  static nlohmann::ordered_json write(const T& value) {
    if constexpr (std::is_same_v<T, WallTime>) {
      return format_time(value);
    } else if constexpr (std::is_same_v<T, std::string> || std::is_arithmetic_v<T>) {
      return value;
    } else {
      return object(value);
    }
  }

  template <typename T>
  static nlohmann::ordered_json write(const std::vector<T>& values) {
    auto array = nlohmann::ordered_json::array();
    for (const T& value : values) array.push_back(write(value));
    return array;
  }

  nlohmann::ordered_json object_ = nlohmann::ordered_json::object();
};

// Bytes that are no UTF-8 (a user name from the network) become U+FFFD.
inline std::string text_of(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

enum class Unknown : std::uint8_t { refused, ignored };  // members that we do not know

class Reader {
 public:
  // Fills `target` from an object. A fault is `malformed` and its detail the name of the first
  // wrong member, or empty where `value` is no object.
  template <typename T>
  static Result<void> object(const jose::JsonValue& value, T& target, Unknown unknown) {
    Reader reader(value, unknown);
    if (!value.is_object()) return fault(FaultKind::malformed, {});
    fields(reader, target);
    reader.check_unknown();
    if (reader.wrong_) return fault(FaultKind::malformed, std::move(*reader.wrong_));
    return {};
  }

  template <typename T, typename Rule = AnyValue>
  void operator()(std::string_view name, T& target, const Rule& rule = {}) {
    if (wrong_) return;
    names_.push_back(name);
    const auto value = object_.find(name);
    if (!value || !read(*value, target) || !rule(target)) wrong_ = std::string(name);
  }

  template <typename T, typename Rule = AnyValue>
  void operator()(std::string_view name, std::optional<T>& target, const Rule& rule = {}) {
    if (wrong_) return;
    names_.push_back(name);
    const auto value = object_.find(name);
    if (!value || value->is_null()) return;
    T read_value{};
    if (!read(*value, read_value) || !rule(read_value)) {
      wrong_ = std::string(name);
      return;
    }
    target = std::move(read_value);
  }

 private:
  Reader(const jose::JsonValue& object, Unknown unknown) : object_(object), unknown_(unknown) {}

  void check_unknown() {
    if (wrong_ || unknown_ == Unknown::ignored) return;
    for (const jose::JsonMember member : object_.members()) {
      bool known = false;
      for (const std::string_view name : names_) known = known || name == member.name;
      if (known) continue;
      wrong_ = std::string(member.name.substr(0, 64));  // the peer's own word: bounded
      return;
    }
  }

  static bool read(const jose::JsonValue& value, std::string& target) {
    return assign(value.as_string(), target);
  }
  static bool read(const jose::JsonValue& value, bool& target) {
    return assign(value.as_boolean(), target);
  }
  static bool read(const jose::JsonValue& value, std::int64_t& target) {
    return assign(value.as_integer(), target);
  }

  static bool read(const jose::JsonValue& value, std::uint64_t& target) {
    const auto number = value.as_integer();
    if (!number || *number < 0) return false;
    target = static_cast<std::uint64_t>(*number);
    return true;
  }

  static bool read(const jose::JsonValue& value, WallTime& target) {
    const auto text = value.as_string();
    return text && assign(parse_time(*text), target);
  }

  template <typename T>
  bool read(const jose::JsonValue& value, std::vector<T>& target) {
    if (!value.is_array()) return false;
    target.clear();
    for (const jose::JsonValue element : value.elements()) {
      if (!read(element, target.emplace_back())) return false;
    }
    return true;
  }

  template <typename T>
  bool read(const jose::JsonValue& value, T& target) {
    return object(value, target, unknown_).has_value();
  }

  template <typename From, typename To>
  static bool assign(const std::optional<From>& from, To& to) {
    if (!from) return false;
    to = *from;
    return true;
  }

  jose::JsonValue object_;
  Unknown unknown_;
  std::vector<std::string_view> names_;
  std::optional<std::string> wrong_;
};

}  // namespace latchkey::ipc::json
