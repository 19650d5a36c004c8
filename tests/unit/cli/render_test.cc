// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/render.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

using namespace ipc::control;
using namespace std::chrono_literals;

const WallTime kNow{std::chrono::milliseconds(1'790'000'000'000)};

TEST(RenderSpan, chooses_a_unit_that_people_read) {
  EXPECT_EQ(render_span(-5s), "0 s");
  EXPECT_EQ(render_span(59s), "59 s");
  EXPECT_EQ(render_span(60s), "1 min");
  EXPECT_EQ(render_span(3'599s), "59 min");
  EXPECT_EQ(render_span(3'600s), "1 h 0 min");
  EXPECT_EQ(render_span(90'061s), "1 d 1 h");
}

TEST(RenderStatus, says_loudly_that_an_issuer_has_no_keys) {
  StatusAnswer status;
  status.started_at = kNow - 61s;
  status.issuers.push_back(
      {.name = "corp", .issuer = "https://id", .source = "none", .stale = true});
  const std::string text = render_status(status, kNow, Style::plain);
  EXPECT_NE(text.find("NONE: logins of this issuer are unavailable"), std::string::npos) << text;
  EXPECT_NE(text.find("running for    1 min"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(RenderStatus, says_what_became_of_asking_an_issuer_about_tokens) {
  StatusAnswer status;
  status.started_at = kNow - 61s;
  status.issuers.push_back({.name = "corp", .issuer = "https://id", .source = "fetched"});
  EXPECT_EQ(render_status(status, kNow, Style::plain).find("introspection"), std::string::npos);
  IntrospectionStatus asked{
      .mode = "required", .active = 7, .inactive = 2, .answered_at = kNow - 5s};
  status.issuers[0].introspection = asked;
  std::string text = render_status(status, kNow, Style::plain);
  EXPECT_NE(text.find("introspection  required: 7 active, 2 inactive, 0 under way\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("last answer    5 s ago\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("unanswered"), std::string::npos) << text;
  asked.failed = 3;
  asked.failed_at = kNow - 1s;
  asked.last_error = "corp: introspection: HTTP status 401";
  status.issuers[0].introspection = asked;
  text = render_status(status, kNow, Style::plain);
  EXPECT_NE(text.find("unanswered     3 failed, 0 were no answers, 0 not asked"),
            std::string::npos);
  EXPECT_NE(text.find("asking fails   corp: introspection: HTTP status 401 (1 s ago)"),
            std::string::npos)
      << text;
}

TEST(RenderDecision, prints_each_check_in_order_with_its_outcome) {
  DecisionRecord decision;
  decision.id = "5f3c19a2";
  decision.reason = "access_denied";
  decision.kind = "refused";
  decision.user = "bob";
  decision.checks = {{"signature", "the signature verifies", "passed"},
                     {"access", "an access rule allows it", "failed"},
                     {"binding", "bound", "not_reached"}};
  const std::string text = render_decision(decision, Style::plain);
  EXPECT_NE(text.find("request 5f3c19a2"), std::string::npos);
  EXPECT_LT(text.find("passed       signature"), text.find("FAILED       access")) << text;
  EXPECT_NE(text.find("not reached  binding"), std::string::npos) << text;
}

TEST(Render, escapes_what_came_from_outside) {
  const std::string text =
      render_bindings(std::vector<BindingRecord>{{"alice", "https://i", "a\n\033[2J"}});
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(RenderConfigErrors, have_file_line_and_column) {
  EXPECT_EQ(
      render_config_errors(std::vector<ConfigErrorRecord>{{"/etc/l.yaml", 3, 7, "unknown key"}}),
      "/etc/l.yaml:3:7: unknown key\n");
}

}  // namespace
}  // namespace latchkey::cli
