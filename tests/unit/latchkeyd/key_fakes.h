// SPDX-License-Identifier: Apache-2.0
//
// Key sets, issuers, and what stands in the place of latchkey-fetchd and of the disk.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/config.h"
#include "daemon/latchkeyd/io/event_poller.h"
#include "daemon/latchkeyd/io/fetcher.h"
#include "daemon/latchkeyd/io/introspector.h"
#include "daemon/latchkeyd/io/key_storage.h"
#include "daemon/latchkeyd/io/list_fetcher.h"
#include "daemon/latchkeyd/io/status_fetcher.h"
#include "daemon/latchkeyd/io/stream_fetcher.h"

namespace latchkey::latchkeyd::testing {

// RFC 7515 appendix A.3, RFC 7517 appendix A.1.
inline const std::string kKeysOne =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
inline const std::string kKeysTwo =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"two","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})";

class FakeFetcher final : public Fetcher,
                          public ListFetcher,
                          public StreamFetcher,
                          public StatusFetcher,
                          public EventPoller {
 public:
  void fetch_keys(FetchRequest request, std::function<void(const FetchResult&)> done) override {
    requests.push_back(request);
    open.emplace_back(std::move(request), std::move(done));
  }

  void fetch_list(ListRequest request, std::function<void(const FetchResult&)> done) override {
    lists.emplace_back(std::move(request), std::move(done));
  }

  void fetch_items(StreamRequest request, std::function<void(const FetchResult&)> done) override {
    streams.emplace_back(std::move(request), std::move(done));
  }

  void fetch_status_list(StatusRequest request,
                         std::function<void(const FetchResult&)> done) override {
    statuses.emplace_back(std::move(request), std::move(done));
  }

  void poll_events(PollOrder order, std::function<void(const FetchResult&)> done) override {
    polls.emplace_back(std::move(order), std::move(done));
  }

  // Answers the oldest open request.
  void answer(const FetchResult& result) {
    ASSERT_FALSE(open.empty()) << "nothing was asked";
    auto done = std::move(open.front().second);
    open.erase(open.begin());
    done(result);
  }
  // The same for one of a list.
  void answer_list(const FetchResult& result) {
    ASSERT_FALSE(lists.empty()) << "nothing was asked of a list";
    auto done = std::move(lists.front().second);
    lists.erase(lists.begin());
    done(result);
  }
  // And for a status list.
  void answer_status(const FetchResult& result) {
    ASSERT_FALSE(statuses.empty()) << "nothing was asked of a status list";
    auto done = std::move(statuses.front().second);
    statuses.erase(statuses.begin());
    done(result);
  }
  // And for one of a stream.
  void answer_items(const FetchResult& result) {
    ASSERT_FALSE(streams.empty()) << "nothing was asked of a stream";
    auto done = std::move(streams.front().second);
    streams.erase(streams.begin());
    done(result);
  }
  // And for a poll for security events.
  void answer_poll(const FetchResult& result) {
    ASSERT_FALSE(polls.empty()) << "nobody polled";
    auto done = std::move(polls.front().second);
    polls.erase(polls.begin());
    done(result);
  }
  void answer_ok(const std::string& body, std::string etag = {},
                 std::optional<std::chrono::seconds> max_age = {}) {
    answer({.status = FetchResult::Status::ok,
            .body = body,
            .etag = std::move(etag),
            .max_age = max_age});
  }
  void fail(std::string error, std::optional<std::chrono::seconds> retry_after = {}) {
    answer({.status = FetchResult::Status::failed,
            .retry_after = retry_after,
            .error = std::move(error)});
  }
  void be_untrusted(std::string error) {
    answer({.status = FetchResult::Status::untrusted, .error = std::move(error)});
  }
  void be_unreachable() {
    answer({.status = FetchResult::Status::unreachable, .error = "latchkey-fetchd is gone"});
  }

  std::vector<std::pair<ListRequest, std::function<void(const FetchResult&)>>> lists;
  std::vector<std::pair<StreamRequest, std::function<void(const FetchResult&)>>> streams;
  std::vector<std::pair<StatusRequest, std::function<void(const FetchResult&)>>> statuses;
  std::vector<std::pair<PollOrder, std::function<void(const FetchResult&)>>> polls;
  std::vector<FetchRequest> requests;
  std::vector<std::pair<FetchRequest, std::function<void(const FetchResult&)>>> open;
};

class FakeIntrospector final : public Introspector {
 public:
  using Done = std::function<void(const IntrospectResult&)>;

  void introspect(IntrospectRequest request, Done done) override {
    tokens.emplace_back(request.token.view());
    open.push_back({std::move(request.issuer), std::move(done)});
    ++asked;
  }

  // Answers the oldest open question.
  void answer(const IntrospectResult& result) {
    ASSERT_FALSE(open.empty()) << "nothing was asked";
    const Done done = std::move(open.front().second);
    open.erase(open.begin());
    done(result);
  }
  void answer_last(const IntrospectResult& result) {
    ASSERT_FALSE(open.empty()) << "nothing was asked";
    std::rotate(open.begin(), open.end() - 1, open.end());
    answer(result);
  }
  void answer_ok(std::string_view body, issuer::AnswerForm form = issuer::AnswerForm::json) {
    answer({.status = IntrospectResult::Status::ok, .body = body, .form = form});
  }
  void fail(std::string error, std::optional<int> http_status = {},
            std::optional<std::chrono::seconds> retry_after = {}) {
    answer({.status = IntrospectResult::Status::failed,
            .http_status = http_status,
            .retry_after = retry_after,
            .error = std::move(error)});
  }
  void be_down(std::string error) {
    answer({.status = IntrospectResult::Status::down, .error = std::move(error)});
  }

  std::vector<std::string> tokens;  // of all questions
  std::vector<std::pair<std::string, Done>> open;
  std::size_t asked = 0;
};

class FakeStorage final : public KeyStorage {
 public:
  std::optional<StoredKeys> load(const std::string& issuer) override {
    const auto found = stored.find(issuer);
    if (found == stored.end()) return std::nullopt;
    return found->second;
  }
  void save(const std::string& issuer, StoredKeys keys) override {
    stored[issuer] = std::move(keys);
  }
  void confirm(const std::string& issuer, WallTime fetched_at,
               std::optional<std::chrono::seconds> max_age) override {
    stored[issuer].fetched_at = fetched_at;
    stored[issuer].max_age = max_age;
  }
  void forget(const std::string& issuer) override { stored.erase(issuer); }
  std::map<std::string, StoredKeys> stored;
};

inline issuer::IssuerConfig issuer_config(std::string name) {
  issuer::IssuerConfig config;
  config.issuer = "https://" + name + ".example.com";
  config.name = std::move(name);
  config.discovery_url = config.issuer + "/.well-known/openid-configuration";
  config.digest = "digest-1";
  return config;
}

inline std::shared_ptr<const config::Config> config_of(std::vector<issuer::IssuerConfig> issuers) {
  auto config = std::make_shared<config::Config>();
  for (auto& issuer : issuers) config->issuers.push_back({std::move(issuer), {}});
  return config;
}

}  // namespace latchkey::latchkeyd::testing
