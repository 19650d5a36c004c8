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
    const std::string_view rest = bytes.substr(used);
    std::size_t step = 0;
    if (text_) {
      step = std::min(rest.size(), text_left_);
      // Of what is still to come the last two bytes are the line break.
      const std::size_t content = text_left_ > kBreak.size() ? text_left_ - kBreak.size() : 0;
      const std::size_t room = limits::kText - std::min(limits::kText, text_->text.size());
      text_->text += rest.substr(0, std::min({step, content, room}));
      text_left_ -= step;
      if (text_left_ == 0) finish(*std::exchange(text_, std::nullopt));
    } else {
      const std::size_t end = rest.find('\n');
      step = end == std::string_view::npos ? rest.size() : end + 1;
      line_ += rest.substr(0, step);
      if (line_.size() > limits::kLine + kBreak.size()) return wrong("a line that is too long");
      if (end != std::string_view::npos) {
        const std::string whole = std::exchange(line_, {});
        if (!whole.ends_with(kBreak)) return wrong("a line without its end");
        if (auto read = line(std::string_view(whole).substr(0, whole.size() - kBreak.size()));
            !read)
          return tl::unexpected(std::move(read).error());
      }
    }
    used += step;
    taken_ += step;
    if (taken_ > limits::kReplyBytes) return wrong("a reply that is too large");
  }
  return used;
}

std::optional<Reply> ReplyReader::take() {
  if (!whole_) return std::nullopt;
  taken_ = 0;
  elements_ = 0;
  return std::exchange(whole_, std::nullopt);
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
      finish(std::move(reply));
      return {};
    default:
      break;
  }
  const auto value = number(rest);
  if (!value) return tl::unexpected(value.error());
  switch (line.front()) {
    case ':':
      reply.type = Reply::Type::integer;
      reply.integer = *value;
      finish(std::move(reply));
      return {};
    case '$':
      return begin_text(*value);
    case '*':
      return begin_array(*value);
    default:
      return wrong("a reply of an unknown type");
  }
}

tl::expected<void, std::string> ReplyReader::begin_text(std::int64_t size) {
  if (size == -1) {
    finish({});
    return {};
  }
  if (size < 0 || size > kTextMost) return wrong("a text of an impossible size");
  text_.emplace();
  text_->type = Reply::Type::text;
  text_left_ = static_cast<std::size_t>(size) + kBreak.size();
  return {};
}

tl::expected<void, std::string> ReplyReader::begin_array(std::int64_t size) {
  if (size == -1) {
    finish({});
    return {};
  }
  if (size < 0 || static_cast<std::size_t>(size) > limits::kElements - elements_)
    return wrong("an array of too many elements");
  if (open_.size() == limits::kDepth) return wrong("arrays that are too deep");
  elements_ += static_cast<std::size_t>(size);
  Reply array;
  array.type = Reply::Type::array;
  if (size == 0) {
    finish(std::move(array));
    return {};
  }
  open_.push_back({std::move(array), static_cast<std::size_t>(size)});
  return {};
}

void ReplyReader::finish(Reply reply) {
  while (!open_.empty()) {
    Frame& frame = open_.back();
    frame.array.elements.push_back(std::move(reply));
    if (--frame.left > 0) return;
    reply = std::move(frame.array);
    open_.pop_back();
  }
  whole_ = std::move(reply);
}

}  // namespace latchkey::redis
