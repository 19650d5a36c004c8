// SPDX-License-Identifier: Apache-2.0
//
// What a call is answered: one reply, or a row of them that is made as it is taken, so that nobody
// who asks for everything makes the program hold everything.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::namesd {

class Answer {
 public:
  // The parameters of the next reply as JSON text; nothing at the end.
  using Row = std::function<std::optional<std::string>()>;

  // Nothing, to a call that wants no reply.
  Answer() = default;

  static Answer encoded(std::string text);  // whole, with its NUL
  static Answer reply(std::string parameters);
  static Answer error(std::string_view name, std::string parameters = "{}");
  // NoRecordFound where the row is empty.
  static Answer row(Row row);

  bool done() const { return !next_ && ready_.empty(); }

  // Appends whole replies, until `out` holds `enough` bytes or all are written.
  void write(std::string& out, std::size_t enough);

 private:
  std::string ready_;
  std::optional<std::string> next_;  // of the row, one ahead: whether it ends must be known
  Row row_;
};

}  // namespace latchkey::namesd
