// SPDX-License-Identifier: Apache-2.0
//
// Questions about tokens, as latchkeyd asks fetchd.
#include <gmock/gmock.h>

#include "tests/unit/latchkeyd/fetch_client_host.h"

namespace latchkey::latchkeyd::fetch_client_test {
namespace {

using ::testing::HasSubstr;

// What introspect() told, copied: the body is valid during the call only.
struct Told {
  IntrospectResult::Status status;
  std::string body;
  issuer::AnswerForm form;
  std::optional<int> http_status;
  std::string error;
};

class IntrospectTest : public FetchClientTest {
 protected:
  void ask_about(std::string_view text) {
    wire::SecretBuffer token(text.size());
    ASSERT_TRUE(token.append(text));
    client.introspect({"corp", "digest", std::move(token)}, [this](const IntrospectResult& result) {
      told.push_back(
          {result.status, std::string(result.body), result.form, result.http_status, result.error});
    });
  }
  void run_until_told(std::size_t count) {
    while (told.size() < count) loop.context().run_one();
  }

  std::vector<Told> told;
};

TEST_F(IntrospectTest, HandsTheTokenOverInAFileAndTakesTheAnswerWithItsForm) {
  listen();
  ask_about("corp_0123456789abcdef");
  accept();
  auto received = fetch::receive_message(peer.get()).value();
  EXPECT_EQ(received.message.find("corp_"), std::string::npos) << "no token in a message";
  const auto request = fetch::decode_request(received.message).value();
  EXPECT_EQ(request.document, fetch::Document::introspection);
  EXPECT_EQ(request.issuer, "corp");
  EXPECT_EQ(request.digest, "digest");
  const auto token = fetch::take_token(std::move(received.fd), request.bytes);
  ASSERT_TRUE(token) << token.error().detail;
  EXPECT_EQ(token->view(), "corp_0123456789abcdef");
  answer({.id = request.id, .status = fetch::Status::ok, .bytes = 4, .form = fetch::Form::jwt},
         "BODY");
  run_until_told(1);
  EXPECT_EQ(told[0].status, IntrospectResult::Status::ok);
  EXPECT_EQ(told[0].body, "BODY");
  EXPECT_EQ(told[0].form, issuer::AnswerForm::jwt);
}

TEST_F(IntrospectTest, TellsWhatWentWrong) {
  ask_about("corp_0123456789abcdef");
  run_until_told(1);
  EXPECT_EQ(told[0].status, IntrospectResult::Status::unreachable) << "nobody listens";
  listen();
  ask_about("corp_0123456789abcdef");
  accept();
  answer({.id = read_request().id,
          .status = fetch::Status::failed,
          .error = "corp: introspection: HTTP status 429",
          .http_status = 429});
  run_until_told(2);
  EXPECT_EQ(told[1].status, IntrospectResult::Status::failed);
  EXPECT_EQ(told[1].http_status, 429);
  EXPECT_THAT(told[1].error, HasSubstr("429"));
  ask_about("corp_0123456789abcdef");
  peer.reset();
  run_until_told(3);
  EXPECT_EQ(told[2].status, IntrospectResult::Status::failed);
  EXPECT_THAT(told[2].error, HasSubstr("went away"));
  ask_about("");
  run_until_told(4);
  EXPECT_EQ(told[3].status, IntrospectResult::Status::unreachable) << "there is nothing to ask";
}

TEST_F(IntrospectTest, OnlyFetchdSaysThatTheProviderIsDown) {
  listen();
  ask_about("corp_0123456789abcdef");
  accept();
  answer({.id = read_request().id,
          .status = fetch::Status::unreachable,
          .error = "corp: introspection: timeout"});
  ask_about("corp_0123456789abcdef");
  answer({.id = read_request().id,
          .status = fetch::Status::untrusted,
          .error = "corp: introspection: TLS pin"});
  run_until_told(2);
  EXPECT_EQ(told[0].status, IntrospectResult::Status::down);
  EXPECT_EQ(told[0].error, "corp: introspection: timeout");
  EXPECT_EQ(told[1].status, IntrospectResult::Status::failed);
}

}  // namespace
}  // namespace latchkey::latchkeyd::fetch_client_test
