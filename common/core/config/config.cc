// SPDX-License-Identifier: Apache-2.0
#include "core/config/config.h"

#include <algorithm>

namespace latchkey::config {
namespace {

template <typename Same>
std::ptrdiff_t index_of(const std::vector<Issuer>& issuers, Same same) {
  const auto it = std::find_if(issuers.begin(), issuers.end(), same);
  return it == issuers.end() ? -1 : it - issuers.begin();
}

}  // namespace

std::ptrdiff_t Config::find_issuer(std::string_view iss) const {
  return index_of(issuers, [&](const Issuer& each) { return each.config.issuer == iss; });
}

std::ptrdiff_t Config::find_issuer_by_name(std::string_view name) const {
  return index_of(issuers, [&](const Issuer& each) { return each.config.name == name; });
}

bool Config::shares(std::string_view user) const {
  return std::binary_search(shared_accounts.begin(), shared_accounts.end(), user);
}

bool Config::asks_for_time() const {
  return std::any_of(access.begin(), access.end(),
                     [](const policy::AccessRule& rule) { return !rule.times.empty(); });
}

std::optional<std::chrono::seconds> token_life(const issuer::IssuerConfig& issuer) {
  const auto& claims = issuer.claims;
  std::optional<std::chrono::seconds> life;
  for (const auto& bound : {std::optional(claims.max_token_age), claims.max_token_lifetime}) {
    if (bound && bound->count() > 0) life = std::min(life.value_or(*bound), *bound);
  }
  return life;
}

std::optional<WallTime> revocation_counts_until(const Config& config, const Issuer& issuer,
                                                WallTime issued, std::optional<WallTime> in_force) {
  const auto life = token_life(issuer.config);
  if (!life || issuer.config.introspection.on()) return std::nullopt;
  const auto leeway = issuer.config.claims.leeway;
  const WallTime accepted = issued + *life + leeway;
  return std::max(accepted, in_force.value_or(accepted) + config.max_claims_age + leeway);
}

std::optional<ListSource> snapshot_of(const StreamSource& stream) {
  if (stream.snapshot_url.empty()) return std::nullopt;
  ListSource list;
  list.feed.name = stream.feed.name;
  list.issuer = stream.issuer;
  list.url = stream.snapshot_url;
  list.keys_file = stream.keys_file;
  list.keys = stream.keys;
  list.ca_file = stream.snapshot_ca_file;
  list.digest = stream.digest;
  return list;
}

std::vector<const revocation::FeedPolicy*> RevocationConfig::feeds() const {
  std::vector<const revocation::FeedPolicy*> all;
  all.reserve(lists.size() + streams.size() + events.size());
  for (const ListSource& list : lists) all.push_back(&list.feed);
  for (const StreamSource& stream : streams) all.push_back(&stream.feed);
  for (const EventSource& source : events) all.push_back(&source.feed);
  return all;
}

}  // namespace latchkey::config
