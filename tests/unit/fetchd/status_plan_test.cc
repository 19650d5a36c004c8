// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/status_plan.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/fetchd/config_source.h"
#include "daemon/fetchd/rate_bound.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;
using ipc::fetch::Document;
using ipc::fetch::Request;
using ipc::fetch::Status;

const std::string kUri = "https://status.example.com/lists/1";

config::StatusListSource config() {
  config::StatusListSource lists;
  lists.name = "corp-status";
  lists.uris = {"https://status.example.com/lists/"};
  lists.ca_file = "/etc/ca.pem";
  lists.tls_pins = {"sha256//pin"};
  lists.proxy = "http://proxy.example.com:3128";
  lists.max_list_bytes = 1'000;
  return lists;
}

Request request(const std::string& uri = kUri) {
  Request request{5, "corp-status", "d", Document::status_list, "\"old\""};
  request.uri = uri;
  return request;
}

const HttpRequest* asks(const Plan::Step& step) { return std::get_if<HttpRequest>(&step); }
const Outcome* ends(const Plan::Step& step) { return std::get_if<Outcome>(&step); }

TEST(StatusPlan, AListIsAskedForWhereTheTokenSaysWithinTheBoundsOfItsSection) {
  StatusPlan plan(config(), request());
  const auto step = plan.start();
  ASSERT_TRUE(asks(step));
  EXPECT_EQ(asks(step)->url, kUri);
  EXPECT_EQ(asks(step)->accept, "application/statuslist+jwt");
  EXPECT_EQ(asks(step)->etag, "\"old\"");
  EXPECT_EQ(asks(step)->ca_file, "/etc/ca.pem");
  EXPECT_EQ(asks(step)->tls_pins, std::vector<std::string>{"sha256//pin"});
  EXPECT_EQ(asks(step)->proxy, "http://proxy.example.com:3128");
  EXPECT_EQ(asks(step)->body_most, config().token_bytes_most());
  EXPECT_EQ(asks(step)->authorization, nullptr);
  const auto end = plan.next(HttpResponse{200, "a.b.c", "\"new\"", 60s});
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::ok);
  EXPECT_EQ(ends(end)->answer.id, 5U);
  EXPECT_EQ(ends(end)->answer.etag, "\"new\"");
  EXPECT_EQ(ends(end)->body, "a.b.c");
}

TEST(StatusPlan, OneThatIsUnchangedKeepsItsTag) {
  StatusPlan plan(config(), request());
  plan.start();
  const auto end = plan.next(HttpResponse{304, "", "", {}});
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::not_modified);
  EXPECT_EQ(ends(end)->answer.etag, "\"old\"");
}

TEST(StatusPlan, WhatTheSectionDoesNotTakeIsNotAskedFor) {
  for (const std::string uri :
       {"https://evil.example.com/lists/1", "https://status.example.com/",
        "https://status.example.com/lists/../x", "", "file:///etc/passwd"}) {
    StatusPlan plan(config(), request(uri));
    const auto step = plan.start();
    ASSERT_TRUE(ends(step)) << uri;
    EXPECT_EQ(ends(step)->answer.status, Status::failed);
  }
  Request bad = request();
  bad.etag = "x\r\ny";
  StatusPlan plan(config(), bad);
  EXPECT_TRUE(ends(plan.start()));
  bad.etag = "";
  bad.last_modified = "yesterday";
  StatusPlan dated(config(), bad);
  EXPECT_TRUE(ends(dated.start()));
}

TEST(StatusPlan, AFailureIsTold) {
  StatusPlan plan(config(), request());
  plan.start();
  HttpFailure failure{"HTTP status 503", 30s, 503};
  const auto end = plan.next(tl::unexpected(failure));
  ASSERT_TRUE(ends(end));
  EXPECT_EQ(ends(end)->answer.status, Status::failed);
  EXPECT_EQ(ends(end)->answer.retry_after, 30s);
  EXPECT_EQ(ends(end)->answer.error, "corp-status: status_list: HTTP status 503");
  failure.untrusted = true;
  EXPECT_EQ(ends(plan.next(tl::unexpected(failure)))->answer.status, Status::untrusted);
}

TEST(StatusPlan, ListsOfASectionAreBoundedInTime) {
  RateBound rate;
  const RateBound::TimePoint now{};
  for (int i = 0; i < RateBound::kStatusListBurst; ++i)
    EXPECT_FALSE(rate.take_status_list(config(), now)) << i;
  EXPECT_TRUE(rate.take_status_list(config(), now));
  EXPECT_FALSE(rate.take_status_list(config(), now + RateBound::kStatusListInterval));
}

TEST(StatusPlan, WhatNoSectionOfNowWouldAskForIsGivenUp) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "latchkey.yaml";
  const auto write = [&](const std::string& place) {
    std::ofstream(path)
        << "version: 1\nissuers:\n  - { name: corp, issuer: \"https://idp.example.com\", "
           "audiences: [ a ] }\n"
           "revocation:\n  status_lists:\n    - name: corp-status\n      issuers: [ corp ]\n"
           "      uris: [ \""
        << place << "\" ]\n";
  };
  write("https://status.example.com/");
  ConfigSource source(path);
  const auto loaded = source.load();
  ASSERT_TRUE(loaded) << config::describe(loaded.error().front());
  const auto section = source.current().revocation.status_lists.at(0);
  const ipc::fetch::Request asked{.id = 7, .uri = "https://status.example.com/1"};
  const StatusPlan plan(section, asked);
  EXPECT_FALSE(plan.outdated(source)) << "it is what it was";
  write("https://elsewhere.example.com/");
  ASSERT_TRUE(source.load());
  const auto outcome = plan.outdated(source);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->answer.status, ipc::fetch::Status::reload);
  EXPECT_EQ(outcome->answer.id, 7U);
}

}  // namespace
}  // namespace latchkey::fetchd
