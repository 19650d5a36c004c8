// SPDX-License-Identifier: Apache-2.0
//
// Lines on stderr, which the service manager puts into the journal: what is served, and why a file
// is not. Nothing that a peer sends is ever written.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace latchkey::namesd {

class Log {
 public:
  // With `prefixed` each line begins with "<level>", for the journal (sd-daemon(3)).
  explicit Log(bool prefixed);
  // For tests: whole lines without their newline.
  explicit Log(std::function<void(const std::string&)> sink) : sink_(std::move(sink)) {}

  // One line of printable ASCII, bounded. Losing it is no fault.
  void error(std::string_view text) const { write(3, text); }
  void warning(std::string_view text) const { write(4, text); }
  void notice(std::string_view text) const { write(5, text); }

 private:
  void write(int level, std::string_view text) const;

  bool prefixed_ = false;
  std::function<void(const std::string&)> sink_;
};

}  // namespace latchkey::namesd
