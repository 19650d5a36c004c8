// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/list_plan.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/fetchd/rate_bound.h"

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;
using ipc::fetch::Document;
using ipc::fetch::Request;
using ipc::fetch::Status;

const std::string kSha(64, 'a');

config::ListSource config() {
  config::ListSource list;
  list.feed.name = "fleet";
  list.url = "https://lists.example.com/corp/manifest.jwt?site=7";
  list.ca_file = "/etc/ca.pem";
  list.tls_pins = {"sha256//pin"};
  list.proxy = "http://proxy.example.com:3128";
  return list;
}

Request chunk(std::size_t bytes) {
  Request request{5, "fleet", "d", Document::list_chunk};
  request.bytes = bytes;
  request.sha256 = kSha;
  return request;
}

const HttpRequest* asks(const Plan::Step& step) { return std::get_if<HttpRequest>(&step); }
const Outcome* ends(const Plan::Step& step) { return std::get_if<Outcome>(&step); }

TEST(ListPlan, AManifestIsAskedForWhereTheConfigurationSaysAndIsBounded) {
  ListPlan plan(config(), {5, "fleet", "d", Document::list_manifest, "\"old\""});
  const auto step = plan.start();
  ASSERT_TRUE(asks(step));
  EXPECT_EQ(asks(step)->url, "https://lists.example.com/corp/manifest.jwt?site=7");
  EXPECT_EQ(asks(step)->etag, "\"old\"");
  EXPECT_EQ(asks(step)->ca_file, "/etc/ca.pem");
  EXPECT_EQ(asks(step)->tls_pins, std::vector<std::string>{"sha256//pin"});
  EXPECT_EQ(asks(step)->proxy, "http://proxy.example.com:3128");
  EXPECT_EQ(asks(step)->body_most, 65'536U);
  EXPECT_EQ(asks(step)->authorization, nullptr);
  const auto end = plan.next(HttpResponse{200, "e30", "\"new\"", 60s});
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::ok);
  EXPECT_EQ(ends(end)->answer.id, 5U);
  EXPECT_EQ(ends(end)->answer.etag, "\"new\"");
  EXPECT_EQ(ends(end)->body, "e30");
}

TEST(ListPlan, AChunkLiesBesideItUnderItsDigestAndIsCutAtItsSize) {
  ListPlan plan(config(), chunk(4'096));
  const auto step = plan.start();
  ASSERT_TRUE(asks(step));
  EXPECT_EQ(asks(step)->url, "https://lists.example.com/corp/chunks/" + kSha + ".bin");
  EXPECT_EQ(asks(step)->body_most, 4'096U);
  EXPECT_FALSE(asks(step)->conditional());
}

// RFC 3986 section 5.2 for what the manifest's URL may look like.
TEST(ListPlan, FindsTheFolderOfAnyManifest) {
  struct Case {
    std::string url;
    std::string want;
  };
  for (const Case& each : std::vector<Case>{
           {"https://a", "https://a/chunks/"},
           {"https://a/", "https://a/chunks/"},
           {"https://a/m", "https://a/chunks/"},
           {"https://a:8443/x/y/m.jwt", "https://a:8443/x/y/chunks/"},
           {"https://a/x/m?path=/other/", "https://a/x/chunks/"},
           {"https://a/x/", "https://a/x/chunks/"},
       }) {
    EXPECT_EQ(chunk_url(each.url, kSha), each.want + kSha + ".bin") << each.url;
  }
  EXPECT_FALSE(chunk_url("http://a/m", kSha));
  EXPECT_FALSE(chunk_url("https://user@a/m", kSha));
}

TEST(ListPlan, NotModifiedKeepsTheTagThatWasAskedWith) {
  ListPlan plan(config(), {5, "fleet", "d", Document::list_manifest, "\"old\""});
  (void)plan.start();
  const auto end = plan.next(HttpResponse{304, "", "", std::nullopt});
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::not_modified);
  EXPECT_EQ(ends(end)->answer.etag, "\"old\"");
}

TEST(ListPlan, AFailureIsToldWithItsListAndWhenToComeBack) {
  ListPlan plan(config(), chunk(1));
  (void)plan.start();
  const auto end =
      plan.next(tl::unexpected(HttpFailure{"HTTP status 503", std::chrono::seconds(7), 503}));
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::failed);
  EXPECT_EQ(ends(end)->answer.error, "fleet: list_chunk: HTTP status 503");
  EXPECT_EQ(ends(end)->answer.retry_after, 7s);
  HttpFailure stranger{"TLS", std::nullopt};
  stranger.untrusted = true;
  ListPlan again(config(), chunk(1));
  (void)again.start();
  EXPECT_EQ(ends(again.next(tl::unexpected(stranger)))->answer.status, Status::untrusted);
}

TEST(ListPlan, ATagThatIsNoneGoesNowhere) {
  ListPlan plan(config(), {5, "fleet", "d", Document::list_manifest, "\"a\r\nHost: b\""});
  EXPECT_TRUE(ends(plan.start()));
  ListPlan dated(config(), {5, "fleet", "d", Document::list_manifest, "", "tomorrow"});
  EXPECT_TRUE(ends(dated.start()));
}

// A latchkeyd that runs wild.
TEST(ListPlan, RatesAreBoundedByKindOfDocument) {
  RateBound bound;
  const RateBound::TimePoint now{1'000h};
  const auto list = config();
  int manifests = 0;
  int chunks = 0;
  while (!bound.take_manifest(list, now)) ++manifests;
  while (!bound.take_chunk(list, now)) ++chunks;
  EXPECT_EQ(manifests, RateBound::kBurst);
  EXPECT_EQ(chunks, RateBound::kChunkBurst);
  EXPECT_EQ(bound.take_manifest(list, now), 10s);
  EXPECT_EQ(bound.take_chunk(list, now), 1s);
  EXPECT_FALSE(bound.take_manifest(list, now + 10s));
  EXPECT_FALSE(bound.take_chunk(list, now + 1s));
}

}  // namespace
}  // namespace latchkey::fetchd
