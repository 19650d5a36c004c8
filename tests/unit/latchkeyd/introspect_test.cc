// SPDX-License-Identifier: Apache-2.0
//
// authenticate where the issuer is asked about the token: a real connection, the real core, and a
// control thread that answers what the test says.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

constexpr std::string_view kOpaque = "corp_0123456789abcdef";

// The host's issuer, asked: `section` is added to its own.
void ask_issuer(Host& host, const std::string& section = "    introspection: required\n") {
  const std::string more = section +
                           "    introspection_client: { client_id: latchkey, secret_file: /s }\n"
                           "    opaque_tokens: { prefixes: [ corp_ ] }\n";
  host.config_text.insert(host.config_text.find("    audiences:"), more);
  host.publish();
}

std::string opaque_answer(const Host& host, std::string_view user = "alice") {
  const auto seconds = [&](std::chrono::seconds later) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(host.clock.wall() + later)
                              .time_since_epoch()
                              .count());
  };
  return R"({"active":true,"token_type":"Bearer","aud":"ssh://prod","sub":"subject-of-alice",)"
         R"("groups":["dev"],"preferred_username":")" +
         std::string(user) + R"(","iat":)" + seconds(-10s) + R"(,"exp":)" + seconds(600s) + "}";
}

// What the control thread would do with that body, memory included.
void answer_with(Host& host, std::string body, int& asked) {
  host.needs.on_introspection =
      [&host, &asked, body = std::move(body)](
          const IntrospectionOrder& order) -> std::optional<IntrospectionReply> {
    ++asked;
    jose::Scratch scratch;
    const SnapshotPtr now = host.snapshot();
    auto answer = read_introspection({body}, order.question, now->config->issuers[0].config,
                                     now->keys[0], host.clock.wall(), scratch);
    if (!answer) return IntrospectionReply{nullptr, answer.error()};
    host.introspections.put(*answer, host.clock.steady(), host.clock.steady() + 30s);
    return IntrospectionReply{*answer, {}};
  };
}

TEST(Introspect, AnOpaqueTokenThatItsIssuerKnowsSignsIn) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, opaque_answer(host), asked);
  Client client = host.connect();
  const wire::Verdict verdict = host.sign_in(client, kOpaque);
  EXPECT_EQ(verdict.result, wire::Result::allow) << host.last().decision.detail;
  EXPECT_EQ(host.last().decision.subject, "subject-of-alice");
  EXPECT_EQ(host.last().decision.key_id, "");
  EXPECT_EQ(host.last().decision.trace[Check::introspection], Outcome::passed);
  EXPECT_FALSE(host.last().remembered);
  EXPECT_EQ(host.sign_in(client, kOpaque).result, wire::Result::allow);
  EXPECT_EQ(asked, 1) << "the second time the answer is remembered";
  EXPECT_TRUE(host.last().remembered);
  EXPECT_EQ(host.memory.size(), 0U) << "and not the token";
  EXPECT_EQ(host.journal.text().find(kOpaque), std::string::npos);
}

TEST(Introspect, ASourcePaysForWhatHasNotTheFormOfAToken) {
  Host host(Patience{.overdrawn = 0ms});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  ask_issuer(host);
  int asked = 0;
  answer_with(host, R"({"active":false})", asked);
  Client client = host.connect();
  int tries = 0;
  for (; tries < 1'000; ++tries) {
    host.sign_in(client, "corp_short");
    if (host.last_reason() == Reason::budget_exhausted) break;
    ASSERT_EQ(host.last_reason(), Reason::token_malformed);
  }
  EXPECT_EQ(tries, 499);
  EXPECT_EQ(asked, 0);
}

TEST(Introspect, AnOpaqueTokenThatIsNotActiveIsRefused) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, R"({"active":false})", asked);
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, kOpaque).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::token_inactive);
  EXPECT_EQ(host.last().decision.trace[Check::introspection], Outcome::failed);
}

TEST(Introspect, ARememberedSignatureDoesNotReplaceTheIssuersWord) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, R"({"active":true})", asked);
  const std::string token = host.token();
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::allow);
  EXPECT_EQ(host.memory.size(), 1U);
  host.introspections.clear();
  answer_with(host, R"({"active":false})", asked);
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::token_inactive);
  EXPECT_EQ(asked, 2);
}

TEST(Introspect, ATokenThatFailsByItselfIsNotAskedAbout) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, R"({"active":true})", asked);
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, host.token({{"aud", "\"other\""}})).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::audience_wrong);
  host.sign_in(client, "abc_0123456789abcdef");
  EXPECT_EQ(host.last_reason(), Reason::token_malformed) << "a prefix that nobody has";
  host.sign_in(client, "corp_short");
  EXPECT_EQ(host.last_reason(), Reason::token_malformed);
  EXPECT_EQ(asked, 0);
}

TEST(Introspect, WhereNobodyAnswersTheTokenIsRefused) {
  Host host;
  ask_issuer(host);
  host.needs.on_introspection = [](const IntrospectionOrder& /*order*/) {
    return IntrospectionReply{nullptr, {Reason::introspection_unavailable, "down"}, true};
  };
  Client client = host.connect();
  for (const std::string& token : {host.token(), std::string(kOpaque)}) {
    EXPECT_EQ(host.sign_in(client, token).result, wire::Result::unavailable);
    EXPECT_EQ(host.last_reason(), Reason::introspection_unavailable);
  }
}

TEST(Introspect, OnlyWhereTheConfigurationSaysSoTheSignatureDoesAndLoudly) {
  Host host;
  ask_issuer(host, "    introspection: required\n    introspection_down: signature\n");
  IntrospectionReply reply{nullptr, {Reason::introspection_unavailable, "down"}, true};
  host.needs.on_introspection = [&](const IntrospectionOrder& /*order*/) { return reply; };
  const std::string token = host.token();
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::allow);
  EXPECT_EQ(host.journal.count("its signature decides"), 1U);
  EXPECT_NE(host.last().decision.detail.find("the signature decided alone"), std::string::npos);
  EXPECT_EQ(host.sign_in(client, kOpaque).result, wire::Result::unavailable)
      << "an opaque token has no signature";
  reply.down = false;
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::unavailable)
      << "a pause is no outage";
  reply = {nullptr, {Reason::budget_exhausted, "limit"}, true};
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::budget_exhausted) << "nor is a limit";
  reply = {nullptr, {Reason::introspection_answer_invalid, "html"}, true};
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::introspection_answer_invalid) << "nor is nonsense";
}

TEST(Introspect, ASourcePaysForItsQuestions) {
  Host host;
  ask_issuer(host);
  host.config_text += "budgets: { verify_cpu_burst: 20ms, verify_cpu_per_second: 1ms }\n";
  host.publish();
  int asked = 0;
  answer_with(host, R"({"active":false})", asked);
  Client client = host.connect();
  const auto junk = [&](int i, wire::Begin begin) {
    host.sign_in(client, "corp_0123456789abcde" + std::to_string(i), begin);
    return host.last_reason();
  };
  EXPECT_EQ(junk(1, Host::alice()), Reason::token_inactive);
  EXPECT_EQ(junk(2, Host::alice()), Reason::token_inactive);
  EXPECT_EQ(junk(3, Host::alice()), Reason::budget_exhausted);
  EXPECT_EQ(asked, 2);
  wire::Begin other = Host::alice();
  other.rhost = "192.0.2.99";
  EXPECT_EQ(junk(3, other), Reason::token_inactive) << "another source has its own";
}

// A provider's silence is fetchd's to tell, before that; a fetchd that hangs is no outage.
TEST(Introspect, AQuestionNamesTheAddressThatItIsAskedForWhateverTheService) {
  Host host;
  ask_issuer(host);
  std::string source;
  host.needs.on_introspection = [&](const IntrospectionOrder& order) {
    source = order.source;
    return IntrospectionReply{nullptr, {Reason::introspection_unavailable, "not now"}};
  };
  Client client = host.connect();
  host.sign_in(client, host.token());
  EXPECT_EQ(source, "h192.0.2.1");
}

TEST(Introspect, WhereFetchdHangsTheSignatureIsNotEnough) {
  Host host({.needs = 200ms});
  ask_issuer(host, "    introspection: required\n    introspection_down: signature\n");
  host.needs.on_introspection =
      [](const IntrospectionOrder& /*order*/) -> std::optional<IntrospectionReply> {
    return std::nullopt;
  };
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::introspection_unavailable);
}

TEST(Introspect, AProviderThatIsSilentIsGivenUpInTime) {
  Host host({.needs = 200ms});
  ask_issuer(host);
  host.needs.on_introspection =
      [](const IntrospectionOrder& /*order*/) -> std::optional<IntrospectionReply> {
    return std::nullopt;
  };
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, kOpaque).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::introspection_unavailable);
  EXPECT_EQ(host.last().decision.detail, "no answer came in time");
}

// Of a login that the issuer's answer lets in, where a reload puts `text` before `place` meanwhile.
wire::Result result_across_a_reload(bool opaque, std::string_view place, std::string_view text) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, opaque ? opaque_answer(host) : R"({"active":true})", asked);
  const auto answer = host.needs.on_introspection;
  host.needs.on_introspection = [&](const IntrospectionOrder& order) {
    auto reply = answer(order);
    host.config_text.insert(host.config_text.find(place), text);
    host.take_new();
    return reply;
  };
  Client client = host.connect();
  return host.sign_in(client, opaque ? kOpaque : host.token()).result;
}

TEST(Introspect, WhatChangedWhileTheIssuerWasAskedCounts) {
  for (const bool opaque : {true, false}) {
    EXPECT_NE(result_across_a_reload(opaque, "    audiences:", "    leeway: 30s\n"),
              wire::Result::allow);
  }
}

TEST(Introspect, AnIssuerThatAReloadMovesInTheConfigurationIsStillTheSame) {
  for (const bool opaque : {true, false}) {
    EXPECT_EQ(result_across_a_reload(opaque, "  - name:",
                                     "  - name: another\n    issuer: https://another.example.com\n"
                                     "    audiences: [ a ]\n    user: { claim: sub }\n"),
              wire::Result::allow);
  }
}

TEST(Introspect, TheSectionsServiceMakesWhatIsNotSignedAnOpaqueToken) {
  Host host;
  const std::string more =
      "    introspection: opaque_only\n"
      "    introspection_client: { client_id: latchkey, secret_file: /s }\n"
      "    opaque_tokens: { services: [ sshd ] }\n";
  host.config_text.insert(host.config_text.find("    audiences:"), more);
  host.publish();
  int asked = 0;
  answer_with(host, opaque_answer(host), asked);
  Client client = host.connect();
  EXPECT_EQ(host.sign_in(client, "0123456789abcdef").result, wire::Result::allow);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::allow);
  EXPECT_EQ(asked, 1) << "a signed one stands on its signature here";
  wire::Begin login = Host::alice();
  login.service = "login";
  host.sign_in(client, "0123456789abcdef", login);
  EXPECT_EQ(host.last_reason(), Reason::token_malformed);
  EXPECT_EQ(asked, 1);
}

// What follows stands on the login, not on another question.
TEST(Introspect, LaterCallsOfALoginAskNobody) {
  Host host;
  ask_issuer(host);
  int asked = 0;
  answer_with(host, opaque_answer(host), asked);
  Client client = host.connect();
  const std::string id = testing::login_id(host.sign_in(client, kOpaque));
  host.introspections.clear();
  for (const auto operation : {wire::Operation::account, wire::Operation::open_session}) {
    client = host.connect();
    client.begin({.operation = operation, .service = "sshd", .user = "alice", .login = id});
    EXPECT_EQ(client.verdict().result, wire::Result::allow);
  }
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace latchkey::latchkeyd
