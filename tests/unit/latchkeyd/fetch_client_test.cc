// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/fetch_client.h"

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "tests/unit/latchkeyd/fetch_client_host.h"

namespace latchkey::latchkeyd::fetch_client_test {
namespace {

using ::testing::HasSubstr;

TEST_F(FetchClientTest, APollTravelsSealedAndItsAnswerMayBeAMebibyte) {
  listen();
  const std::string poll = "{\"maxEvents\":1}";
  client.poll_events({.source = "corp-events",
                      .digest = "d",
                      .text = poll,
                      .timeout = std::chrono::seconds(10),
                      .wait = std::chrono::seconds(30)},
                     [this](const FetchResult& result) {
                       seen.push_back({result.status, std::string(result.body), result.error,
                                       result.etag, result.max_age, result.last_modified});
                     });
  accept();
  auto received = fetch::receive_message(peer.get());
  const auto request = fetch::decode_request(received.value().message).value();
  EXPECT_EQ(request.issuer, "corp-events");
  EXPECT_EQ(request.document, fetch::Document::security_events);
  EXPECT_EQ(request.wait, std::optional(std::chrono::seconds(30)));
  const auto text = fetch::SealedBody::map(std::move(received->fd), request.bytes);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->view(), poll);
  const std::string body(fetch::kPolledMost, 'x');
  fetch::Answer good;
  good.id = request.id;
  good.status = fetch::Status::ok;
  good.bytes = body.size();
  answer(good, body);
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::ok) << seen[0].error;
  EXPECT_EQ(seen[0].body.size(), body.size());
}

TEST_F(FetchClientTest, AsksByNameAndDigestAndTakesTheSealedSet) {
  listen();
  ask();
  EXPECT_TRUE(seen.empty());
  accept();
  const auto request = read_request();
  EXPECT_EQ(request.issuer, "corp");
  EXPECT_EQ(request.digest, "digest");
  EXPECT_EQ(request.etag, "\"e\"");
  EXPECT_EQ(request.last_modified, "a date");
  EXPECT_EQ(request.document, fetch::Document::jwks);
  answer({.id = request.id,
          .status = fetch::Status::ok,
          .bytes = 5,
          .etag = "\"f\"",
          .last_modified = "a later date",
          .max_age = std::chrono::seconds(300)},
         "hello");
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::ok);
  EXPECT_EQ(seen[0].body, "hello");
  EXPECT_EQ(seen[0].etag, "\"f\"");
  EXPECT_EQ(seen[0].last_modified, "a later date");
  EXPECT_EQ(seen[0].max_age, std::chrono::seconds(300));
  EXPECT_FALSE(client.trouble());
}

TEST_F(FetchClientTest, AsksForAListAndForAChunkOfItByDigestAlone) {
  const auto keep = [this](const FetchResult& result) {
    seen.push_back({result.status, std::string(result.body), result.error, result.etag,
                    result.max_age, result.last_modified});
  };
  listen();
  client.fetch_list({.list = "fleet", .digest = "d", .etag = "\"e\""}, keep);
  accept();
  const auto manifest = read_request();
  EXPECT_EQ(manifest.document, fetch::Document::list_manifest);
  EXPECT_EQ(manifest.issuer, "fleet");
  EXPECT_EQ(manifest.etag, "\"e\"");
  answer({.id = manifest.id, .status = fetch::Status::not_modified});
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::not_modified);
  const std::string body(fetch::kBodyMost + 16, 'x');
  client.fetch_list(
      {.list = "fleet", .digest = "d", .sha256 = std::string(64, 'a'), .bytes = body.size()}, keep);
  const auto chunk = read_request();
  EXPECT_EQ(chunk.document, fetch::Document::list_chunk);
  EXPECT_EQ(chunk.sha256, std::string(64, 'a'));
  EXPECT_EQ(chunk.bytes, body.size());
  answer({.id = chunk.id, .status = fetch::Status::ok, .bytes = body.size()}, body);
  run_until(2);
  EXPECT_EQ(seen[1].body, body);
}

TEST_F(FetchClientTest, AChunkLargerThanAskedForIsNotMapped) {
  listen();
  client.fetch_list({.list = "fleet", .digest = "d", .sha256 = std::string(64, 'a'), .bytes = 16},
                    [this](const FetchResult& result) {
                      seen.push_back({result.status, std::string(result.body), result.error});
                    });
  accept();
  answer({.id = read_request().id, .status = fetch::Status::ok, .bytes = 17}, std::string(17, 'x'));
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::failed);
  EXPECT_TRUE(seen[0].body.empty());
}

TEST_F(FetchClientTest, AnswersFindTheirRequestsInAnyOrder) {
  listen();
  ask("one");
  ask("two");
  accept();
  const auto one = read_request();
  const auto two = read_request();
  ask("three");
  const auto three = read_request();
  ask("four");
  answer({.id = read_request().id,
          .status = fetch::Status::busy,
          .retry_after = std::chrono::seconds(1),
          .error = "four: asked for too often"});
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::busy);
  seen.clear();
  answer({.id = three.id, .status = fetch::Status::untrusted, .error = "three: TLS pin"});
  answer({.id = two.id, .status = fetch::Status::not_modified});
  answer({.id = one.id, .status = fetch::Status::failed, .error = "one: HTTP 500"});
  run_until(3);
  EXPECT_EQ(seen[0].status, Status::untrusted);
  EXPECT_EQ(seen[0].error, "three: TLS pin");
  seen.erase(seen.begin());
  EXPECT_EQ(seen[0].status, Status::not_modified);
  EXPECT_EQ(seen[1].status, Status::failed);
  EXPECT_EQ(seen[1].error, "one: HTTP 500");
}

TEST_F(FetchClientTest, FetchdThatIsNotThereIsUnreachableAndNothingRunsInsideTheCall) {
  ask();
  EXPECT_TRUE(seen.empty());
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::unreachable);
  EXPECT_THAT(seen[0].error, HasSubstr(path));
  EXPECT_TRUE(client.trouble());
}

TEST_F(FetchClientTest, FetchdThatHangsIsAnsweredForByTheDeadlineAndItsLateAnswerIsNobodys) {
  listen();
  FetchClient hasty(loop, {.path = path, .deadline = std::chrono::milliseconds(1)});
  std::vector<FetchResult> results;
  hasty.fetch_keys({"corp", "digest", ""},
                   [&](const FetchResult& result) { results.push_back(result); });
  accept();
  const auto late = read_request();
  while (results.empty()) loop.context().run_one();
  EXPECT_EQ(results[0].status, Status::failed);
  EXPECT_THAT(results[0].error, HasSubstr("in time"));
  EXPECT_TRUE(hasty.trouble());
  answer({.id = late.id, .status = fetch::Status::ok, .bytes = 4}, "late");
  while (hasty.trouble()) loop.context().run_one();
  EXPECT_EQ(results.size(), 1U);
}

TEST_F(FetchClientTest, FetchdThatDiesFailsWhatIsOpenAndIsConnectedAnewByTheNextRequest) {
  listen();
  ask();
  accept();
  peer.reset();
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::failed);
  EXPECT_TRUE(client.trouble());
  ask();
  accept();
  answer({.id = read_request().id, .status = fetch::Status::not_modified});
  run_until(2);
  EXPECT_EQ(seen[1].status, Status::not_modified);
  EXPECT_FALSE(client.trouble());
}

TEST_F(FetchClientTest, ConnectionFoundDeadWhenSendingIsReplacedWithinTheCall) {
  listen();
  ask();
  accept();
  answer({.id = read_request().id, .status = fetch::Status::not_modified});
  run_until(1);
  peer.reset();
  ask();
  accept();
  answer({.id = read_request().id, .status = fetch::Status::not_modified});
  run_until(2);
  EXPECT_EQ(seen[1].status, Status::not_modified);
}

struct BadAnswer {
  std::string name;
  std::function<void(int socket, std::uint64_t id)> send;
};

TEST_F(FetchClientTest, NonsenseEndsTheConnectionAndFailsTheRequest) {
  const auto ok = [](std::uint64_t id, std::size_t bytes) {
    return fetch::encode(fetch::Answer{.id = id, .status = fetch::Status::ok, .bytes = bytes});
  };
  const std::vector<BadAnswer> cases = {
      {"no JSON", [](int socket, std::uint64_t) { (void)fetch::send_message(socket, "hello"); }},
      {"a body that did not come along",
       [&](int socket, std::uint64_t id) { (void)fetch::send_message(socket, ok(id, 5)); }},
      {"a body of another size",
       [&](int socket, std::uint64_t id) {
         (void)fetch::send_message(socket, ok(id, 6), fetch::make_sealed("hello").value().get());
       }},
      {"a body that is no sealed memfd",
       [&](int socket, std::uint64_t id) {
         const ipc::Fd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
         (void)fetch::send_message(socket, ok(id, 5), zero.get());
       }},
  };
  listen();
  for (const BadAnswer& test : cases) {
    const std::size_t before = seen.size();
    ask();
    accept();
    test.send(peer.get(), read_request().id);
    run_until(before + 1);
    EXPECT_EQ(seen.back().status, Status::failed) << test.name;
    EXPECT_TRUE(seen.back().body.empty()) << test.name;
    char byte = 0;
    EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), 0) << test.name << ": the connection goes on";
  }
}

TEST_F(FetchClientTest, SocketInAFolderThatAnybodyMayWriteToIsNotTrusted) {
  listen();
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  ask();
  run_until(1);
  EXPECT_EQ(seen[0].status, Status::unreachable);
  EXPECT_THAT(seen[0].error, HasSubstr("anybody may write"));
}

TEST_F(FetchClientTest, EndWithOpenRequestsIsQuiet) {
  listen();
  {
    FetchClient gone(loop, {.path = path});
    gone.fetch_keys({"corp", "digest", ""}, [this](const FetchResult&) { seen.push_back({}); });
    accept();
  }
  loop.post([this] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace latchkey::latchkeyd::fetch_client_test
