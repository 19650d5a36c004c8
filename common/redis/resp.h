// SPDX-License-Identifier: Apache-2.0
//
// Redis's protocol, RESP 2, as far as one who asks needs it: how a command is written, and a reader
// of replies. Anybody who may write to the server decides what stands in a reply, and how much, and
// must not be able to end the connection of all who read by it. So what is more than anybody wants
// is read past while it comes, and kept nowhere: a reply may be of any size, and costs memory for
// what is within the bounds. Nothing is allocated by a number that was claimed.
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
inline constexpr std::size_t kText = 65'537;  // kept of one text; the rest is passed over
// Of one array, its arrays not counted. One with more is read past, and given as `cut`.
inline constexpr std::size_t kArrayElements = 128;
inline constexpr std::size_t kArrayText = kText + 1'024;  // kept of its texts
inline constexpr std::size_t kArrayBytes = 131'072;       // of its texts as they come
// Kept of a reply. No server that answers what it was asked has more: an error.
inline constexpr std::size_t kElements = 8'192;
inline constexpr std::size_t kReplyText = 4'194'304;
inline constexpr std::size_t kDepth = 8;     // arrays in arrays
inline constexpr std::size_t kLine = 1'024;  // of a status, an error or a number
}  // namespace limits

struct Reply {
  enum class Type : std::uint8_t { status, error, integer, text, nil, array };

  Type type = Type::nil;
  std::string text;  // of a status, an error or a text; cut at limits::kText
  std::int64_t integer = 0;
  std::vector<Reply> elements;
  bool cut = false;         // an array that was over a bound: none of its elements is here
  bool unfinished = false;  // an array of which more was to come

  bool is(Type what) const { return type == what; }
};

// An array of bulk strings.
std::string command(std::initializer_list<std::string_view> words);

// One reply behind the other, in pieces as they come.
class ReplyReader {
 public:
  // Takes bytes up to the end of a reply and says how many. A failure is a sentence part ("an array
  // of an impossible size"), and then the connection is of no further use.
  tl::expected<std::size_t, std::string> feed(std::string_view bytes);

  // The reply, once it is whole.
  std::optional<Reply> take();

  // What is there of a reply whose rest does not come; nothing where no array of it has begun.
  std::optional<Reply> take_unfinished();

 private:
  struct Frame {
    Reply array;
    std::uint64_t left = 0;
    bool skipped = false;      // it lies in one that is cut
    std::size_t came = 0;      // bytes of its texts
    std::size_t own_text = 0;  // kept of them
    std::size_t elements = 0;  // kept in it, arrays in it included
    std::size_t text = 0;
  };

  tl::expected<void, std::string> line(std::string_view line);
  tl::expected<void, std::string> begin_text(std::int64_t size);
  tl::expected<void, std::string> begin_array(std::int64_t size);
  tl::expected<std::size_t, std::string> take_text(std::string_view bytes);
  tl::expected<std::size_t, std::string> take_line(std::string_view bytes);
  tl::expected<void, std::string> finish(Reply reply, std::size_t elements = 0,
                                         std::size_t text = 0);
  bool keeps() const;
  void cut(Frame& frame);

  std::vector<Frame> open_;
  std::optional<Reply> whole_;
  std::string line_;           // what came of it
  std::optional<Reply> text_;  // that is coming
  std::size_t text_left_ = 0;  // with its line break
  std::size_t elements_ = 0;   // kept of this reply
  std::size_t kept_text_ = 0;
};

}  // namespace latchkey::redis
