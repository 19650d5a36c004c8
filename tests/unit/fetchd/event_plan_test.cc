// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/event_plan.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/fetchd/rate_bound.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;
using ipc::fetch::Document;
using ipc::fetch::Request;
using ipc::fetch::Status;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPoll = R"({"maxEvents":32,"returnImmediately":true})";
const std::string kSecret = "a-bearer-token-0123456789";

class EventPlanTest : public ::testing::Test {
 protected:
  EventPlanTest() {
    config.feed.name = "corp-events";
    config.endpoint = "https://id.example.com/poll?stream=7";
    config.token_file = std::string(folder.path()) + "/token";
    config.ca_file = "/etc/ca.pem";
    config.tls_pins = {"sha256//pin"};
    config.proxy = "http://proxy.example.com:3128";
    write(kSecret + "\n");
  }
  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(config.token_file) << text;
    ::chmod(config.token_file.c_str(), mode);
  }
  EventPlan plan(std::optional<std::chrono::seconds> wait = {}) {
    Request request{5, "corp-events", "d", Document::security_events};
    request.bytes = kPoll.size();
    request.wait = wait;
    return {config, request, kPoll};
  }
  static Outcome end(Plan::Step step) { return std::get<Outcome>(std::move(step)); }
  static HttpResponse json(std::string body, std::string type = "application/json") {
    HttpResponse response{200, std::move(body), "", {}};
    response.content_type = std::move(type);
    return response;
  }

  test::TemporaryFolder folder;
  config::EventSource config;
};

TEST_F(EventPlanTest, PostsThePollWithTheBearerTokenAndIsBounded) {
  EventPlan made = plan();
  const auto step = made.start();
  const auto* request = std::get_if<HttpRequest>(&step);
  ASSERT_TRUE(request) << std::get<Outcome>(step).answer.error;
  EXPECT_EQ(request->url, "https://id.example.com/poll?stream=7");
  EXPECT_EQ(request->form->view(), kPoll);
  EXPECT_EQ(request->form_type, "application/json");
  EXPECT_EQ(request->authorization->view(), "Authorization: Bearer " + kSecret);
  EXPECT_EQ(request->ca_file, "/etc/ca.pem");
  EXPECT_EQ(request->tls_pins, std::vector<std::string>{"sha256//pin"});
  EXPECT_EQ(request->proxy, "http://proxy.example.com:3128");
  EXPECT_EQ(request->body_most, 1'048'576U);
  const Outcome outcome = end(made.next(json("{\"sets\":{}}", "application/json; charset=utf-8")));
  EXPECT_EQ(outcome.answer.status, Status::ok);
  EXPECT_EQ(outcome.answer.id, 5U);
  EXPECT_EQ(outcome.body, "{\"sets\":{}}");
}

TEST_F(EventPlanTest, TheBearerTokenIsReadAnewAndOneThatOthersMayReadIsNotSent) {
  EXPECT_TRUE(std::holds_alternative<HttpRequest>(plan().start()));
  write("another-one\n");
  const auto again = plan().start();
  EXPECT_EQ(std::get<HttpRequest>(again).authorization->view(),
            "Authorization: Bearer another-one");
  write(kSecret, 0644);
  const Outcome outcome = end(plan().start());
  EXPECT_EQ(outcome.answer.status, Status::failed);
  EXPECT_THAT(outcome.answer.error, HasSubstr("may be read by others"));
  EXPECT_THAT(outcome.answer.error, Not(HasSubstr(kSecret)));
}

TEST_F(EventPlanTest, NamesWhatTheTransmitterDoesNotAllow) {
  for (const auto& [status, words] : {std::pair{401, "does not take the bearer token"},
                                      std::pair{403, "does not allow to poll"}}) {
    const Outcome outcome = end(plan().next(tl::unexpected(HttpFailure{
        .cause = "HTTP status " + std::to_string(status), .retry_after = {}, .status = status})));
    EXPECT_EQ(outcome.answer.status, Status::failed);
    EXPECT_THAT(outcome.answer.error, HasSubstr(words));
  }
  const Outcome busy = end(plan().next(
      tl::unexpected(HttpFailure{.cause = "HTTP status 429", .retry_after = 30s, .status = 429})));
  EXPECT_EQ(busy.answer.retry_after, std::optional(30s));
}

TEST_F(EventPlanTest, ThatAPollIsHeldForTooLongIsNoFailureWhereItMayBeHeld) {
  const HttpFailure silent{.cause = "timeout", .retry_after = {}, .silent = true};
  EXPECT_EQ(end(plan(30s).next(tl::unexpected(silent))).answer.status, Status::not_modified);
  EXPECT_EQ(end(plan().next(tl::unexpected(silent))).answer.status, Status::failed);
  const HttpFailure gone{.cause = "timeout", .retry_after = {}};
  EXPECT_EQ(end(plan(30s).next(tl::unexpected(gone))).answer.status, Status::failed);
  const HttpFailure stranger{.cause = "certificate", .retry_after = {}, .untrusted = true};
  EXPECT_EQ(end(plan(30s).next(tl::unexpected(stranger))).answer.status, Status::untrusted);
}

TEST_F(EventPlanTest, NothingOfAnAnswerThatIsNoJsonIsTold) {
  const Outcome outcome = end(plan().next(json("<html>secret</html>", "text/html")));
  EXPECT_EQ(outcome.answer.status, Status::failed);
  EXPECT_THAT(outcome.answer.error, Not(HasSubstr("secret")));
  EXPECT_TRUE(outcome.body.empty());
}

TEST(RateBound, APollMayComeAtOnceUntilSomebodySpins) {
  RateBound bound;
  config::EventSource events;
  events.feed.name = "corp-events";
  const RateBound::TimePoint now{};
  for (int i = 0; i < RateBound::kPollBurst; ++i) ASSERT_FALSE(bound.take_poll(events, now)) << i;
  EXPECT_TRUE(bound.take_poll(events, now));
  EXPECT_FALSE(bound.take_poll(events, now + RateBound::kPollInterval));
}

}  // namespace
}  // namespace latchkey::fetchd
