// SPDX-License-Identifier: Apache-2.0
//
// A refusal as a value. Every check of the core gives `tl::expected<T, Error>`; the first failure
// wins and nothing that the caller passed in is touched on failure.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "core/base/reason.h"

namespace latchkey {

// What went wrong: the stable reason, and a detail for the administrator. The detail may quote
// names, key ids and configured values; it never holds a token, a part of one, or a claim's value
// from an unverified token.
struct Error {
  Reason reason;
  std::string detail;
};

template <typename T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Reason reason, std::string detail = {}) {
  return tl::unexpected<Error>(Error{reason, std::move(detail)});
}

}  // namespace latchkey

// Assigns the value of an expected expression to `target`, or returns its error from the enclosing
// function.
// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses): control flow cannot be put into a function, and
// a declaration has no parentheses.
#define LATCHKEY_CONCAT_INNER(a, b) a##b
#define LATCHKEY_CONCAT(a, b) LATCHKEY_CONCAT_INNER(a, b)
#define LATCHKEY_TRY_AS(result, target, expression)              \
  auto result = (expression);                                    \
  if (!result) return tl::unexpected(std::move(result).error()); \
  target = *std::move(result)
#define LATCHKEY_TRY(target, expression) \
  LATCHKEY_TRY_AS(LATCHKEY_CONCAT(latchkey_try_, __LINE__), target, expression)
#define LATCHKEY_TRY_VOID(expression)                            \
  if (auto latchkey_try_void = (expression); !latchkey_try_void) \
  return tl::unexpected(std::move(latchkey_try_void).error())
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)
