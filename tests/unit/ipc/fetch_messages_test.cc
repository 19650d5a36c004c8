// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "ipc/fetch_protocol.h"

namespace latchkey::ipc::fetch {
namespace {

TEST(FetchRequest, survives_the_trip) {
  const Request request{7, "corp", "d1", Document::metadata, "\"abc\""};
  EXPECT_EQ(
      encode(request),
      R"({"v":1,"id":7,"issuer":"corp","digest":"d1","document":"metadata","etag":"\"abc\""})");
  const auto read = decode_request(encode(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, 7U);
  EXPECT_EQ(read->issuer, "corp");
  EXPECT_EQ(read->digest, "d1");
  EXPECT_EQ(read->document, Document::metadata);
  EXPECT_EQ(read->etag, "\"abc\"");
}

TEST(FetchMessages, carry_the_date_of_a_document_both_ways) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  const auto request = decode_request(encode(Request{7, "corp", "d1", Document::jwks, {}, date}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->last_modified, date);
  Answer answer;
  answer.status = Status::not_modified;
  answer.last_modified = date;
  const auto read = decode_answer(encode(answer));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last_modified, date);
}

struct MessageCase {
  const char* name;
  std::string input;
  bool good;
};

std::string chunk(const std::string& bytes, const std::string& sha256) {
  return R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"list_chunk","bytes":)" + bytes +
         R"(,"sha256":")" + sha256 + "\"}";
}

TEST(FetchRequest, of_a_chunk_survives_the_trip) {
  Request request{7, "fleet", "d1", Document::list_chunk};
  request.bytes = kChunkMost;
  request.sha256 = std::string(64, '7');
  const auto read = decode_request(encode(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->document, Document::list_chunk);
  EXPECT_EQ(read->bytes, kChunkMost);
  EXPECT_EQ(read->sha256, request.sha256);
}

TEST(FetchRequest, of_a_status_list_survives_the_trip) {
  Request request{7, "corp-status", "d1", Document::status_list, "\"e\""};
  request.uri = "https://status.example.com/lists/1";
  const auto read = decode_request(encode(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->document, Document::status_list);
  EXPECT_EQ(read->uri, request.uri);
  EXPECT_EQ(read->etag, "\"e\"");
}

TEST(FetchRequest, is_read_to_the_letter) {
  const MessageCase cases[] = {
      {"good", R"({"v":1,"id":1,"issuer":"corp","digest":"d","document":"jwks"})", true},
      {"another version", R"({"v":2,"id":1,"issuer":"corp","digest":"d","document":"jwks"})",
       false},
      {"no version", R"({"id":1,"issuer":"corp","digest":"d","document":"jwks"})", false},
      {"a negative id", R"({"v":1,"id":-1,"issuer":"corp","digest":"d","document":"jwks"})", false},
      {"an unknown document", R"({"v":1,"id":1,"issuer":"corp","digest":"d","document":"shadow"})",
       false},
      {"a URL",
       R"({"v":1,"id":1,"issuer":"corp","digest":"d","document":"jwks","url":"https://x"})", false},
      {"no digest", R"({"v":1,"id":1,"issuer":"corp","document":"jwks"})", false},
      {"a long issuer",
       R"({"v":1,"id":1,"issuer":")" + std::string(65, 'a') +
           R"(","digest":"d","document":"jwks"})",
       false},
      {"a long date",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","last_modified":")" +
           std::string(kDateMost + 1, 'x') + "\"}",
       false},
      {"a date",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","last_modified":")" +
           std::string(kDateMost, 'x') + "\"}",
       true},
      {"a long etag",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","etag":")" +
           std::string(1'025, 'a') + "\"}",
       false},
      {"an object inside", R"({"v":1,"id":1,"issuer":{},"digest":"d","document":"jwks"})", false},
      {"a name twice", R"({"v":1,"id":1,"id":2,"issuer":"corp","digest":"d","document":"jwks"})",
       false},
      {"a question about a token",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":65536})",
       true},
      {"a list's manifest",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"list_manifest","etag":"\"x\""})",
       true},
      {"a list's chunk", chunk("16777216", std::string(64, 'a')), true},
      {"a chunk above the limit", chunk("16777217", std::string(64, 'a')), false},
      {"a chunk of nothing", chunk("0", std::string(64, 'a')), false},
      {"a chunk of a short digest", chunk("16", std::string(63, 'a')), false},
      {"a chunk of a long digest", chunk("16", std::string(65, 'a')), false},
      {"a chunk in capitals", chunk("16", std::string(64, 'A')), false},
      {"a chunk that leads elsewhere", chunk("16", "../" + std::string(61, 'a')), false},
      {"a chunk without its digest",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"list_chunk","bytes":16})", false},
      {"a chunk with a tag",
       chunk("16", std::string(64, 'a')).substr(0, chunk("16", std::string(64, 'a')).size() - 1) +
           R"(,"etag":"\"x\""})",
       false},
      {"a stream's items",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"stream_items","after":"17-0"})",
       true},
      {"a stream's items from nowhere",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"stream_items"})", false},
      {"a stream's items after no entry",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"stream_items","after":"$"})", false},
      {"a stream's items with a tag",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"stream_items","after":"0-0","etag":"x"})",
       false},
      {"a poll",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"security_events","bytes":40,"wait_s":30})",
       true},
      {"a poll that is not held",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"security_events","bytes":262144})",
       true},
      {"a poll without a size",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"security_events"})", false},
      {"a poll that is too long",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"security_events","bytes":262145})",
       false},
      {"a poll that is held for too long",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"security_events","bytes":40,"wait_s":301})",
       false},
      {"a wait of something else",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","wait_s":30})", false},
      {"an entry of something else",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","after":"0-0"})", false},
      {"a status list",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"status_list","uri":"https://s/1","etag":"x"})",
       true},
      {"a status list from nowhere",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"status_list"})", false},
      {"a status list of a long URI",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"status_list","uri":")" +
           std::string(2'049, 'a') + "\"}",
       false},
      {"keys at a URI",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","uri":"https://s/1"})", false},
      {"a manifest with a digest",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"list_manifest","sha256":")" +
           std::string(64, 'a') + "\"}",
       false},
      {"a question without a size",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection"})", false},
      {"a question about nothing",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":0})", false},
      {"a question about too much",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":65537})",
       false},
      {"a question with an etag",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":1,"etag":"x"})",
       false},
      {"a question with a date",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":1,"last_modified":"x"})",
       false},
      {"a size of something else",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"jwks","bytes":1})", false},
      {"a token in the message",
       R"({"v":1,"id":1,"issuer":"a","digest":"d","document":"introspection","bytes":1,"token":"t"})",
       false},
      {"nothing", "", false},
  };
  for (const MessageCase& item : cases)
    EXPECT_EQ(decode_request(item.input).has_value(), item.good) << item.name;
}

TEST(FetchRequest, about_a_token_names_its_size_and_nothing_of_it) {
  const Request request{7, "corp", "d1", Document::introspection, "", "", 1'234};
  EXPECT_EQ(
      encode(request),
      R"({"v":1,"id":7,"issuer":"corp","digest":"d1","document":"introspection","bytes":1234})");
  EXPECT_EQ(decode_request(encode(request))->bytes, 1'234U);
}

TEST(FetchAnswer, about_a_token_says_in_which_form_it_came) {
  for (const Form form : {Form::json, Form::jwt}) {
    const auto read = decode_answer(encode(Answer{.id = 1, .status = Status::ok, .form = form}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->form, form);
  }
  const auto failed = decode_answer(encode(Answer{.status = Status::failed, .http_status = 401}));
  EXPECT_EQ(failed->http_status, 401);
  for (const char* bad : {R"({"v":1,"id":1,"status":"ok","bytes":1,"form":"html"})",
                          R"({"v":1,"id":1,"status":"failed","form":"json"})",
                          R"({"v":1,"id":1,"status":"ok","bytes":1,"http_status":200})",
                          R"({"v":1,"id":1,"status":"failed","http_status":99})"})
    EXPECT_FALSE(decode_answer(bad)) << bad;
}

TEST(FetchAnswer, survives_the_trip) {
  Answer answer;
  answer.id = 9;
  answer.status = Status::ok;
  answer.bytes = 1'234;
  answer.etag = "W/\"x\"";
  answer.max_age = std::chrono::seconds(300);
  EXPECT_EQ(encode(answer),
            R"({"v":1,"id":9,"status":"ok","bytes":1234,"etag":"W/\"x\"","max_age_s":300})");
  const auto read = decode_answer(encode(answer));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, 1'234U);
  EXPECT_EQ(read->max_age, std::chrono::seconds(300));
  EXPECT_EQ(read->retry_after, std::nullopt);

  Answer failed;
  failed.retry_after = std::chrono::seconds(60);
  failed.error = "corp: jwks: HTTP status 503";
  const auto read_failed = decode_answer(encode(failed));
  ASSERT_TRUE(read_failed);
  EXPECT_EQ(read_failed->status, Status::failed);
  EXPECT_EQ(read_failed->retry_after, std::chrono::seconds(60));
  EXPECT_EQ(read_failed->error, failed.error);
}

TEST(FetchAnswer, is_read_to_the_letter) {
  const MessageCase cases[] = {
      {"good", R"({"v":1,"id":1,"status":"not_modified"})", true},
      {"ok without a size", R"({"v":1,"id":1,"status":"ok"})", false},
      {"a size without ok", R"({"v":1,"id":1,"status":"failed","bytes":1})", false},
      {"a size at the limit", R"({"v":1,"id":1,"status":"ok","bytes":16777216})", true},
      {"a size above the limit", R"({"v":1,"id":1,"status":"ok","bytes":16777217})", false},
      {"a negative size", R"({"v":1,"id":1,"status":"ok","bytes":-1})", false},
      {"a negative age", R"({"v":1,"id":1,"status":"not_modified","max_age_s":-1})", false},
      {"an unknown status", R"({"v":1,"id":1,"status":"fine"})", false},
      {"an unknown member", R"({"v":1,"id":1,"status":"failed","body":"x"})", false},
  };
  for (const MessageCase& item : cases)
    EXPECT_EQ(decode_answer(item.input).has_value(), item.good) << item.name;
}

TEST(FetchAnswer, a_long_error_is_cut_so_that_the_message_fits) {
  Answer answer;
  answer.error = std::string(100'000, '\x01');
  const std::string message = encode(answer);
  EXPECT_LE(message.size(), kMessageMost);
  EXPECT_TRUE(decode_answer(message));
}

}  // namespace
}  // namespace latchkey::ipc::fetch
