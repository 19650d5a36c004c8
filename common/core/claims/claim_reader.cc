// SPDX-License-Identifier: Apache-2.0
#include "core/claims/claim_reader.h"

#include <algorithm>
#include <string>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/numeric_date.h"

namespace latchkey::claims {
namespace {

using jose::JsonValue;

tl::unexpected<Error> invalid(std::string_view name, std::string_view why) {
  return fail(Reason::claim_invalid, "claim " + quoted(name) + ' ' + std::string(why));
}

Expected<std::string_view> string_of(std::string_view name, const JsonValue& value) {
  const auto text = value.as_string();
  if (LATCHKEY_FAILS(claim_string_type, !text))
    return invalid(name, value.is_null() ? "is null" : "is no string");
  if (LATCHKEY_FAILS(claim_string_too_long,
                     LATCHKEY_CHECKED(text, std::string_view()).size() > limits::kClaimStringBytes))
    return invalid(name, "is too long");
  return LATCHKEY_CHECKED(text, std::string_view());
}

}  // namespace

// Members' names may hold dots themselves (Kubernetes has a claim "kubernetes.io"), so of all ways
// the one with the longest names counts. How many there are is up to the configuration.
std::optional<JsonValue> find_claim(const JsonValue& payload, std::string_view name) {
  if (const auto literal = payload.find(name)) return literal;
  for (auto dot = name.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = name.rfind('.', dot - 1)) {
    const auto outer = payload.find(name.substr(0, dot));
    if (!outer) continue;
    if (const auto inner = find_claim(*outer, name.substr(dot + 1))) return inner;
  }
  return std::nullopt;
}

Expected<std::optional<std::string_view>> read_string(const JsonValue& payload,
                                                      std::string_view name) {
  const auto value = find_claim(payload, name);
  if (!value) return std::nullopt;
  LATCHKEY_TRY(const std::string_view text, string_of(name, *value));
  return text;
}

Expected<std::optional<WallTime>> read_date(const JsonValue& payload, std::string_view name) {
  const auto value = payload.find(name);
  if (!value) return std::nullopt;
  const auto date = numeric_date(*value);
  if (LATCHKEY_FAILS(date_type, !date)) return invalid(name, "is no date that can be");
  return date;
}

Expected<std::optional<std::vector<std::string_view>>> read_list(const JsonValue& payload,
                                                                 std::string_view name,
                                                                 std::size_t values_most) {
  const auto value = find_claim(payload, name);
  if (!value) return std::nullopt;
  std::vector<std::string_view> list;
  if (!value->is_array()) {
    LATCHKEY_TRY(const std::string_view text, string_of(name, *value));
    list.emplace_back(text);
    return list;
  }
  const std::size_t size = value->size();
  if (LATCHKEY_FAILS(claim_list_too_long, size > values_most))
    return invalid(name, "has too many values");
  list.reserve(size);
  for (const JsonValue element : value->elements()) {
    const auto text = element.as_string();
    if (LATCHKEY_FAILS(claim_list_value, !text || text->size() > limits::kClaimStringBytes)) {
      return invalid(name, "holds something that is no string, or is too long");
    }
    list.emplace_back(LATCHKEY_CHECKED(text, std::string_view()));
  }
  return list;
}

Expected<std::optional<std::vector<std::string_view>>> read_words(const JsonValue& payload,
                                                                  std::string_view name,
                                                                  std::size_t values_most) {
  const auto value = find_claim(payload, name);
  if (!value || value->is_array()) return read_list(payload, name, values_most);
  LATCHKEY_TRY(std::string_view text, string_of(name, *value));
  // No text that string_of() takes has too many.
  static_assert(limits::kClaimStringBytes / 2 <= limits::kGroupValues);
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!word.empty()) words.push_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

}  // namespace latchkey::claims
