// SPDX-License-Identifier: Apache-2.0
//
// A state store on a folder of its own, and what is put into it.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/latchkeyd/io/state_store.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd::state_store_test {

using testing::FakeClock;
using testing::FakeJournal;
using testing::TestLoop;

inline claims::ClaimsRecord claims_of(std::string subject) {
  claims::ClaimsRecord claims;
  claims.issuer = "https://id.example.com";
  claims.subject = std::move(subject);
  claims.token_id = "token-1";
  claims.token_digest = std::string(64, 'a');
  claims.key_id = "thumbprint";
  claims.users = {"alice", "alice.admin"};
  claims.groups = {"sre", "a:b", "", std::string("nul\0nul", 7), "grüße"};
  claims.client = "ssh";
  claims.session = "sid-1";
  claims.acr = "mfa";
  claims.amr = {"pwd", "otp"};
  claims.status_uri = "https://status.example.com/1";
  claims.conditions = {"+0123456789abcdef", "-fedcba9876543210"};
  claims.person = "oid=o,tid=t";
  claims.status_index = (std::uint64_t{1} << 53) - 1;
  claims.auth_time = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  claims.issued_at = std::nullopt;
  claims.expires_at = WallTime(std::chrono::seconds(1'800'000'000));
  return claims;
}

inline Login login_of(std::string id, std::string user) {
  return Login{std::move(id), "sshd", std::move(user), claims_of("s-1"),
               WallTime(std::chrono::seconds(1'700'000'001))};
}

inline revocation::Revocation revocation_of(revocation::Kind kind, std::string issuer,
                                            std::string value) {
  revocation::Revocation revocation;
  revocation.kind = kind;
  revocation.issuer = std::move(issuer);
  revocation.value = std::move(value);
  revocation.created_at = WallTime(std::chrono::seconds(1'700'000'002));
  revocation.comment = "laptop stolen; see '); DROP TABLE revocation; --";
  return revocation;
}

// A store on a folder, and the waiting for its answers.
class Store {
 public:
  explicit Store(const std::string& directory, std::optional<std::int64_t> growth = {},
                 std::string boot_id = {}) {
    store_ = std::make_unique<SqliteStateStore>(
        SqliteStateStore::Options{
            .directory = directory, .boot_id = std::move(boot_id), .growth_pages_most = growth},
        clock, journal);
    loaded = store_->load();
  }

  SqliteStateStore* operator->() { return store_.get(); }

  Expected<void> bind(std::string user, std::string subject) {
    std::optional<Expected<void>> result;
    store_->bind({std::move(user), "https://id.example.com", std::move(subject)}, loop,
                 [&](Expected<void> done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<std::int64_t> revoke(revocation::Revocation revocation) {
    std::optional<Expected<std::vector<std::int64_t>>> result;
    store_->add_revocations({std::move(revocation)}, loop,
                            [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    if (!*result) return tl::unexpected(result->error());
    return (*result)->at(0);
  }
  std::vector<revocation::Revocation> list(StateStore::RevocationPage page) {
    std::optional<Expected<std::vector<revocation::Revocation>>> result;
    store_->list_revocations(page, loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return result->value();
  }
  Expected<std::int64_t> forget(WallTime ended) {
    std::optional<Expected<std::int64_t>> result;
    store_->forget_revocations(ended, loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<bool> remove(std::int64_t id) {
    std::optional<Expected<bool>> result;
    store_->remove_revocation(id, loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<bool> unbind(std::string user) {
    std::optional<Expected<bool>> result;
    store_->remove_binding(std::move(user), loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  void drain() {
    bool drained = false;
    store_->drain(loop, [&] { drained = true; });
    loop.run_until([&] { return drained; });
  }

  FakeClock clock;
  FakeJournal journal;
  TestLoop loop;
  Expected<StoredState> loaded = fail(Reason::internal_error);

 private:
  std::unique_ptr<SqliteStateStore> store_;
};

}  // namespace latchkey::latchkeyd::state_store_test
