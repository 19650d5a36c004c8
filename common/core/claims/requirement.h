// SPDX-License-Identifier: Apache-2.0
//
// What the configuration may demand of a claim, or of a header member, besides what the standards
// do. There are no patterns, on purpose: a pattern that backtracks lets a token choose how long it
// is looked at, and one that is not anchored matches more than it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// A text, a boolean or a whole number, as the configuration wrote it. Equal to a JSON value of the
// same type only: "5" is not 5, and 5.0 is not either.
struct RequiredValue {
  enum class Kind : std::uint8_t { text, boolean, integer };
  Kind kind = Kind::text;
  std::string text;
  bool boolean = false;
  std::int64_t integer = 0;

  bool operator==(const RequiredValue&) const = default;
};

struct RequiredClaim {
  enum class Match : std::uint8_t {
    equals,    // the value equals `values[0]`
    one_of,    // the value equals one of `values`
    contains,  // the value is an array, and one of its elements equals `values[0]`
    present,   // there is a value other than null
    range,     // the value is a number, not below `least`, not above `most`
  };
  std::string name;  // a path where it has dots (find_claim)
  Match match = Match::equals;
  std::vector<RequiredValue> values;
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> most;

  bool operator==(const RequiredClaim&) const = default;

  // By its name, or by what it must be.
  bool is_email() const;
};

// Whether what is required holds. Nothing where the claim says nothing about it: it is absent,
// null, or of another kind than what it is compared with (a list in place of a text).
std::optional<bool> holds(const jose::JsonValue& object, const RequiredClaim& required);

// Whether the object (a payload, a header) has what is required; `what` names it in the detail
// ("claim"). claim_missing, claim_wrong.
Expected<void> check_required(const jose::JsonValue& object, const RequiredClaim& required,
                              std::string_view what);

}  // namespace latchkey::claims
