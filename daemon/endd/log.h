// SPDX-License-Identifier: Apache-2.0
//
// Lines on stderr, which the service manager puts into the journal: what was asked, what was
// refused and why, what ended. Each is an audit event; names in them are made printable.
#pragma once

#include <string_view>

namespace latchkey::endd {

class Log {
 public:
  // With `prefixed` each line begins with "<level>", for the journal (sd-daemon(3)).
  explicit Log(bool prefixed) : prefixed_(prefixed) {}

  // One line, made printable and bounded. Losing it is no fault.
  void error(std::string_view text) const { write(3, text); }
  void warning(std::string_view text) const { write(4, text); }
  void notice(std::string_view text) const { write(5, text); }

 private:
  void write(int level, std::string_view text) const;

  bool prefixed_;
};

}  // namespace latchkey::endd
