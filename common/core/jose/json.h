// SPDX-License-Identifier: Apache-2.0
//
// The one reader of JSON that came from outside. It takes RFC 8259 text in UTF-8 and refuses
// everything that two parsers could read differently: duplicate names at any depth (compared after
// escapes are resolved, RFC 7515 section 4, RFC 7519 section 4), a byte order mark, anything after
// the value, lone surrogates, integers beyond 64 bits and numbers beyond a double; and it bounds
// size, depth and members. The parser behind it is simdjson's DOM, which this header hides: users
// see values that borrow from the reader. Nothing here throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "core/base/limits.h"

namespace latchkey::jose {

// Bytes that must be readable behind the text handed to `JsonReader::read_padded`; their content is
// not looked at.
inline constexpr std::size_t kJsonPadding = 64;

enum class JsonError : std::uint8_t {
  empty,     // no value at all
  too_long,  // longer than JsonLimits::bytes
  not_utf8,
  syntax,  // no JSON by RFC 8259, or more than one value
  number,  // a malformed number, an integer beyond 64 bits, or a number beyond a double
  duplicate_name,
  too_deep,
  too_many_members,
  memory,
};

// A half-sentence for the administrator: "the JSON has a duplicate name". Quotes nothing of the
// text.
std::string_view describe(JsonError error);

struct JsonLimits {
  std::size_t bytes = limits::kJwkSetBytes;
  std::size_t depth = limits::kJsonDepth;      // [] is depth 1, [[]] is depth 2
  std::size_t members = limits::kJsonMembers;  // of one object
};

enum class JsonType : std::uint8_t { null, boolean, integer, real, string, array, object };

struct JsonTape;  // the parsed text; json.cc
class JsonValue;
class JsonElements;
class JsonMembers;

// One value of a text that was read well. Borrows from its reader: valid until that reader reads
// again or ends.
class JsonValue {
 public:
  JsonType type() const;
  bool is_null() const { return type() == JsonType::null; }
  bool is_string() const { return type() == JsonType::string; }
  bool is_array() const { return type() == JsonType::array; }
  bool is_object() const { return type() == JsonType::object; }

  // Each gives the value only where the JSON type is the very one: a string "1" is no number.
  std::optional<std::string_view> as_string() const;  // unescaped; may hold NUL
  std::optional<bool> as_boolean() const;
  std::optional<std::int64_t> as_integer()
      const;  // written without fraction and exponent, and within 64 bits signed
  std::optional<std::uint64_t> as_unsigned() const;  // likewise, not negative: up to 2^64 - 1
  std::optional<double> as_number() const;           // any number, rounded to a double

  // The member of that name, compared byte for byte after unescaping; nothing where this is no
  // object.
  std::optional<JsonValue> find(std::string_view name) const;

  // For range-for; empty where this is no array, no object.
  JsonElements elements() const;
  JsonMembers members() const;
  std::size_t size() const;  // elements or members; 0 for other types

 private:
  friend class JsonReader;
  friend class JsonElements;
  friend class JsonMembers;
  JsonValue(const JsonTape* document, std::size_t index) : document_(document), index_(index) {}

  const JsonTape* document_;
  std::size_t index_;
};

struct JsonMember {
  std::string_view name;  // unescaped
  JsonValue value;
};

class JsonElements {
 public:
  class Iterator {
   public:
    JsonValue operator*() const { return JsonValue(document_, index_); }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    friend class JsonElements;
    Iterator(const JsonTape* document, std::size_t index) : document_(document), index_(index) {}
    const JsonTape* document_;
    std::size_t index_;
  };

  Iterator begin() const { return {document_, begin_}; }
  Iterator end() const { return {document_, end_}; }

 private:
  friend class JsonValue;
  JsonElements(const JsonTape* document, std::size_t begin, std::size_t end)
      : document_(document), begin_(begin), end_(end) {}
  const JsonTape* document_;
  std::size_t begin_;
  std::size_t end_;
};

class JsonMembers {
 public:
  class Iterator {
   public:
    JsonMember operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    friend class JsonMembers;
    Iterator(const JsonTape* document, std::size_t index) : document_(document), index_(index) {}
    const JsonTape* document_;
    std::size_t index_;
  };

  Iterator begin() const { return {document_, begin_}; }
  Iterator end() const { return {document_, end_}; }

 private:
  friend class JsonValue;
  JsonMembers(const JsonTape* document, std::size_t begin, std::size_t end)
      : document_(document), begin_(begin), end_(end) {}
  const JsonTape* document_;
  std::size_t begin_;
  std::size_t end_;
};

// Reads one text at a time into memory that it keeps for the next. Not for two threads at once.
class JsonReader {
 public:
  explicit JsonReader(JsonLimits limits = {});
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;

  // The text may be any bytes from anybody; it is copied.
  tl::expected<JsonValue, JsonError> read(std::string_view text);

  // The same without the copy, for a text that lies in a buffer with kJsonPadding readable bytes
  // behind it.
  tl::expected<JsonValue, JsonError> read_padded(std::string_view text);

  // Overwrites what was kept of the last text (its copy and its strings); every value read from it
  // ends. For texts that hold a secret.
  void forget();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace latchkey::jose
