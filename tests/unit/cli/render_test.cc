// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/render.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

using namespace ipc::control;  // NOLINT(google-build-using-namespace): what is rendered here
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
      .mode = "required", .state = "answers", .active = 7, .inactive = 2, .answered_at = kNow - 5s};
  status.issuers[0].introspection = asked;
  std::string text = render_status(status, kNow, Style::plain);
  EXPECT_NE(text.find("introspection  required: 7 active, 2 inactive, 0 under way\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("last answer    5 s ago\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("unanswered"), std::string::npos) << text;
  EXPECT_EQ(text.find("ASKING"), std::string::npos) << text;
  asked.state = "fails";
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

TEST(RenderStatus, says_loudly_that_an_issuer_cannot_be_asked_and_what_that_means) {
  const auto asked = [](const char* mode, const char* down) {
    return IntrospectionStatus{
        .mode = mode, .state = "fails", .down = down, .last_error = "HTTP status 500"};
  };
  StatusAnswer status;
  status.started_at = kNow - 61s;
  status.issuers.push_back({.name = "a", .introspection = asked("required", "refuse")});
  status.issuers.push_back({.name = "b", .introspection = asked("opaque_only", "refuse")});
  status.issuers.push_back({.name = "c", .introspection = asked("required", "signature")});
  status.issuers.push_back({.name = "d", .introspection = IntrospectionStatus{.mode = "required"}});
  const std::string text = render_status(status, kNow, Style::plain);
  EXPECT_NE(text.find("  ASKING FAILS   a: its tokens are refused; b: its opaque tokens are "
                      "refused; c: while nobody is there, signatures decide alone; else its tokens "
                      "are refused\n"),
            std::string::npos)
      << text;
  const std::string table = render_issuers(status.issuers, kNow, Style::plain);
  for (const char* cell : {"required FAILS ", "opaque_only FAILS ", "required       "})
    EXPECT_NE(table.find(cell), std::string::npos) << cell << "in\n" << table;
}

TEST(RenderStatus, says_loudly_that_keys_are_stale_and_until_when_they_serve) {
  StatusAnswer status;
  status.started_at = kNow - 61s;
  status.issuers.push_back({.name = "corp",
                            .issuer = "https://id",
                            .provider = "keycloak",
                            .place = "https://id/keys",
                            .source = "fetched",
                            .freshness = "stale",
                            .serves_until = kNow + 2h,
                            .keys = {{"k1", "EC P-256", "t", {"ES256"}}},
                            .dropped = {{"k2", "use is enc"}},
                            .fetched_at = kNow - 22h,
                            .attempted_at = kNow - 5min,
                            .next_fetch_at = kNow + 30s,
                            .last_error = "corp: jwks: HTTP status 500"});
  status.issuers.push_back({.name = "fine", .source = "file", .freshness = "fresh"});
  const std::string text = render_status(status, kNow, Style::plain);
  for (const char* part :
       {"  KEYS           corp: STALE, serving for 2 h 0 min more\n",
        "  keys           STALE: 1 usable, for 2 h 0 min more; then logins are unavailable\n",
        "  provider       keycloak\n", "  source         fetched  https://id/keys\n",
        "  fetched        22 h 0 min ago\n", "  next fetch     in 30 s\n",
        "  last error     corp: jwks: HTTP status 500 (5 min ago)\n",
        "  key            k1  EC P-256 (ES256)\n", "  key dropped    k2: use is enc\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "in\n" << text;
  status.issuers.erase(status.issuers.begin());
  EXPECT_EQ(render_status(status, kNow, Style::plain).find("KEYS"), std::string::npos);
}

TEST(RenderStatus, says_what_is_refused_without_keys_where_opaque_tokens_need_none) {
  StatusAnswer status;
  status.started_at = kNow - 61s;
  status.issuers.push_back({.name = "corp",
                            .source = "none",
                            .stale = true,
                            .introspection = IntrospectionStatus{.mode = "opaque_only"}});
  const std::string text = render_status(status, kNow, Style::plain);
  for (const char* part : {"  KEYS           corp: signed tokens are refused\n",
                           "NONE: signed tokens of this issuer are refused\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "in\n" << text;
}

TEST(RenderIssuers, begins_with_a_table_of_who_is_in_trouble) {
  std::vector<IssuerStatus> issuers;
  issuers.push_back({.name = "corp", .source = "none", .stale = true});
  issuers.push_back({.name = "old",
                     .provider = "okta",
                     .source = "cache",
                     .stale = true,
                     .freshness = "too_stale",
                     .keys = {{}},
                     .fetched_at = kNow - 25h});
  issuers.push_back({.name = "fine",
                     .source = "fetched",
                     .freshness = "fresh",
                     .keys = {{}, {}},
                     .fetched_at = kNow - 1min,
                     .next_fetch_at = kNow + 4min,
                     .introspection = IntrospectionStatus{.mode = "required"}});
  const std::string text = render_issuers(issuers, kNow, Style::plain);
  EXPECT_TRUE(text.starts_with(
      "ISSUER  PROVIDER  SOURCE   KEYS  DROPPED  AGE      NEXT FETCH  INTROSPECTION  STATE\n"
      "corp    -         none     0     0        -        -           -              NO KEYS\n"
      "old     okta      cache    1     0        1 d 1 h  -           -              TOO OLD\n"
      "fine    -         fetched  2     0        1 min    4 min       required       ok\n"
      "\nissuer corp"))
      << text;
}

TEST(RenderRefreshed, says_of_each_issuer_what_came_of_it) {
  const std::vector<RefreshedIssuer> issuers = {{"a", "changed", {}, {}},
                                                {"b", "unchanged", {}, {}},
                                                {"c", "too_soon", {}, kNow + 42s},
                                                {"d", "failed", "HTTP status 500\x1b[2J", {}}};
  EXPECT_EQ(render_refreshed(issuers, kNow, Style::plain),
            "  a              there is a new key set\n"
            "  b              the keys are the same\n"
            "  c              not asked: too soon after the last time; again in 42 s\n"
            "  d              failed: HTTP status 500\\x1b[2J\n");
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
  decision.rule = "login";
  EXPECT_NE(render_decision(decision, Style::plain).find("login\n"), std::string::npos);
  decision.rule_place = "l.yaml:9";
  const std::string text = render_decision(decision, Style::plain);
  EXPECT_NE(text.find("login (l.yaml:9)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("request 5f3c19a2"), std::string::npos);
  EXPECT_LT(text.find("passed       signature"), text.find("FAILED       access")) << text;
  EXPECT_NE(text.find("not reached  binding"), std::string::npos) << text;
}

TEST(Render, shows_sessions_by_login_and_says_what_lives_on) {
  ipc::control::SessionRecord session;
  session.id = "0123456789abcdef0123456789abcdef";
  session.state = "not_ended";
  session.user = "al\nice";
  session.service = "sshd";
  session.rhost = "192.0.2.7";
  session.pid = 4711;
  session.expires_at = kNow;
  session.opened_at = kNow - 5min;
  const std::string text = render_sessions(std::vector{session}, kNow);
  for (const char* part : {"LOGIN", "0123456789abcdef0123456789abcdef  not_ended", "al\\x0aice",
                           "5 min ago", "192.0.2.7", "4711"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(render_sessions({}, kNow), "no sessions\n");
}

TEST(Render, escapes_what_came_from_outside) {
  const std::string text =
      render_bindings(std::vector<BindingRecord>{{"alice", "https://i", "a\n\033[2J"}});
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(RenderRefreshed, never_says_that_the_provider_may_be_asked_in_0_s) {
  const std::vector<ipc::control::RefreshedIssuer> issuers{
      {.issuer = "corp", .outcome = "too_soon", .again_at = kNow + 1ms}};
  EXPECT_NE(render_refreshed(issuers, kNow, Style::plain).find("again in 1 s"), std::string::npos);
}

TEST(AsciiJson, escapes_what_moves_a_cursor_or_hides) {
  struct Case {
    std::string json;
    std::string want;
  };
  for (const Case& one :
       {Case{R"({"a":"b\u0007"})", R"({"a":"b\u0007"})"}, Case{"\xC2\x9B", "\\u009b"},
        Case{"\xE2\x80\xAE", "\\u202e"}, Case{"\xC3\xBC", "\\u00fc"},
        Case{"\xF0\x9F\x94\x91", "\\ud83d\\udd11"}, Case{"\x7F", "\\u007f"}, Case{"", ""}})
    EXPECT_EQ(ascii_json(one.json), one.want);
}

TEST(RenderConfigErrors, have_file_line_and_column) {
  EXPECT_EQ(
      render_config_errors(std::vector<ConfigErrorRecord>{{"/etc/l.yaml", 3, 7, "unknown key"}}),
      "/etc/l.yaml:3:7: unknown key\n");
}

}  // namespace
}  // namespace latchkey::cli
