// SPDX-License-Identifier: Apache-2.0
//
// Redis's protocol, RESP 2, as far as one who asks needs it: how a command is written, and a reader
// of replies. A reply is bytes of whoever holds the server, so everything in it is bounded, and a
// text that is longer than anybody wants is cut while it comes instead of being kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace latchkey::redis {

namespace limits {
inline constexpr std::size_t kText = 65'537;            // kept of one text; the rest is passed over
inline constexpr std::size_t kReplyBytes = 67'108'864;  // as it is sent
inline constexpr std::size_t kElements = 4'096;         // of a reply, all arrays together
inline constexpr std::size_t kDepth = 8;                // arrays in arrays
inline constexpr std::size_t kLine = 1'024;             // of a status, an error or a number
}  // namespace limits

struct Reply {
  enum class Type : std::uint8_t { status, error, integer, text, nil, array };

  Type type = Type::nil;
  std::string text;  // of a status, an error or a text; cut at limits::kText
  std::int64_t integer = 0;
  std::vector<Reply> elements;

  bool is(Type what) const { return type == what; }
};

// An array of bulk strings.
std::string command(std::initializer_list<std::string_view> words);

// One reply behind the other, in pieces as they come.
class ReplyReader {
 public:
  // Takes bytes up to the end of a reply and says how many. A failure is a sentence part ("an array
  // of 5000 elements"), and then the connection is of no further use.
  tl::expected<std::size_t, std::string> feed(std::string_view bytes);

  // The reply, once it is whole.
  std::optional<Reply> take();

 private:
  struct Frame {
    Reply array;
    std::size_t left;
  };

  tl::expected<void, std::string> line(std::string_view line);
  tl::expected<void, std::string> begin_text(std::int64_t size);
  tl::expected<void, std::string> begin_array(std::int64_t size);
  void finish(Reply reply);

  std::vector<Frame> open_;
  std::optional<Reply> whole_;
  std::string line_;           // what came of it
  std::optional<Reply> text_;  // that is coming
  std::size_t text_left_ = 0;  // with its line break
  std::size_t taken_ = 0;      // bytes of this reply
  std::size_t elements_ = 0;
};

}  // namespace latchkey::redis
