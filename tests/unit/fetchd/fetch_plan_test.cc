// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/fetch_plan.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using ipc::fetch::Document;
using ipc::fetch::Request;
using ipc::fetch::Status;

constexpr const char* kIssuer = "https://id.example.com/realms/corp";
constexpr const char* kDiscovery =
    "https://id.example.com/realms/corp/.well-known/openid-configuration";
constexpr const char* kMetadata =
    R"({"issuer":"https://id.example.com/realms/corp","jwks_uri":"https://id.example.com/keys"})";

issuer::IssuerConfig config() {
  issuer::IssuerConfig config;
  config.name = "corp";
  config.issuer = kIssuer;
  config.ca_file = "/etc/ca.pem";
  return config;
}

Request request(Document document, std::string etag = {}) {
  return {5, "corp", "d", document, std::move(etag)};
}

HttpResponse ok(std::string body, std::string etag = {}) {
  return {200, std::move(body), std::move(etag), std::chrono::seconds(60)};
}

const HttpRequest* asks(const FetchPlan::Step& step) { return std::get_if<HttpRequest>(&step); }
const Outcome* ends(const FetchPlan::Step& step) { return std::get_if<Outcome>(&step); }

TEST(FetchPlan, for_keys_asks_discovery_and_then_what_it_names) {
  FetchPlan plan(config(), request(Document::jwks, "\"old\""));
  const auto first = plan.start();
  ASSERT_TRUE(asks(first));
  EXPECT_EQ(asks(first)->url, kDiscovery);
  EXPECT_EQ(asks(first)->ca_file, "/etc/ca.pem");
  EXPECT_EQ(asks(first)->etag, "") << "the tag is that of the keys";
  EXPECT_EQ(asks(first)->body_most, 262'144U);

  const auto second = plan.next(ok(kMetadata));
  ASSERT_TRUE(asks(second));
  EXPECT_EQ(asks(second)->url, "https://id.example.com/keys");
  EXPECT_EQ(asks(second)->ca_file, "/etc/ca.pem");
  EXPECT_EQ(asks(second)->etag, "\"old\"");
  EXPECT_EQ(asks(second)->body_most, 262'144U);

  const auto end = plan.next(ok("KEYS", "\"new\""));
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::ok);
  EXPECT_EQ(ends(end)->answer.id, 5U);
  EXPECT_EQ(ends(end)->answer.bytes, 4U);
  EXPECT_EQ(ends(end)->answer.etag, "\"new\"");
  EXPECT_EQ(ends(end)->answer.max_age, std::chrono::seconds(60));
  EXPECT_EQ(ends(end)->body, "KEYS");
}

// A provider without entity tags has dates (RFC 9110 section 8.8.2).
TEST(FetchPlan, the_date_of_the_copy_at_hand_goes_with_the_document_that_is_wanted) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  FetchPlan plan(config(), {5, "corp", "d", Document::jwks, {}, date});
  const auto first = plan.start();
  ASSERT_TRUE(asks(first));
  EXPECT_FALSE(asks(first)->conditional());
  const auto second = plan.next(ok(kMetadata));
  EXPECT_EQ(asks(second)->last_modified, date);
  EXPECT_TRUE(asks(second)->conditional());
  const auto end = plan.next(HttpResponse{.status = 304, .last_modified = date});
  EXPECT_EQ(ends(end)->answer.status, Status::not_modified);
  EXPECT_EQ(ends(end)->answer.last_modified, date);

  FetchPlan odd(config(), {5, "corp", "d", Document::jwks, {}, "yesterday\r\nX: y"});
  const auto refused = odd.start();
  ASSERT_TRUE(ends(refused));
  EXPECT_EQ(ends(refused)->answer.status, Status::failed);
}

TEST(FetchPlan, pins_and_proxy_are_those_of_the_section) {
  auto section = config();
  section.tls_pins = {"sha256//a", "sha256//b"};
  section.proxy = "http://proxy:3128";
  FetchPlan plan(section, request(Document::jwks));
  const auto first = plan.start();
  EXPECT_EQ(asks(first)->tls_pins, section.tls_pins);
  EXPECT_EQ(asks(first)->proxy, section.proxy);
  const auto second = plan.next(ok(kMetadata));
  EXPECT_EQ(asks(second)->tls_pins, section.tls_pins);
  EXPECT_EQ(asks(second)->proxy, section.proxy);
}

// RFC 8414 section 3.3 asks for the same equality as Discovery does.
TEST(FetchPlan, discovery_by_rfc_8414_asks_elsewhere_and_compares_the_issuer_all_the_same) {
  auto section = config();
  section.discovery = "oauth";
  FetchPlan plan(section, request(Document::jwks));
  EXPECT_EQ(asks(plan.start())->url,
            "https://id.example.com/.well-known/oauth-authorization-server/realms/corp");
  FetchPlan other = plan;
  EXPECT_TRUE(asks(plan.next(ok(kMetadata))));
  EXPECT_TRUE(ends(other.next(
      ok(R"({"issuer":"https://id.example.com","jwks_uri":"https://id.example.com/keys"})"))));
}

TEST(FetchPlan, for_metadata_checks_the_document_before_it_hands_it_on) {
  FetchPlan plan(config(), request(Document::metadata, "\"old\""));
  const auto first = plan.start();
  ASSERT_TRUE(asks(first));
  EXPECT_EQ(asks(first)->etag, "\"old\"");
  const auto end = plan.next(ok(kMetadata));
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::ok);
  EXPECT_EQ(ends(end)->body, kMetadata);

  FetchPlan other(config(), request(Document::metadata));
  other.start();
  const auto refused = other.next(
      ok(R"({"issuer":"https://evil.example","jwks_uri":"https://id.example.com/keys"})"));
  ASSERT_TRUE(ends(refused));
  EXPECT_EQ(ends(refused)->answer.status, Status::failed);
  EXPECT_EQ(ends(refused)->body, "");
}

TEST(FetchPlan, says_not_modified_with_the_tag_that_holds) {
  for (const std::string& answered : {std::string(), std::string("\"other\"")}) {
    FetchPlan plan(config(), request(Document::metadata, "\"old\""));
    plan.start();
    const auto end = plan.next(HttpResponse{304, "", answered, std::nullopt});
    ASSERT_TRUE(ends(end));
    EXPECT_EQ(ends(end)->answer.status, Status::not_modified);
    EXPECT_EQ(ends(end)->answer.etag, answered.empty() ? "\"old\"" : answered);
  }
}

TEST(FetchPlan, with_a_configured_jwks_uri_asks_for_it_at_once) {
  auto fixed = config();
  fixed.jwks_uri = "https://keys.example.com/jwks";
  FetchPlan plan(fixed, request(Document::jwks, "\"old\""));
  const auto first = plan.start();
  ASSERT_TRUE(asks(first));
  EXPECT_EQ(asks(first)->url, "https://keys.example.com/jwks");
  EXPECT_EQ(asks(first)->etag, "\"old\"");
  EXPECT_TRUE(ends(plan.next(ok("KEYS"))));

  FetchPlan metadata(fixed, request(Document::metadata));
  ASSERT_TRUE(ends(metadata.start()));
}

TEST(FetchPlan, with_a_key_file_asks_nobody) {
  auto local = config();
  local.jwks_file = "/etc/latchkey/keys.json";
  for (const Document document : {Document::jwks, Document::metadata}) {
    FetchPlan plan(local, request(document));
    const auto end = plan.start();
    ASSERT_TRUE(ends(end));
    EXPECT_EQ(ends(end)->answer.status, Status::failed);
  }
}

struct MetadataCase {
  const char* name;
  std::string document;
};

TEST(FetchPlan, asks_for_no_keys_where_discovery_is_not_to_be_trusted) {
  const auto with_keys_at = [](const std::string& uri) {
    return R"({"issuer":"https://id.example.com/realms/corp","jwks_uri":")" + uri + "\"}";
  };
  const MetadataCase cases[] = {
      {"no JSON", "<html>"},
      {"another issuer",
       R"({"issuer":"https://id.example.com/realms/corp/","jwks_uri":"https://id.example.com/keys"})"},
      {"a name twice",
       R"({"issuer":"https://id.example.com/realms/corp","jwks_uri":"https://id.example.com/keys",)"
       R"("jwks_uri":"https://id.example.com/keys"})"},
      {"keys elsewhere", with_keys_at("https://keys.example.com/jwks")},
      {"keys at another port", with_keys_at("https://id.example.com:8443/keys")},
      {"keys over http", with_keys_at("http://id.example.com/keys")},
      {"keys in a file", with_keys_at("file:///etc/passwd")},
      {"keys at a lookalike", with_keys_at("https://id.example.com.evil.example/keys")},
      {"keys behind user information", with_keys_at("https://id.example.com@evil.example/keys")},
  };
  for (const MetadataCase& item : cases) {
    FetchPlan plan(config(), request(Document::jwks));
    plan.start();
    const auto end = plan.next(ok(item.document));
    ASSERT_TRUE(ends(end)) << item.name;
    EXPECT_EQ(ends(end)->answer.status, Status::failed) << item.name;
    EXPECT_TRUE(ends(end)->answer.error.starts_with("corp: metadata: ")) << ends(end)->answer.error;
  }
}

TEST(FetchPlan, names_issuer_document_and_cause_of_a_failure) {
  FetchPlan plan(config(), request(Document::jwks));
  plan.start();
  plan.next(ok(kMetadata));
  const auto end =
      plan.next(tl::unexpected(HttpFailure{"HTTP status 503", std::chrono::seconds(30)}));
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.error, "corp: jwks: HTTP status 503");
  EXPECT_EQ(ends(end)->answer.retry_after, std::chrono::seconds(30));
}

TEST(FetchPlan, tells_who_shows_another_certificate_from_who_fails) {
  for (const bool untrusted : {false, true}) {
    const HttpFailure failure{
        .cause = "TLS pin: no match", .retry_after = {}, .untrusted = untrusted};
    const Status want = untrusted ? Status::untrusted : Status::failed;
    FetchPlan plan(config(), request(Document::jwks));
    plan.start();
    const auto metadata = plan.next(tl::unexpected(failure));
    ASSERT_TRUE(ends(metadata));
    EXPECT_EQ(ends(metadata)->answer.status, want);
    FetchPlan other(config(), request(Document::jwks));
    other.start();
    other.next(ok(kMetadata));
    const auto keys = other.next(tl::unexpected(failure));
    ASSERT_TRUE(ends(keys));
    EXPECT_EQ(ends(keys)->answer.status, want);
    EXPECT_EQ(ends(keys)->answer.error, "corp: jwks: TLS pin: no match");
  }
}

TEST(FetchPlan, refuses_a_tag_that_would_write_into_the_header) {
  FetchPlan plan(config(), request(Document::jwks, "\"x\"\r\nHost: evil.example"));
  ASSERT_TRUE(ends(plan.start()));
}

}  // namespace
}  // namespace latchkey::fetchd
