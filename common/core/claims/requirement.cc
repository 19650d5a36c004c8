// SPDX-License-Identifier: Apache-2.0
#include "core/claims/requirement.h"

#include <algorithm>
#include <cmath>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/claim_reader.h"
#include "core/claims/email_address.h"

namespace latchkey::claims {
namespace {

using jose::JsonValue;

bool equals(const JsonValue& value, const RequiredValue& wanted) {
  switch (wanted.kind) {
    case RequiredValue::Kind::text:
      return value.as_string() == wanted.text;
    case RequiredValue::Kind::boolean:
      return value.as_boolean() == wanted.boolean;
    case RequiredValue::Kind::integer:
      return value.as_integer() == wanted.integer;
  }
  return false;
}

bool equals_one(const JsonValue& value, const std::vector<RequiredValue>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const RequiredValue& each) { return equals(value, each); });
}

bool contains(const JsonValue& value, const std::vector<RequiredValue>& wanted) {
  for (const JsonValue element : value.elements()) {
    if (equals_one(element, wanted)) return true;
  }
  return false;
}

// Whole numbers are compared as such; a double would round those beyond 2^53 over a bound. A number
// with a fraction or an exponent is known as a double only, so it is in no range from there on.
bool in_range(const JsonValue& value, const RequiredClaim& required) {
  constexpr double kExact = 9'007'199'254'740'992.0;
  const auto within = [&](std::int64_t at_least, std::int64_t at_most) {
    return (!required.least || at_least >= *required.least) &&
           (!required.most || at_most <= *required.most);
  };
  if (const auto integer = value.as_integer()) return within(*integer, *integer);
  // Beyond 64 bits signed: above every bound that there can be.
  if (value.type() == jose::JsonType::integer) return !required.most;
  const auto number = value.as_number();
  if (!number || !(std::abs(*number) < kExact)) return false;
  return within(static_cast<std::int64_t>(std::floor(*number)),
                static_cast<std::int64_t>(std::ceil(*number)));
}

bool satisfies(const JsonValue& value, const RequiredClaim& required) {
  switch (required.match) {
    case RequiredClaim::Match::equals:
    case RequiredClaim::Match::one_of:
      return equals_one(value, required.values);
    case RequiredClaim::Match::contains:
      return contains(value, required.values);
    case RequiredClaim::Match::present:
      return !value.is_null();
    case RequiredClaim::Match::range:
      return in_range(value, required);
  }
  return false;
}

// A number with a fraction or an exponent is none of those that a configuration can write; one that
// a double does not hold exactly is in no range, and it is not known on which side it is.
bool exact(const JsonValue& value) {
  constexpr double kExact = 9'007'199'254'740'992.0;
  if (value.type() == jose::JsonType::integer) return true;
  const auto number = value.as_number();
  return number && std::abs(*number) < kExact;
}

bool comparable(const JsonValue& value, const RequiredValue& with) {
  switch (with.kind) {
    case RequiredValue::Kind::text:
      return value.is_string();
    case RequiredValue::Kind::boolean:
      return value.type() == jose::JsonType::boolean;
    case RequiredValue::Kind::integer:
      return value.type() == jose::JsonType::integer;
  }
  return false;
}

// With each of them: what is unlike one in kind may be meant by it.
bool comparable(const JsonValue& value, const std::vector<RequiredValue>& with) {
  return std::all_of(with.begin(), with.end(),
                     [&](const RequiredValue& each) { return comparable(value, each); });
}

bool all_comparable(const JsonValue& list, const std::vector<RequiredValue>& with) {
  for (const JsonValue element : list.elements())
    if (!comparable(element, with)) return false;
  return true;
}

// Whether a claim that does not hold is known not to.
bool comparable(const JsonValue& value, const RequiredClaim& required) {
  switch (required.match) {
    case RequiredClaim::Match::equals:
    case RequiredClaim::Match::one_of:
      return comparable(value, required.values);
    case RequiredClaim::Match::contains:
      return value.is_array() && all_comparable(value, required.values);
    case RequiredClaim::Match::present:
      return true;
    case RequiredClaim::Match::range:
      return exact(value);
  }
  return false;
}

}  // namespace

bool RequiredClaim::is_email() const {
  return names_email(name) || std::any_of(values.begin(), values.end(), [](const auto& value) {
           return value.kind == RequiredValue::Kind::text && claims::is_email(value.text);
         });
}

std::optional<bool> holds(const JsonValue& object, const RequiredClaim& required) {
  const auto value = find_claim(object, required.name);
  const bool there = value && !value->is_null();
  if (required.match == RequiredClaim::Match::present) return there;
  if (there && satisfies(*value, required)) return true;
  if (LATCHKEY_FAILS(condition_unknown, !there || !comparable(*value, required)))
    return std::nullopt;
  return false;
}

Expected<void> check_required(const JsonValue& object, const RequiredClaim& required,
                              std::string_view what) {
  const auto value = find_claim(object, required.name);
  const auto named = [&] { return std::string(what) + ' ' + quoted(required.name); };
  if (LATCHKEY_FAILS(required_absent, !value)) return fail(Reason::claim_missing, named());
  if (LATCHKEY_FAILS(required_other, !satisfies(LATCHKEY_CHECKED(value, object), required)))
    return fail(Reason::claim_wrong, named());
  return {};
}

}  // namespace latchkey::claims
