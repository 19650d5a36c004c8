// SPDX-License-Identifier: Apache-2.0
//
// The header of an answer, line by line as it comes, and of it the fields that a fetch looks at.
// One walk: curl's own store of headers is walked whole for each field that is asked of it, so that
// a provider that sends thousands of lines would hold up everybody, in a program of one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::fetchd {

class HeaderLines {
 public:
  // Of all lines of an answer: those of a proxy, of interim answers and trailers included.
  static constexpr std::size_t kLinesMost = 256;
  static constexpr std::size_t kBytesMost = 65'536;

  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;  // last_ points into it
  HeaderLines& operator=(const HeaderLines&) = delete;

  // Takes the next line, with its end. False: one of the bounds is passed, and `trouble` says
  // which.
  bool take(std::string_view line);

  std::string_view trouble() const { return trouble_; }

  // Of the last header that began. Of several lines of a name the first; Cache-Control is a list.
  std::string content_encoding;
  std::string content_type;
  std::string etag;
  std::string last_modified;
  std::string age;
  std::vector<std::string> cache_control;

 private:
  void begin();
  std::string* place_of(std::string_view name);

  std::size_t lines_ = 0;
  std::size_t bytes_ = 0;
  bool ended_ = false;           // what still comes are trailers
  std::string* last_ = nullptr;  // which a folded line goes on with
  std::string_view trouble_;
};

}  // namespace latchkey::fetchd
