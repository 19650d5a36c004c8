// SPDX-License-Identifier: Apache-2.0
#include "redis/resp.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace latchkey::redis {
namespace {

constexpr std::string_view kBreak = "\r\n";
constexpr std::int64_t kTextMost = 536'870'912;  // Redis's own bound

tl::unexpected<std::string> wrong(std::string_view what) {
  return tl::unexpected(std::string(what));
}

tl::expected<std::int64_t, std::string> number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty())
    return wrong("no number");
  return value;
}

}  // namespace

std::string command(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size());
  text += kBreak;
  for (const std::string_view word : words) {
    text += "$" + std::to_string(word.size());
    text += kBreak;
    text += word;
    text += kBreak;
  }
  return text;
}

tl::expected<std::size_t, std::string> ReplyReader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !whole_) {
    auto step = text_ ? take_text(bytes.substr(used)) : take_line(bytes.substr(used));
    if (!step) return step;
    used += *step;
  }
  return used;
}

tl::expected<std::size_t, std::string> ReplyReader::take_text(std::string_view bytes) {
  const std::size_t step = std::min(bytes.size(), text_left_);
  // Of what is still to come the last two bytes are the line break.
  const std::size_t content = text_left_ > kBreak.size() ? text_left_ - kBreak.size() : 0;
  if (!open_.empty()) {
    Frame& frame = open_.back();
    frame.came += step;
    if (frame.came > limits::kArrayBytes) cut(frame);
  }
  if (keeps()) {
    const std::size_t room = limits::kText - std::min(limits::kText, text_->text.size());
    text_->text += bytes.substr(0, std::min({step, content, room}));
  } else {
    text_->text = {};
  }
  text_left_ -= step;
  if (text_left_ == 0) {
    if (auto done = finish(*std::exchange(text_, std::nullopt)); !done)
      return tl::unexpected(std::move(done).error());
  }
  return step;
}

tl::expected<std::size_t, std::string> ReplyReader::take_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t step = end == std::string_view::npos ? bytes.size() : end + 1;
  line_ += bytes.substr(0, std::min(step, limits::kLine + 2 * kBreak.size()));
  if (line_.size() > limits::kLine + kBreak.size()) return wrong("a line that is too long");
  if (end == std::string_view::npos) return step;
  const std::string whole = std::exchange(line_, {});
  if (!whole.ends_with(kBreak)) return wrong("a line without its end");
  if (auto read = line(std::string_view(whole).substr(0, whole.size() - kBreak.size())); !read)
    return tl::unexpected(std::move(read).error());
  return step;
}

std::optional<Reply> ReplyReader::take() {
  if (!whole_) return std::nullopt;
  elements_ = 0;
  kept_text_ = 0;
  return std::exchange(whole_, std::nullopt);
}

std::optional<Reply> ReplyReader::take_unfinished() {
  if (open_.empty()) return std::nullopt;
  text_.reset();
  line_.clear();
  while (!open_.empty()) {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    frame.array.unfinished = true;
    if (open_.empty()) {
      whole_ = std::move(frame.array);
    } else if (keeps()) {
      open_.back().array.elements.push_back(std::move(frame.array));
    }
  }
  return take();
}

tl::expected<void, std::string> ReplyReader::line(std::string_view line) {
  if (line.empty()) return wrong("an empty line");
  const std::string_view rest = line.substr(1);
  Reply reply;
  switch (line.front()) {
    case '+':
    case '-':
      reply.type = line.front() == '+' ? Reply::Type::status : Reply::Type::error;
      reply.text = std::string(rest);
      return finish(std::move(reply));
    default:
      break;
  }
  const auto value = number(rest);
  if (!value) return tl::unexpected(value.error());
  switch (line.front()) {
    case ':':
      reply.type = Reply::Type::integer;
      reply.integer = *value;
      return finish(std::move(reply));
    case '$':
      return begin_text(*value);
    case '*':
      return begin_array(*value);
    default:
      return wrong("a reply of an unknown type");
  }
}

tl::expected<void, std::string> ReplyReader::begin_text(std::int64_t size) {
  if (size == -1) return finish({});
  if (size < 0 || size > kTextMost) return wrong("a text of an impossible size");
  text_.emplace();
  text_->type = Reply::Type::text;
  text_left_ = static_cast<std::size_t>(size) + kBreak.size();
  return {};
}

tl::expected<void, std::string> ReplyReader::begin_array(std::int64_t size) {
  if (size == -1) return finish({});
  if (size < 0) return wrong("an array of an impossible size");
  if (open_.size() == limits::kDepth) return wrong("arrays that are too deep");
  Frame frame;
  frame.array.type = Reply::Type::array;
  if (size == 0) return finish(std::move(frame.array));
  frame.left = static_cast<std::uint64_t>(size);
  frame.skipped = !keeps();
  open_.push_back(std::move(frame));
  return {};
}

// Whether what comes now is of any use to anybody.
bool ReplyReader::keeps() const {
  return open_.empty() || (!open_.back().skipped && !open_.back().array.cut);
}

void ReplyReader::cut(Frame& frame) {
  if (frame.skipped || frame.array.cut) return;
  frame.array.cut = true;
  frame.array.elements = {};
  elements_ -= std::exchange(frame.elements, 0);
  kept_text_ -= std::exchange(frame.text, 0);
}

// `elements` and `text` are what is kept in an array that has come to its end.
tl::expected<void, std::string> ReplyReader::finish(Reply reply, std::size_t elements,
                                                    std::size_t text) {
  while (!open_.empty()) {
    Frame& frame = open_.back();
    if (keeps()) {
      const std::size_t own = reply.text.size();
      frame.own_text += own;
      frame.elements += elements + 1;
      frame.text += text + own;
      elements_ += 1;
      kept_text_ += own;
      frame.array.elements.push_back(std::move(reply));
      if (frame.array.elements.size() > limits::kArrayElements ||
          frame.own_text > limits::kArrayText)
        cut(frame);
      if (elements_ > limits::kElements || kept_text_ > limits::kReplyText)
        return wrong("more than was asked for");
    }
    if (--frame.left > 0) return {};
    reply = std::move(frame.array);
    elements = frame.elements;
    text = frame.text;
    open_.pop_back();
  }
  whole_ = std::move(reply);
  return {};
}

}  // namespace latchkey::redis
