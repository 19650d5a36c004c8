// SPDX-License-Identifier: Apache-2.0
//
// How an issuer is asked: where, by which form, with which credential, and what of the answer goes
// back.
#include "daemon/fetchd/introspection_plan.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/jwk_set.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"
#include "daemon/fetchd/secret_file.h"
#include "tests/support/signing.h"

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;
using ipc::fetch::Form;
using ipc::fetch::Status;

constexpr std::string_view kToken = "corp_a+b/c=0123456789";
constexpr std::string_view kEncodedToken = "corp_a%2Bb%2Fc%3D0123456789";
constexpr const char* kEndpoint = "https://id.example.com/introspect";
constexpr const char* kMetadata =
    R"({"issuer":"https://id.example.com","introspection_endpoint":"https://id.example.com/introspect"})";

class IntrospectionPlanTest : public ::testing::Test {
 protected:
  IntrospectionPlanTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    config.name = "corp";
    config.issuer = "https://id.example.com";
    config.digest = "digest-1";
    config.ca_file = "/ca.pem";
    config.introspection.mode = issuer::IntrospectionMode::required;
    config.introspection.client.client_id = "latch key";
    config.introspection.client.secret_file = put("secret", "s3:cr&t\n");
  }
  ~IntrospectionPlanTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  std::string put(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    const std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  IntrospectionPlan plan() {
    wire::SecretBuffer token(kToken.size());
    EXPECT_TRUE(token.append(kToken));
    const ipc::fetch::Request request{
        5, "corp", config.digest, ipc::fetch::Document::introspection, "", "", kToken.size()};
    return {config,
            request,
            std::move(token),
            {endpoints, [this] { return wall; }, [this] { return steady; },
             [] { return std::string("unique-1"); }}};
  }

  static const HttpRequest& asks(const Plan::Step& step) {
    static const HttpRequest kNone;
    const auto* request = std::get_if<HttpRequest>(&step);
    if (request == nullptr) ADD_FAILURE() << std::get<Outcome>(step).answer.error;
    return request != nullptr ? *request : kNone;
  }
  static ipc::fetch::Answer ends(const Plan::Step& step) {
    const auto* outcome = std::get_if<Outcome>(&step);
    EXPECT_NE(outcome, nullptr) << "it asks on";
    return outcome != nullptr ? outcome->answer : ipc::fetch::Answer{};
  }
  static HttpResponse ok(std::string body, std::string type = "application/json") {
    return {.status = 200, .body = std::move(body), .content_type = std::move(type)};
  }

  std::string folder;
  issuer::IssuerConfig config;
  EndpointMemory endpoints;
  WallTime wall{1'900'000'000s};
  SteadyTime steady{1'000h};
};

TEST_F(IntrospectionPlanTest, FindsTheEndpointInTheMetadataAndAsksThereOnce) {
  auto first = plan();
  const auto discovery = first.start();
  EXPECT_EQ(asks(discovery).url, "https://id.example.com/.well-known/openid-configuration");
  EXPECT_EQ(asks(discovery).form, nullptr);
  const auto question = first.next(ok(kMetadata));
  EXPECT_EQ(asks(question).url, kEndpoint);
  EXPECT_EQ(asks(question).ca_file, "/ca.pem");
  EXPECT_EQ(asks(question).body_most, 65'536U);
  EXPECT_EQ(asks(question).accept, "application/json");
  EXPECT_EQ(asks(question).etag, "");

  auto second = plan();
  EXPECT_EQ(asks(second.start()).url, kEndpoint) << "the metadata are not asked again";
  steady += EndpointMemory::kKept - 1ms;
  EXPECT_EQ(asks(plan().start()).url, kEndpoint);
  steady += 1ms;
  EXPECT_NE(asks(plan().start()).url, kEndpoint) << "until they are old";
}

TEST_F(IntrospectionPlanTest, GoesTheIssuersWayToTheMetadataAndToTheEndpoint) {
  config.tls_pins = {"sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE="};
  config.proxy = "http://proxy.example.com:3128";
  auto first = plan();
  const auto discovery = first.start();
  const auto question = first.next(ok(kMetadata));
  for (const auto* step : {&discovery, &question}) {
    EXPECT_EQ(asks(*step).tls_pins, config.tls_pins);
    EXPECT_EQ(asks(*step).proxy, config.proxy);
  }
}

TEST_F(IntrospectionPlanTest, FromAnotherSectionTheMetadataAreAskedAgain) {
  auto first = plan();
  first.start();
  first.next(ok(kMetadata));
  config.digest = "digest-2";
  EXPECT_NE(asks(plan().start()).url, kEndpoint);
}

// Each of these a guess at a token can bring about.
TEST_F(IntrospectionPlanTest, AnEndpointThatFailsAtAQuestionIsAskedAgainWithoutMetadata) {
  auto first = plan();
  first.start();
  EXPECT_TRUE(asks(first.next(ok(kMetadata))).any_speed);
  for (const HttpFailure& failure :
       {HttpFailure{"HTTP status 400", {}, 400}, HttpFailure{"HTTP status 503", {}, 503},
        HttpFailure{"transfer", {}}, HttpFailure{.cause = "timeout", .unreachable = true}}) {
    auto asking = plan();
    EXPECT_EQ(asks(asking.start()).url, kEndpoint) << failure.cause;
    asking.next(tl::unexpected(failure));
  }
}

TEST_F(IntrospectionPlanTest, AnEndpointThatIsNotThereAnyMoreIsForgotten) {
  for (const int status : {301, 307, 405, 410}) {
    auto asking = plan();
    EXPECT_NE(asks(asking.start()).url, kEndpoint) << status;
    asking.next(ok(kMetadata));
    asking.next(tl::unexpected(HttpFailure{"HTTP status", {}, status}));
  }
  auto first = plan();
  first.start();
  first.next(ok(kMetadata));
  const auto failed = ends(first.next(tl::unexpected(HttpFailure{"HTTP status 404", {}, 404})));
  EXPECT_EQ(failed.status, Status::failed);
  EXPECT_EQ(failed.http_status, 404);
  EXPECT_EQ(failed.error, "corp: introspection: HTTP status 404");
  EXPECT_NE(asks(plan().start()).url, kEndpoint);
}

TEST_F(IntrospectionPlanTest, AConfiguredEndpointNeedsNoMetadata) {
  config.introspection.endpoint = "https://elsewhere.example.com/i";
  EXPECT_EQ(asks(plan().start()).url, "https://elsewhere.example.com/i");
}

TEST_F(IntrospectionPlanTest, MetadataThatNameNoGoodEndpointEndIt) {
  for (
      const char* metadata :
      {R"({"issuer":"https://id.example.com"})",
       R"({"issuer":"https://id.example.com","introspection_endpoint":1})",
       R"({"issuer":"https://id.example.com","introspection_endpoint":"http://id.example.com/i"})",
       R"({"issuer":"https://id.example.com","introspection_endpoint":"https://evil.example/i"})",
       R"({"issuer":"https://id.example.com/","introspection_endpoint":"https://id.example.com/i"})",
       "<html></html>"}) {
    auto asked = plan();
    asked.start();
    EXPECT_EQ(ends(asked.next(ok(metadata))).status, Status::failed) << metadata;
  }
}

TEST_F(IntrospectionPlanTest, ShowsItsSecretInTheHeader) {
  config.introspection.endpoint = kEndpoint;
  const auto step = plan().start();
  EXPECT_EQ(asks(step).form->view(),
            "token=" + std::string(kEncodedToken) + "&token_type_hint=access_token");
  // RFC 6749 section 2.3.1: "latch%20key:s3%3Acr%26t".
  EXPECT_EQ(asks(step).authorization->view(),
            "Authorization: Basic bGF0Y2glMjBrZXk6czMlM0FjciUyNnQ=");
}

TEST_F(IntrospectionPlanTest, ShowsItsSecretInTheForm) {
  config.introspection.endpoint = kEndpoint;
  config.introspection.client.authentication = issuer::ClientAuthentication::client_secret_post;
  const auto step = plan().start();
  EXPECT_EQ(asks(step).form->view(),
            "token=" + std::string(kEncodedToken) +
                "&token_type_hint=access_token&client_id=latch%20key&client_secret=s3%3Acr%26t");
  EXPECT_EQ(asks(step).authorization, nullptr);
}

TEST_F(IntrospectionPlanTest, SignsAnAssertionThatIsShortLivedAndForThisIssuer) {
  config.introspection.endpoint = kEndpoint;
  auto& client = config.introspection.client;
  client.authentication = issuer::ClientAuthentication::private_key_jwt;
  client.client_id = "latchkey";
  client.key_id = "one";
  const auto key = jose::KeyMaterial::generate({.kind = jose::KeyKind::ec}).value();
  const jose::KeyLabels labels{.kid = "one"};
  const auto keys =
      jose::JwkSet::parse("{\"keys\":[" + key.public_jwk(labels).value() + "]}").value();
  client.key_file = put("key.pem", key.private_pem()->view());
  for (const auto audience :
       {issuer::AssertionAudience::issuer, issuer::AssertionAudience::endpoint}) {
    client.audience = audience;
    const auto step = plan().start();
    const std::string form(asks(step).form->view());
    const std::string name = "&client_assertion=";
    ASSERT_NE(form.find("&client_id=latchkey&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                        "client-assertion-type%3Ajwt-bearer&client_assertion="),
              std::string::npos);
    const std::string assertion = form.substr(form.find(name) + name.size());
    jose::Scratch scratch;
    const auto jws = jose::parse_compact(assertion, scratch).value();
    EXPECT_EQ(jws.kid(), "one");
    EXPECT_EQ(jws.algorithm(), jose::Algorithm::es256);
    const auto verified =
        jose::verify_signature(jws, *jose::select_key(jws, keys).value(), scratch).value();
    const auto text = [&](const char* claim) { return verified.claims().find(claim)->as_string(); };
    EXPECT_EQ(text("iss"), "latchkey");
    EXPECT_EQ(text("sub"), "latchkey");
    EXPECT_EQ(text("jti"), "unique-1");
    EXPECT_EQ(text("aud"),
              audience == issuer::AssertionAudience::issuer ? config.issuer : kEndpoint);
    EXPECT_EQ(verified.claims().find("iat")->as_integer(), 1'900'000'000);
    EXPECT_EQ(verified.claims().find("exp")->as_integer(), 1'900'000'060);
  }
}

TEST_F(IntrospectionPlanTest, TakesANewSecretAtOnce) {
  config.introspection.endpoint = kEndpoint;
  config.introspection.client.authentication = issuer::ClientAuthentication::client_secret_post;
  plan().start();
  put("secret", "new");
  EXPECT_TRUE(asks(plan().start()).form->view().ends_with("&client_secret=new"));
}

TEST_F(IntrospectionPlanTest, WithoutItsCredentialItAsksNothingAndSaysWhyWithoutContent) {
  config.introspection.endpoint = kEndpoint;
  auto& client = config.introspection.client;
  const auto error = [&] { return ends(plan().start()).error; };
  client.secret_file = folder + "/none";
  EXPECT_NE(error().find("cannot be read"), std::string::npos) << error();
  client.secret_file = put("open", "hunter2", 0644);
  EXPECT_NE(error().find("may be read by others"), std::string::npos) << error();
  EXPECT_EQ(error().find("hunter2"), std::string::npos);
  client.secret_file = put("lines", "hunter2\nhunter3\n");
  EXPECT_NE(error().find("not one line"), std::string::npos) << error();
  client.authentication = issuer::ClientAuthentication::private_key_jwt;
  client.key_file = put("no-key", "-----BEGIN PRIVATE KEY-----\nhunter2\n");
  EXPECT_NE(error().find("the client's credential"), std::string::npos) << error();
  EXPECT_EQ(error().find("hunter2"), std::string::npos);
  client.key_file = put(
      "oct", jose::KeyMaterial::generate({.kind = jose::KeyKind::oct})->private_jwk({})->view());
  EXPECT_NE(error().find("no private key"), std::string::npos) << error();
}

TEST_F(IntrospectionPlanTest, AnswersGoBackWithTheirForm) {
  config.introspection.endpoint = kEndpoint;
  const struct {
    std::string type;
    std::optional<Form> want;
  } cases[] = {
      {"application/json", Form::json},    {"Application/JSON; charset=utf-8", Form::json},
      {"application/json ;x", Form::json}, {"application/token-introspection+jwt", Form::jwt},
      {"application/jwt", std::nullopt},   {"text/html", std::nullopt},
      {"application/jsonx", std::nullopt}, {"", std::nullopt},
  };
  for (const auto& c : cases) {
    auto asked = plan();
    asked.start();
    const auto answer = ends(asked.next(ok("BODY", c.type)));
    EXPECT_EQ(answer.form, c.want) << c.type;
    EXPECT_EQ(answer.status, c.want ? Status::ok : Status::failed) << c.type;
    EXPECT_EQ(answer.id, 5U);
  }
  config.introspection.answers = issuer::AnswerForm::jwt;
  EXPECT_EQ(asks(plan().start()).accept, "application/token-introspection+jwt");
}

TEST_F(IntrospectionPlanTest, IsNotForIssuersThatAreNotAsked) {
  config.introspection.mode = issuer::IntrospectionMode::off;
  EXPECT_EQ(ends(plan().start()).status, Status::failed);
}

TEST_F(IntrospectionPlanTest, ASecretFileIsOneThatOthersCannotTouch) {
  const auto error = [](const std::string& path) {
    const auto read = read_client_secret(path);
    return read ? std::string("good: ") + std::string(read->view()) : read.error();
  };
  EXPECT_EQ(error(put("a", "secret")), "good: secret");
  EXPECT_EQ(error(put("b", "secret\r\n")), "good: secret");
  EXPECT_EQ(error(put("c", "two words\n")), "good: two words");
  EXPECT_NE(error(put("d", "secret", 0620)).find("may be written by others"), std::string::npos);
  EXPECT_NE(error(put("e", "")).find("is empty"), std::string::npos);
  EXPECT_NE(error(put("f", "\n")).find("is empty"), std::string::npos);
  EXPECT_NE(error(put("g", std::string(16'385, 'a'))).find("is too long"), std::string::npos);
  EXPECT_NE(error(folder).find("is not a plain file"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder + "/fifo").c_str(), 0600), 0);
  EXPECT_NE(error(folder + "/fifo").find("is not a plain file"), std::string::npos);
}

// Only that lets a signature do where the section says so; who speaks for nobody is named apart.
TEST_F(IntrospectionPlanTest, TellsNobodyThereFromWhoIsNotTrustedAndFromEveryOtherFailure) {
  const HttpFailure silent{.cause = "timeout", .retry_after = {}, .unreachable = true};
  const HttpFailure stranger{.cause = "TLS pin", .retry_after = {}, .untrusted = true};
  const HttpFailure other{.cause = "HTTP status 503", .retry_after = 9s, .status = 503};
  const std::pair<HttpFailure, Status> cases[]{
      {silent, Status::unreachable}, {stranger, Status::untrusted}, {other, Status::failed}};
  for (const auto& [failure, want] : cases) {
    auto unknown = plan();
    EXPECT_TRUE(asks(unknown.start()).any_speed);
    EXPECT_EQ(ends(unknown.next(tl::unexpected(failure))).status, want) << failure.cause;
    endpoints.keep(config, kEndpoint, steady);
    auto asking = plan();
    asks(asking.start());
    EXPECT_EQ(ends(asking.next(tl::unexpected(failure))).status, want) << failure.cause;
    endpoints.forget(config);
  }
}

TEST_F(IntrospectionPlanTest, WhereTheMetadataCameSomebodyIsThere) {
  auto asking = plan();
  asking.start();
  asks(asking.next(ok(kMetadata)));
  const HttpFailure silent{.cause = "timeout", .retry_after = {}, .unreachable = true};
  EXPECT_EQ(ends(asking.next(tl::unexpected(silent))).status, Status::failed);
}

TEST_F(IntrospectionPlanTest, WhereNobodyIsAskedOrTheAnswerIsNoneThatIsNotNobodyThere) {
  auto wrong = plan();
  wrong.start();
  wrong.next(ok(kMetadata));
  EXPECT_EQ(ends(wrong.next(ok(R"({"active":false})", "text/plain"))).status, Status::failed);
  config.introspection.client.secret_file = folder + "/missing";
  auto without = plan();
  without.start();
  EXPECT_EQ(ends(without.next(ok(kMetadata))).status, Status::failed);
}

}  // namespace
}  // namespace latchkey::fetchd
