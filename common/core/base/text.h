// SPDX-License-Identifier: Apache-2.0
//
// Foreign text made fit for a log line, a terminal or an error message. Whatever came from a user,
// a token, a provider or a file passes through here before a person reads it, so that nobody can
// forge a line, move a cursor or flood a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

inline constexpr std::size_t kPrintableMost = 200;

// The bytes as one line of printable ASCII: what is neither printable nor ASCII becomes \xHH, the
// backslash and the double quote get a backslash before them. At most `most` bytes of output (at
// least 3); what was cut ends in "...". Total over any bytes.
std::string printable(std::string_view foreign, std::size_t most = kPrintableMost);

// The same within double quotes: for a name inside a sentence. The quotes come on top of `most`.
// An object, so that a std::string as its argument does not bring std::quoted (<iomanip>) along.
struct Quoted {
  std::string operator()(std::string_view foreign, std::size_t most = kPrintableMost) const;
};
inline constexpr Quoted quoted;

}  // namespace latchkey
