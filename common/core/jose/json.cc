// SPDX-License-Identifier: Apache-2.0
//
// simdjson's DOM leaves a tape (its doc/tape.md): one 64-bit word a value, the type in the top byte
// and 56 bits of payload; numbers take a second word; a container's payload has the index behind
// its end. Values here are indexes into that tape. After the parse one walk refuses duplicate
// names, depth and member counts: O(n) for objects of ordinary size, O(n log n) for large ones,
// whatever the names are.
#include "core/jose/json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <span>

#include "core/base/mutation.h"

#include <simdjson.h>

namespace latchkey::jose {

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);
constexpr std::size_t kCountMost = 0xFF'FFFF;  // of a container, as the tape has it

namespace {

// A name and a digest of it that is cheap to compare; equal names have equal digests.
struct Name {
  std::uint64_t digest;
  std::string_view text;
  std::size_t index = 0;  // on the tape

  bool operator==(const Name& other) const { return digest == other.digest && text == other.text; }
};

std::uint64_t load(const char* from, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

Name make_name(std::string_view text) {
  const std::size_t size = text.size();
  std::uint64_t digest = size;
  if (size >= 8) {
    digest ^= load(text.data(), 8) ^ std::rotl(load(text.data() + size - 8, 8), 29);
  } else if (size >= 4) {
    digest ^= load(text.data(), 4) << 32 ^ load(text.data() + size - 4, 4);
  } else if (size != 0) {
    digest ^= load(text.data(), 1) << 24 ^ load(text.data() + size / 2, 1) << 16 ^
              load(text.data() + size - 1, 1) << 8;
  }
  return {.digest = digest, .text = text};
}

}  // namespace

struct JsonTape {
  simdjson::dom::document document;
  // The document's own buffers, after a parse: this is the hottest code of a token's way.
  const std::uint64_t* words = nullptr;
  const char* strings = nullptr;

  // The names of an outermost object of ordinary size: claims are looked up there two dozen times.
  static constexpr std::size_t kRoot = 1;  // behind the tape's root word
  static constexpr std::size_t kRootNamesMost = 32;
  std::array<std::uint64_t, kRootNamesMost> root_digests{};
  std::array<std::uint32_t, kRootNamesMost> root_names{};  // their indexes
  std::size_t root_size = 0;                               // 0: not recorded

  void parsed() {
    words = document.tape.get();
    strings = reinterpret_cast<const char*>(document.string_buf.get());
    root_size = 0;
  }

  // Index of the recorded name, or 0.
  std::size_t find_root(std::string_view name) const {
    const std::uint64_t digest = make_name(name).digest;
    for (std::size_t i = 0; i < root_size; ++i) {
      if (root_digests[i] != digest) continue;
      // The digest sees both ends and the length alone.
      if (LATCHKEY_FAILS(json_name_other, string(root_names[i]) != name)) continue;
      return root_names[i];
    }
    return 0;
  }

  std::uint64_t word(std::size_t index) const { return words[index]; }
  char kind(std::size_t index) const { return static_cast<char>(words[index] >> 56); }
  std::uint64_t payload(std::size_t index) const { return words[index] & 0x00FF'FFFF'FFFF'FFFF; }

  bool nests(std::size_t index) const { return kind(index) == '{' || kind(index) == '['; }

  // Index of the value that follows the one at `index`.
  std::size_t after(std::size_t index) const {
    switch (kind(index)) {
      case '{':
      case '[':
        return payload(index) & 0xFFFF'FFFF;
      case 'l':
      case 'u':
      case 'd':
        return index + 2;
      default:
        return index + 1;
    }
  }

  std::string_view string(std::size_t index) const {
    const char* at = strings + payload(index);
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {at + sizeof size, size};
  }
};

namespace {

// A few names: 256 bits say of most that none before it can be the same.
bool has_duplicate_of_few(std::span<const Name> names) {
  std::array<std::uint64_t, 4> seen{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::uint64_t hash = names[i].digest * 0x9E37'79B9'7F4A'7C15 >> 56;
    std::uint64_t& word = seen[hash / 64];
    const std::uint64_t bit = std::uint64_t{1} << hash % 64;
    if ((word & bit) != 0) {
      const auto before = names.first(i);
      if (LATCHKEY_FAILS(json_duplicate_name,
                         std::find(before.begin(), before.end(), names[i]) != before.end()))
        return true;
    }
    word |= bit;
  }
  return false;
}

bool has_duplicate(std::span<Name> names) {
  constexpr std::size_t kFew = 32;
  if (names.size() <= kFew) return has_duplicate_of_few(names);
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) {
    return a.digest != b.digest ? a.digest < b.digest : a.text < b.text;
  });
  return LATCHKEY_FAILS(json_many_duplicates,
                        std::adjacent_find(names.begin(), names.end()) != names.end());
}

JsonError translate(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return JsonError::empty;
    case simdjson::CAPACITY:
      return JsonError::too_long;
    case simdjson::UTF8_ERROR:
      return JsonError::not_utf8;
    case simdjson::NUMBER_ERROR:
      return JsonError::number;
    case simdjson::DEPTH_ERROR:
      return JsonError::too_deep;
    case simdjson::MEMALLOC:
      return JsonError::memory;
    default:
      return JsonError::syntax;
  }
}

}  // namespace

struct JsonReader::State {
  JsonLimits limits;
  simdjson::dom::parser parser;
  JsonTape tape;
  std::size_t capacity = 0;
  std::unique_ptr<std::uint8_t[]> copy;  // of a text without padding
  std::size_t copy_size = 0;
  std::unique_ptr<Name[]> names;  // of the object that is being walked

  explicit State(JsonLimits wanted) : limits(wanted), names(new Name[wanted.members]) {}

  // Grows in steps, so that a series of ever longer texts does not allocate each time.
  bool reserve(std::size_t size) {
    if (size <= capacity) return true;
    const std::size_t rounded = std::max<std::size_t>(1'024, std::bit_ceil(size));
    // One more than allowed, so that the walk alone decides what is too deep.
    if (parser.allocate(rounded, limits.depth + 1) != simdjson::SUCCESS) return false;
    if (tape.document.allocate(rounded) != simdjson::SUCCESS) return false;
    capacity = rounded;
    return true;
  }

  std::optional<JsonError> walk(std::size_t index, std::size_t depth) {
    if (!tape.nests(index)) return std::nullopt;
    if (LATCHKEY_FAILS(json_too_deep, depth > limits.depth)) return JsonError::too_deep;
    return tape.kind(index) == '{' ? walk_object(index, depth) : walk_array(index, depth);
  }

  std::optional<JsonError> walk_array(std::size_t index, std::size_t depth) {
    const std::size_t end = tape.after(index) - 1;
    for (std::size_t at = index + 1; at != end; at = tape.after(at)) {
      if (!tape.nests(at)) continue;
      if (const auto error = walk(at, depth + 1)) return error;
    }
    return std::nullopt;
  }

  void record_root(std::size_t count) {
    if (count > JsonTape::kRootNamesMost) return;
    tape.root_size = count;
    for (std::size_t i = 0; i < count; ++i) {
      tape.root_digests[i] = names[i].digest;
      tape.root_names[i] = static_cast<std::uint32_t>(names[i].index);
    }
  }

  // The names first, then the values: `names` serves one object at a time.
  std::optional<JsonError> walk_object(std::size_t index, std::size_t depth) {
    const std::size_t end = tape.after(index) - 1;
    std::size_t count = 0;
    bool nested = false;
    for (std::size_t at = index + 1; at != end; at = tape.after(at + 1)) {
      if (LATCHKEY_FAILS(json_members, count == limits.members)) return JsonError::too_many_members;
      names[count] = make_name(tape.string(at));
      names[count++].index = at;
      nested = nested || tape.nests(at + 1);
    }
    if (index == JsonTape::kRoot) record_root(count);
    if (has_duplicate({names.get(), count})) return JsonError::duplicate_name;
    if (!nested) return std::nullopt;
    for (std::size_t at = index + 1; at != end; at = tape.after(at + 1)) {
      if (const auto error = walk(at + 1, depth + 1)) return error;
    }
    return std::nullopt;
  }
};

std::string_view describe(JsonError error) {
  switch (error) {
    case JsonError::empty:
      return "the JSON text is empty";
    case JsonError::too_long:
      return "the JSON text is too long";
    case JsonError::not_utf8:
      return "the JSON text is not UTF-8";
    case JsonError::syntax:
      return "the text is not one JSON value";
    case JsonError::number:
      return "the JSON text has a number that is malformed or out of range";
    case JsonError::duplicate_name:
      return "the JSON text has an object with a duplicate name";
    case JsonError::too_deep:
      return "the JSON text is nested too deeply";
    case JsonError::too_many_members:
      return "the JSON text has an object with too many members";
    case JsonError::memory:
      return "there was no memory to read the JSON text";
  }
  return "the JSON text could not be read";
}

JsonReader::JsonReader(JsonLimits limits) : state_(std::make_unique<State>(limits)) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

tl::expected<JsonValue, JsonError> JsonReader::read(std::string_view text) {
  // Not in the table: the reading itself says so below. Here it is about the copy.
  if (text.size() > state_->limits.bytes) return tl::unexpected(JsonError::too_long);
  if (text.size() > state_->copy_size || state_->copy == nullptr) {
    const std::size_t size = std::max<std::size_t>(1'024, std::bit_ceil(text.size()));
    state_->copy_size = 0;
    state_->copy.reset(new (std::nothrow) std::uint8_t[size + kJsonPadding]());
    if (state_->copy == nullptr) return tl::unexpected(JsonError::memory);
    state_->copy_size = size;
  }
  if (!text.empty()) std::memcpy(state_->copy.get(), text.data(), text.size());
  return read_padded({reinterpret_cast<const char*>(state_->copy.get()), text.size()});
}

tl::expected<JsonValue, JsonError> JsonReader::read_padded(std::string_view text) {
  State& state = *state_;
  if (LATCHKEY_FAILS(json_too_long, text.size() > state.limits.bytes))
    return tl::unexpected(JsonError::too_long);
  if (text.empty()) return tl::unexpected(JsonError::empty);
  // RFC 8259 section 8.1: no byte order mark. Said here because newer simdjson passes over it.
  if (text.starts_with("\xEF\xBB\xBF")) return tl::unexpected(JsonError::syntax);
  if (!state.reserve(text.size())) return tl::unexpected(JsonError::memory);

  const auto root =
      state.parser.parse_into_document(state.tape.document, text.data(), text.size(), false);
  if (root.error() != simdjson::SUCCESS) return tl::unexpected(translate(root.error()));
  state.tape.parsed();
  if (const auto error = state.walk(JsonTape::kRoot, 1)) return tl::unexpected(*error);
  return JsonValue(&state.tape, JsonTape::kRoot);
}

void JsonReader::forget() {
  State& state = *state_;
  if (state.copy != nullptr) explicit_bzero(state.copy.get(), state.copy_size);
  // simdjson keeps unescaped strings in a buffer of at least this size (its document::allocate);
  // it writes them in blocks, so that what followed a string in the text lies behind it.
  std::uint8_t* strings = state.tape.document.string_buf.get();
  if (strings != nullptr)
    explicit_bzero(strings, 5 * state.capacity / 3 + simdjson::SIMDJSON_PADDING);
}

JsonType JsonValue::type() const {
  switch (document_->kind(index_)) {
    case '{':
      return JsonType::object;
    case '[':
      return JsonType::array;
    case '"':
      return JsonType::string;
    case 'l':
    case 'u':
      return JsonType::integer;
    case 'd':
      return JsonType::real;
    case 't':
    case 'f':
      return JsonType::boolean;
    default:
      return JsonType::null;
  }
}

std::optional<std::string_view> JsonValue::as_string() const {
  if (document_->kind(index_) != '"') return std::nullopt;
  return document_->string(index_);
}

std::optional<bool> JsonValue::as_boolean() const {
  const char kind = document_->kind(index_);
  if (kind != 't' && kind != 'f') return std::nullopt;
  return kind == 't';
}

std::optional<std::int64_t> JsonValue::as_integer() const {
  if (document_->kind(index_) != 'l')
    return std::nullopt;  // 'u' is what does not fit 64 bits signed
  return std::bit_cast<std::int64_t>(document_->word(index_ + 1));
}

std::optional<double> JsonValue::as_number() const {
  const char kind = document_->kind(index_);
  if (kind == 'd') return std::bit_cast<double>(document_->word(index_ + 1));
  if (kind == 'l')
    return static_cast<double>(std::bit_cast<std::int64_t>(document_->word(index_ + 1)));
  if (kind == 'u') return static_cast<double>(document_->word(index_ + 1));
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  if (document_->kind(index_) != '{') return std::nullopt;
  if (index_ == JsonTape::kRoot && document_->root_size != 0) {
    const std::size_t at = document_->find_root(name);
    return at != 0 ? std::optional(JsonValue(document_, at + 1)) : std::nullopt;
  }
  const std::size_t end = document_->after(index_) - 1;
  for (std::size_t at = index_ + 1; at != end; at = document_->after(at + 1)) {
    if (document_->string(at) == name) return JsonValue(document_, at + 1);
  }
  return std::nullopt;
}

JsonElements JsonValue::elements() const {
  if (document_->kind(index_) != '[') return {document_, 0, 0};
  return {document_, index_ + 1, document_->after(index_) - 1};
}

JsonMembers JsonValue::members() const {
  if (document_->kind(index_) != '{') return {document_, 0, 0};
  return {document_, index_ + 1, document_->after(index_) - 1};
}

std::size_t JsonValue::size() const {
  if (!document_->nests(index_)) return 0;
  // simdjson counts to 2^24 - 1, which no text within the limits reaches: each takes two bytes.
  static_assert(2 * kCountMost > limits::kJwkSetBytes);
  return document_->payload(index_) >> 32;
}

JsonElements::Iterator& JsonElements::Iterator::operator++() {
  index_ = document_->after(index_);
  return *this;
}

JsonMember JsonMembers::Iterator::operator*() const {
  return {document_->string(index_), JsonValue(document_, index_ + 1)};
}

JsonMembers::Iterator& JsonMembers::Iterator::operator++() {
  index_ = document_->after(index_ + 1);
  return *this;
}

}  // namespace latchkey::jose
