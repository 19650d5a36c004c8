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

constexpr std::chrono::seconds kFilePoll{30};  // one stat
constexpr std::chrono::hours kInlinePoll{24};  // nothing to look at

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

void KeyKeeper::read_file(Issuer& issuer) {
  if (issuer.config.inline_keys()) return read_inline(issuer);
  const bool symmetric = issuer.config.symmetric();
  const std::string& path = symmetric ? issuer.config.symmetric_key_file : issuer.config.jwks_file;
  KeyState& state = issuer.state;
  state.next_fetch = clock_.steady() + kFilePoll;
  const FileStamp stamp = stamp_of(path);
  if (stamp == issuer.file && state.attempted_at) return;
  issuer.file = stamp;
  state.attempted_at = clock_.wall();
  const auto done = symmetric ? read_symmetric(issuer) : read_set(issuer);
  if (done) return;
  state.last_error = path + ": " + done.error();
  complain(issuer, *state.last_error, kFilePoll);
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

tl::expected<void, std::string> KeyKeeper::read_set(Issuer& issuer) {
  const auto text = read_plain_file(issuer.config.jwks_file,
                                    {.bytes_most = limits::kJwkSetBytes, .follow_links = true});
  if (!text) return tl::unexpected(text.error());
  auto set = good_set(text->bytes);
  if (!set) return tl::unexpected(std::move(set).error());
  take(issuer, *std::move(set), text->bytes, KeyState::Origin::file);
  return {};
}

// The file was written, so its key counts as another one: keeping the old one's bytes to compare
// them would be one more place where they lie.
tl::expected<void, std::string> KeyKeeper::read_symmetric(Issuer& issuer) {
  auto text = read_plain_file(
      issuer.config.symmetric_key_file,
      {.bytes_most = limits::kSymmetricKeyFileBytes, .follow_links = true, .secret = true});
  if (!text) return tl::unexpected(std::move(text).error());
  auto key = issuer.config.symmetric_algorithm
                 ? jose::SymmetricKey::parse(text->bytes, *issuer.config.symmetric_algorithm)
                 : tl::unexpected<std::string>("has no configured algorithm");
  wire::wipe(std::span<char>(text->bytes));
  if (!key) return tl::unexpected(std::move(key).error());
  KeyState& state = issuer.state;
  state.keys.symmetric = std::make_shared<const jose::SymmetricKey>(*std::move(key));
  state.keys.fetched_at = clock_.wall();
  state.keys.generation = ++last_generation_;
  state.origin = KeyState::Origin::file;
  state.last_error.reset();
  journal_.log(LogLevel::info, "the issuer's symmetric key was read",
               {{"issuer", issuer.config.name}});
  return {};
}

}  // namespace latchkey::latchkeyd
