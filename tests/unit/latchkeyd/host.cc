// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/latchkeyd/host.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <future>
#include <utility>

#include "core/config/parse.h"
#include "core/jose/jwk_set.h"
#include "ipc/packet.h"
#include "tests/support/signing.h"

namespace latchkey::latchkeyd::testing {
namespace {

constexpr std::string_view kConfig = R"(version: 1
issuers:
  - name: corp
    issuer: https://id.example.com/realms/corp
    audiences: [ "ssh://prod" ]
    algorithms: [ ES256, RS256 ]
    user: { claim: preferred_username }
    groups: { claim: groups, map: { "dev": [ developers ], "ops": [ sre ] } }
access:
  - services: [ sshd, cron, login ]
    allow: { groups: [ developers, sre ] }
  - services: [ sudo ]
    allow: { groups: [ sre ] }
)";

constexpr std::string_view kPasswd =
    "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
constexpr std::string_view kGroup = "developers:x:2000:\nsre:x:2001:\n";

// Whoever waits longer than this waits for nothing.
constexpr timeval kNever{60, 0};

}  // namespace

void FakeStore::put_login(std::shared_ptr<const Login> login) {
  const std::lock_guard lock(mutex_);
  logins_.insert_or_assign(login->id, *login);
}

void FakeStore::close_login(std::string id, WallTime /*at*/) {
  const std::lock_guard lock(mutex_);
  logins_.erase(id);
}

void FakeStore::put_last_seen(std::string user, LastSeen /*seen*/) {
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(user));
}

std::map<std::string, Login> FakeStore::logins() const {
  const std::lock_guard lock(mutex_);
  return logins_;
}

std::vector<std::string> FakeStore::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void FakeNeeds::request_keys(std::string issuer, std::uint64_t /*seen_generation*/,
                             Executor& reply_to, std::function<void(KeysOutcome)> done) {
  keys_requested.push_back(std::move(issuer));
  reply_to.post([this, done = std::move(done)] {
    if (const auto outcome = on_keys()) done(*outcome);
  });
}

void FakeNeeds::request_accounts(Executor& reply_to, std::function<void()> done) {
  reply_to.post([this, done = std::move(done)] {
    on_accounts();
    done();
  });
}

void FakeNeeds::request_introspection(IntrospectionOrder order, Executor& reply_to,
                                      std::function<void(IntrospectionReply)> done) {
  auto shared = std::make_shared<IntrospectionOrder>(std::move(order));
  reply_to.post([this, shared = std::move(shared), done = std::move(done)] {
    if (auto reply = on_introspection(*shared)) done(*std::move(reply));
  });
}

void FakeNeeds::request_status_list(StatusNeed need, Executor& reply_to,
                                    std::function<void(StatusReply)> done) {
  reply_to.post([this, need = std::move(need), done = std::move(done)] {
    if (auto reply = on_status(need)) done(*std::move(reply));
  });
}

void FakeNeeds::bind(NewBinding binding, Executor& reply_to,
                     std::function<void(Expected<void>)> done) {
  reply_to.post([this, binding = std::move(binding), done = std::move(done)] {
    if (const auto outcome = on_bind(binding)) done(*outcome);
  });
}

void FakeNeeds::keep_names(accounts::NamesChange change, Executor& reply_to,
                           std::function<void(Expected<void>)> done) {
  reply_to.post([this, change = std::move(change), done = std::move(done)] {
    if (const auto outcome = on_names(change)) done(*outcome);
  });
}

Client::Client(ipc::Fd socket) : socket_(std::move(socket)) {
  if (!socket_) return;
  EXPECT_EQ(::fcntl(socket_.get(), F_SETFL, 0), 0);
  EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kNever, sizeof kNever), 0);
}

void Client::send(std::string_view bytes) {
  EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

void Client::begin(wire::Begin begin) {
  std::array<std::byte, wire::kBeginFrameMost> frame;
  const wire::Encoded encoded = wire::encode_begin(begin, frame);
  ASSERT_TRUE(encoded);
  send({reinterpret_cast<const char*>(frame.data()), encoded.size});
}

void Client::answer(std::string_view text) {
  std::array<std::byte, wire::kHeaderSize> header;
  ASSERT_TRUE(wire::encode_answer_header(text.size(), header));
  std::string frame(reinterpret_cast<const char*>(header.data()), header.size());
  frame += text;
  send(frame);
}

void Client::no_answer(wire::NoAnswer code) {
  std::array<std::byte, wire::kNoAnswerFrameSize> frame;
  ASSERT_TRUE(wire::encode_no_answer(code, frame));
  send({reinterpret_cast<const char*>(frame.data()), frame.size()});
}

std::string Client::receive() {
  std::string frame(wire::kToModuleMost, '\0');
  const ssize_t got = ipc::receive_packet(socket_.get(), frame.data(), frame.size(), 0);
  if (got < 0) ADD_FAILURE() << "nothing came";
  frame.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return frame;
}

bool Client::waits() const {
  char byte = 0;
  return ::recv(socket_.get(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

std::string Client::ask() {
  const std::string frame = receive();
  const auto ask = wire::decode_ask(std::as_bytes(std::span(frame)));
  EXPECT_TRUE(ask) << "no Ask: " << wire::name(ask.fault);
  EXPECT_EQ(ask->echo, wire::Echo::off);
  return std::string(ask->text);
}

wire::Verdict Client::verdict() {
  frame_ = receive();
  const auto verdict = wire::decode_verdict(std::as_bytes(std::span(frame_)));
  EXPECT_TRUE(verdict) << "no Verdict: " << wire::name(verdict.fault);
  return *verdict;
}

Host::Host(Patience patience)
    : config_text(kConfig),
      jwks(latchkey::testing::jwk_set(
          {latchkey::testing::signing_key(jose::Algorithm::es256).jwk()})),
      passwd(kPasswd),
      group(kGroup),
      worker(services(), patience, snapshot()) {
  needs.on_bind = [this](const NewBinding& binding) -> std::optional<Expected<void>> {
    bindings = bindings.with(binding.user, {binding.issuer, binding.subject});
    take_new();
    return Expected<void>{};
  };
  thread_ = std::thread([this] { worker.loop().run(); });
}

Host::~Host() {
  worker.loop().stop();
  thread_.join();
}

Client Host::connect() {
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  const auto served = std::make_shared<ipc::Fd>(pair[1]);
  worker.loop().post([this, served, pid = peer_pid] { worker.converse(std::move(*served), pid); });
  return Client(ipc::Fd(pair[0]));
}

void Host::on_worker(const std::function<void()>& work) {
  std::promise<void> done;
  worker.loop().post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void Host::publish() {
  on_worker([this] { take_new(); });
}

// The same text is the same object, as with a daemon that did not reload.
std::shared_ptr<const config::Config> Host::config() const {
  if (config_ != nullptr && parsed_text_ == config_text) return config_;
  const std::array sources{config::SourceText{"test.yaml", config_text}};
  auto config = config::parse(sources);
  if (!config) {
    for (const auto& error : config.error()) ADD_FAILURE() << config::describe(error);
    std::abort();
  }
  parsed_text_ = config_text;
  config_ = std::make_shared<const config::Config>(*std::move(config));
  return config_;
}

SnapshotPtr Host::snapshot() const {
  auto keys = jose::JwkSet::parse(jwks);
  if (!keys) std::abort();
  const std::array<std::uint8_t, 16> secret{};
  Snapshot snapshot;
  snapshot.config = config();
  const IssuerKeys each{.keys = std::make_shared<const jose::JwkSet>(*std::move(keys)),
                        .fetched_at = clock.wall() - keys_age,
                        .generation = generation};
  snapshot.keys.assign(snapshot.config->issuers.size(), each);
  snapshot.statuses = statuses;
  snapshot.revocations = std::make_shared<const revocation::RevocationSet>(
      revocation::RevocationSet::build(revocations, secret));
  auto local = accounts::LocalAccounts::parse(passwd, group);
  if (names) {
    snapshot.names = std::make_shared<const accounts::ServedNames>(
        std::make_shared<const accounts::Names>(accounts::Names::make(*names).value()),
        std::make_shared<const accounts::TakenNames>(accounts::TakenNames::parse(passwd, group)));
    local = local.with(*snapshot.names);
  }
  snapshot.accounts = std::make_shared<const accounts::LocalAccounts>(std::move(local));
  snapshot.bindings = std::make_shared<const accounts::Bindings>(bindings);
  return std::make_shared<const Snapshot>(std::move(snapshot));
}

std::string Host::token(const Claims& changes, jose::Algorithm algorithm) const {
  const auto seconds = [&](std::chrono::seconds later) {
    const auto then = clock.wall() + later;
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(then).time_since_epoch().count());
  };
  Claims claims{{"iss", '"' + std::string(kIssuer) + '"'},
                {"aud", "\"ssh://prod\""},
                {"sub", "\"subject-of-alice\""},
                {"client_id", "\"cli\""},
                {"jti", "\"token-1\""},
                {"iat", seconds(std::chrono::seconds{-10})},
                {"exp", seconds(std::chrono::seconds{600})},
                {"preferred_username", "\"alice\""},
                {"groups", R"(["dev"])"}};
  for (const auto& [name, value] : changes) claims.insert_or_assign(name, value);
  std::string payload;
  for (const auto& [name, value] : claims) {
    payload += payload.empty() ? '{' : ',';
    payload += '"' + name + "\":" + value;
  }
  return latchkey::testing::signing_key(algorithm).token(payload + '}');
}

wire::Verdict Host::sign_in(Client& client, std::string_view token, wire::Begin begin) {
  client = connect();
  client.begin(begin);
  client.ask();
  client.answer(token);
  return client.verdict();
}

LoggedDecision Host::last() const {
  const auto found = decisions.last(1);
  if (found.empty()) {
    ADD_FAILURE() << "no decision is on record";
    return {};
  }
  return found.front();
}

std::string login_id(const wire::Verdict& verdict) {
  constexpr std::string_view kName = "LATCHKEY_LOGIN=";
  for (std::size_t i = 0; i < verdict.environment_count; ++i) {
    if (verdict.environment[i].starts_with(kName)) {
      return std::string(verdict.environment[i].substr(kName.size()));
    }
  }
  return {};
}

}  // namespace latchkey::latchkeyd::testing
