// SPDX-License-Identifier: Apache-2.0
//
// The header of an answer, from a server that may send any lines.
#include "daemon/fetchd/header_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::fetchd {
namespace {

TEST(HeaderLines, FindsItsFieldsWhateverTheirCase) {
  HeaderLines header;
  for (const char* line :
       {"HTTP/1.1 200 OK\r\n", "CONTENT-TYPE:application/json \r\n", "etag: \"one\"\r\n",
        "Cache-Control: public\r\n", "X-Age: 1\r\n", "cache-control:\tmax-age=5\r\n", "Age: 7\n",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Content-Encoding: gzip\r\n",
        "no field\r\n", "\r\n"})
    EXPECT_TRUE(header.take(line)) << line;
  EXPECT_EQ(header.content_type, "application/json");
  EXPECT_EQ(header.etag, "\"one\"");
  EXPECT_EQ(header.cache_control, (std::vector<std::string>{"public", "max-age=5"}));
  EXPECT_EQ(header.age, "7");
  EXPECT_EQ(header.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(header.content_encoding, "gzip");
}

TEST(HeaderLines, OfAProxyAnInterimAnswerAndTrailersNothingStays) {
  HeaderLines header;
  for (const char* line :
       {"HTTP/1.1 200 Connection established\r\n", "ETag: \"proxy\"\r\n", "\r\n",
        "HTTP/1.1 103 Early Hints\r\n", "Age: 1\r\n", "Cache-Control: max-age=1\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\n", "Content-Type: a/b\r\n", "\r\n", "ETag: \"trailer\"\r\n"})
    EXPECT_TRUE(header.take(line)) << line;
  EXPECT_EQ(header.content_type, "a/b");
  EXPECT_EQ(header.etag + header.age, "");
  EXPECT_TRUE(header.cache_control.empty());
}

TEST(HeaderLines, TheFirstOfANameCountsAndAFoldedLineGoesOnWithIt) {
  HeaderLines header;
  for (const char* line :
       {" lost\r\n", "HTTP/1.1 200 OK\r\n", " lost\r\n", "Content-Type: a/b;\r\n", "\tc=d\r\n",
        "Content-Type: e/f\r\n", " lost\r\n"})
    EXPECT_TRUE(header.take(line)) << line;
  EXPECT_EQ(header.content_type, "a/b; c=d");
}

TEST(HeaderLines, AreBoundedInNumberInterimAnswersIncluded) {
  HeaderLines header;
  for (std::size_t i = 0; i < HeaderLines::kLinesMost; ++i)
    ASSERT_TRUE(header.take(i % 3 == 0 ? "HTTP/1.1 103 \r\n" : "Cache-Control: x\r\n")) << i;
  EXPECT_EQ(header.trouble(), "");
  EXPECT_FALSE(header.take("Cache-Control: x\r\n"));
  EXPECT_EQ(header.trouble(), "the header has more than 256 lines");
}

TEST(HeaderLines, AreBoundedInBytes) {
  HeaderLines header;
  ASSERT_TRUE(header.take(std::string(HeaderLines::kBytesMost, 'a')));
  EXPECT_FALSE(header.take("\n"));
  EXPECT_EQ(header.trouble(), "the header is larger than 65536 bytes");
}

}  // namespace
}  // namespace latchkey::fetchd
