// SPDX-License-Identifier: Apache-2.0
//
// The keys that lie on this host: a JWK set in the configuration or in a file, or an issuer's
// symmetric key.
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/jose/symmetric_key.h"
#include "daemon/latchkeyd/service/key_keeper_issuer.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {
namespace {

using Kind = FileTrouble::Kind;

constexpr std::chrono::seconds kFilePoll{30};  // one stat
constexpr std::chrono::hours kInlinePoll{24};  // nothing to look at
constexpr std::string_view kNoLongerVouched =
    "the issuer's keys are withdrawn: their file no longer vouches";
constexpr std::chrono::seconds kAgain{1};  // where it could not be read, and may be in a moment

tl::unexpected<FileTrouble> bad(std::string why) {
  return tl::unexpected(FileTrouble{Kind::content, std::move(why)});
}

struct SetOfFile {
  std::shared_ptr<const jose::JwkSet> set;
  std::string text;
};

tl::expected<SetOfFile, FileTrouble> load_set(const issuer::IssuerConfig& config) {
  auto text =
      read_plain_file(config.jwks_file, {.bytes_most = limits::kJwkSetBytes, .follow_links = true});
  if (!text) return tl::unexpected(std::move(text).error());
  auto set = good_set(text->bytes);
  if (!set) return bad(std::move(set).error());
  return SetOfFile{*std::move(set), std::move(text->bytes)};
}

tl::expected<std::shared_ptr<const jose::SymmetricKey>, FileTrouble> load_symmetric(
    const issuer::IssuerConfig& config) {
  auto text = read_plain_file(
      config.symmetric_key_file,
      {.bytes_most = limits::kSymmetricKeyFileBytes, .follow_links = true, .secret = true});
  if (!text) return tl::unexpected(std::move(text).error());
  auto key = config.symmetric_algorithm
                 ? jose::SymmetricKey::parse(text->bytes, *config.symmetric_algorithm)
                 : tl::unexpected<std::string>("has no configured algorithm");
  wire::wipe(std::span<char>(text->bytes));
  if (!key) return bad(std::move(key).error());
  return std::make_shared<const jose::SymmetricKey>(*std::move(key));
}

const std::string& key_file(const issuer::IssuerConfig& config) {
  return config.symmetric() ? config.symmetric_key_file : config.jwks_file;
}

}  // namespace

tl::expected<std::shared_ptr<const jose::JwkSet>, std::string> good_set(std::string_view jwks) {
  auto set = jose::JwkSet::parse(jwks);
  if (!set)
    return tl::unexpected(set.error().detail.empty() ? std::string("is no JWK set")
                                                     : set.error().detail);
  if (!set->empty()) return std::make_shared<const jose::JwkSet>(*std::move(set));
  if (set->dropped().empty()) return tl::unexpected<std::string>("the key set is empty");
  const jose::DroppedKey& first = set->dropped().front();
  return tl::unexpected(fmt::format("none of the {} keys is usable; key {}: {}",
                                    set->dropped().size(), quoted(first.kid), first.why));
}

std::vector<config::ConfigError> key_file_errors(const config::Config& config) {
  std::vector<config::ConfigError> errors;
  for (const config::Issuer& section : config.issuers) {
    const issuer::IssuerConfig& issuer = section.config;
    if (key_file(issuer).empty()) continue;
    std::string why;
    if (issuer.symmetric()) {
      if (const auto key = load_symmetric(issuer); !key) why = key.error().what;
    } else if (const auto set = load_set(issuer); !set) {
      why = set.error().what;
    }
    if (why.empty()) continue;
    errors.push_back({key_file(issuer), 0, 0, "the keys of issuer " + issuer.name + ": " + why});
  }
  return errors;
}

// They were checked with the configuration, and change with it only.
void KeyKeeper::read_inline(Issuer& issuer) {
  issuer.state.next_fetch = clock_.steady() + kInlinePoll;
  if (issuer.state.attempted_at) return;
  issuer.state.attempted_at = clock_.wall();
  auto set = good_set(issuer.config.keys.document);
  if (!set) {
    issuer.state.last_error = std::move(set).error();
    return complain(issuer, *issuer.state.last_error, kInlinePoll);
  }
  take(issuer, *std::move(set), issuer.config.keys.document, KeyState::Origin::configuration);
}

// What says nothing about the file is no reason to leave it alone until it changes: it is tried
// again, at most once in a while, because bearers of unknown key ids ask for it.
void KeyKeeper::read_file(Issuer& issuer) {
  if (issuer.config.inline_keys()) return read_inline(issuer);
  KeyState& state = issuer.state;
  const SteadyTime now = clock_.steady();
  const bool in_vain = state.attempted_at && !issuer.file;
  if (in_vain && now < state.next_fetch) return;
  const std::string& path = key_file(issuer.config);
  const WallTime before = clock_.wall();
  const FileStamp stamp = stamp_of(path);
  const bool known = stamp == issuer.file;
  if (known && !issuer.file_settled && now < state.next_fetch) return give_up_late(issuer);
  state.next_fetch = now + kFilePoll;
  if (known && issuer.file_settled) return give_up_late(issuer);
  issuer.file.reset();
  issuer.file_settled = settled(stamp, before);
  if (!issuer.file_settled) state.next_fetch = now + kStampsSettle + kAgain;
  state.attempted_at = clock_.wall();
  const auto done = issuer.config.symmetric() ? read_symmetric(issuer) : read_set(issuer);
  const bool judged = done || done.error().kind != Kind::passing;
  if (judged) issuer.file = stamp;
  if (!judged) state.next_fetch = now + kAgain;
  if (done) return issuer.state.bad_since.reset();
  if (!issuer.state.bad_since) issuer.state.bad_since = now;
  // Whoever takes a secret's file away, or lets others read it, says that the secret is no more.
  const bool taken_back = done.error().kind == Kind::gone || done.error().kind == Kind::unfit;
  std::string why = path + ": " + done.error().what;
  const bool news = state.last_error != why || judged;
  state.last_error = std::move(why);
  if (issuer.config.symmetric() && taken_back) withdraw(issuer, kNoLongerVouched);
  give_up_late(issuer);
  if (news) complain(issuer, *state.last_error, kFilePoll);
}

void KeyKeeper::read_and_publish(Issuer& issuer) {
  const std::uint64_t before = issuer.state.keys.generation;
  read_file(issuer);
  if (issuer.state.keys.generation != before) publish(issuer);
}

void KeyKeeper::look_at_files() {
  for (const auto& issuer : std::vector(issuers_)) {
    if (issuer->from_file()) read_and_publish(*issuer);
  }
}

// A file that stays bad is like a provider that cannot be reached: what was last good serves so
// long.
void KeyKeeper::give_up_late(Issuer& issuer) {
  if (issuer.state.bad_since &&
      clock_.steady() - *issuer.state.bad_since >= issuer.config.max_stale)
    withdraw(issuer, kNoLongerVouched);
}

void KeyKeeper::withdraw(Issuer& issuer, std::string_view message) {
  KeyState& state = issuer.state;
  if (!state.keys.any()) return;
  state.keys.keys.reset();
  state.keys.symmetric.reset();
  state.keys.generation = ++last_generation_;
  state.document.reset();
  state.barred.clear();
  state.origin = KeyState::Origin::none;
  journal_.log(LogLevel::error, message,
               {{"issuer", issuer.config.name}, {"error", state.last_error.value_or("")}});
}

bool KeyKeeper::read_files_again() {
  bool other = false;
  for (const auto& issuer : std::vector(issuers_)) {
    if (!issuer->from_file()) continue;
    const std::uint64_t before = issuer->state.keys.generation;
    issuer->file.reset();
    issuer->state.next_fetch = clock_.steady();
    read_file(*issuer);
    if (issuer->state.keys.generation == before) continue;
    other = true;
    publish(*issuer);
  }
  return other;
}

tl::expected<void, FileTrouble> KeyKeeper::read_set(Issuer& issuer) {
  auto loaded = load_set(issuer.config);
  if (!loaded) return tl::unexpected(std::move(loaded).error());
  take(issuer, std::move(loaded->set), loaded->text, KeyState::Origin::file);
  return {};
}

// The file was written, so its key counts as another one: keeping the old one's bytes to compare
// them would be one more place where they lie.
tl::expected<void, FileTrouble> KeyKeeper::read_symmetric(Issuer& issuer) {
  auto key = load_symmetric(issuer.config);
  if (!key) return tl::unexpected(std::move(key).error());
  KeyState& state = issuer.state;
  state.keys.symmetric = *std::move(key);
  state.keys.fetched_at = clock_.wall();
  state.keys.generation = ++last_generation_;
  state.origin = KeyState::Origin::file;
  state.last_error.reset();
  journal_.log(LogLevel::info, "the issuer's symmetric key was read",
               {{"issuer", issuer.config.name}});
  return {};
}

}  // namespace latchkey::latchkeyd
