// SPDX-License-Identifier: Apache-2.0
//
// The keys that sign revocation lists and the items of streams, which lie on this host and verify
// nothing else.
#include <string>
#include <utility>

#include "core/base/limits.h"
#include "core/config/revocation_checks.h"
#include "daemon/latchkeyd/io/plain_file.h"
#include "daemon/latchkeyd/service/list_keeper.h"
#include "daemon/latchkeyd/service/status_keeper.h"
#include "daemon/latchkeyd/service/stream_keeper.h"

namespace latchkey::latchkeyd {
namespace {

// The keys of an issuer as far as they lie on this host; what a provider shows besides is its own
// word (KeyKeeper::bar).
std::optional<jose::JwkSet> local_keys(const issuer::IssuerConfig& issuer) {
  std::string document = issuer.keys.document;
  if (!issuer.jwks_file.empty()) {
    auto text = read_plain_file(issuer.jwks_file,
                                {.bytes_most = limits::kJwkSetBytes, .follow_links = true});
    if (text) document = std::move(text->bytes);
  }
  if (document.empty()) return std::nullopt;
  auto set = jose::JwkSet::parse(document);
  return set ? std::optional(*std::move(set)) : std::nullopt;
}

std::string trouble(const tl::expected<jose::JwkSet, std::string>& keys,
                    const config::Config& config) {
  if (!keys) return keys.error();
  for (const config::Issuer& issuer : config.issuers) {
    const auto theirs = local_keys(issuer.config);
    if (!theirs) continue;
    const std::string shared = config::shared_key(*keys, *theirs);
    if (!shared.empty())
      return "the key " + shared + " also verifies tokens of issuer " + issuer.config.name;
  }
  return {};
}

}  // namespace

tl::expected<jose::JwkSet, std::string> list_keys(const config::ListSource& config) {
  std::string document = config.keys.document;
  if (!config.keys_file.empty()) {
    auto text = read_plain_file(config.keys_file,
                                {.bytes_most = limits::kJwkSetBytes, .follow_links = true});
    if (!text) return tl::unexpected(std::move(text).error().what);
    document = std::move(text->bytes);
  }
  auto set = jose::JwkSet::parse(document);
  if (!set)
    return tl::unexpected(set.error().detail.empty() ? std::string("is no JWK set")
                                                     : set.error().detail);
  if (set->empty()) return tl::unexpected<std::string>("no key of the set is usable");
  return *std::move(set);
}

std::vector<config::ConfigError> list_key_errors(const config::Config& config) {
  std::vector<config::ConfigError> errors;
  for (const config::ListSource& list : config.revocation.lists) {
    std::string why = trouble(list_keys(list), config);
    if (why.empty()) continue;
    errors.push_back(
        {list.keys_file, 0, 0, "the keys of list " + list.feed.name + ": " + std::move(why)});
  }
  return errors;
}

tl::expected<jose::JwkSet, std::string> stream_keys(const config::StreamSource& config) {
  config::ListSource same;
  same.keys_file = config.keys_file;
  same.keys = config.keys;
  return list_keys(same);
}

std::vector<config::ConfigError> stream_key_errors(const config::Config& config) {
  std::vector<config::ConfigError> errors;
  for (const config::StreamSource& stream : config.revocation.streams) {
    std::string why = trouble(stream_keys(stream), config);
    if (why.empty()) continue;
    errors.push_back(
        {stream.keys_file, 0, 0, "the keys of stream " + stream.feed.name + ": " + std::move(why)});
  }
  return errors;
}

tl::expected<jose::JwkSet, std::string> status_keys(const config::StatusListSource& config) {
  config::ListSource same;
  same.keys_file = config.keys_file;
  same.keys = config.keys;
  return list_keys(same);
}

std::vector<config::ConfigError> status_key_errors(const config::Config& config) {
  std::vector<config::ConfigError> errors;
  for (const config::StatusListSource& section : config.revocation.status_lists) {
    if (section.own_keys()) continue;
    std::string why = trouble(status_keys(section), config);
    if (why.empty()) continue;
    errors.push_back({section.keys_file, 0, 0,
                      "the keys of status lists " + section.name + ": " + std::move(why)});
  }
  return errors;
}

}  // namespace latchkey::latchkeyd
