// SPDX-License-Identifier: Apache-2.0
//
// The keys that sign revocation lists and the items of streams, which lie on this host and verify
// nothing else.
#include <string>
#include <utility>

#include "core/base/limits.h"
#include "core/config/revocation_checks.h"
#include "daemon/latchkeyd/service/list_keeper.h"
#include "daemon/latchkeyd/service/status_keeper.h"
#include "daemon/latchkeyd/service/stream_keeper.h"
#include "files/plain_file.h"

namespace latchkey::latchkeyd {
namespace {

// The keys of an issuer that this host's administrator wrote. What a provider shows is its own
// word, also where it is kept in a file (`jwks_file`): it is barred instead (KeyKeeper::bar), or
// the provider would decide whether a configuration can be taken up.
std::optional<jose::JwkSet> written_keys(const issuer::IssuerConfig& issuer) {
  if (issuer.keys.document.empty()) return std::nullopt;
  auto set = jose::JwkSet::parse(issuer.keys.document);
  return set ? std::optional(*std::move(set)) : std::nullopt;
}

std::string trouble(const tl::expected<jose::JwkSet, std::string>& keys, const std::string& file,
                    const config::Config& config) {
  if (!keys) return keys.error();
  for (const config::Issuer& issuer : config.issuers) {
    if (!file.empty() && issuer.config.jwks_file == file)
      return "they are those of issuer " + issuer.config.name;
    const auto theirs = written_keys(issuer.config);
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
    std::string why = trouble(list_keys(list), list.keys_file, config);
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
    std::string why = trouble(stream_keys(stream), stream.keys_file, config);
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
    std::string why = trouble(status_keys(section), section.keys_file, config);
    if (why.empty()) continue;
    errors.push_back({section.keys_file, 0, 0,
                      "the keys of status lists " + section.name + ": " + std::move(why)});
  }
  return errors;
}

}  // namespace latchkey::latchkeyd
