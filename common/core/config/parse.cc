// SPDX-License-Identifier: Apache-2.0
#include "core/config/parse.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/config/checks.h"
#include "core/config/dump.h"
#include "core/config/reader.h"
#include "core/config/yaml_tree.h"
#include "core/jose/sha256.h"

namespace latchkey::config {
namespace {

// By file in the order of reading, then by place. What belongs to no file comes first.
void sort_by_place(std::vector<ConfigError>& errors, std::span<const SourceText> sources) {
  std::map<std::string_view, std::size_t> order;
  for (const auto& source : sources) order.try_emplace(source.name, order.size() + 1);
  const auto key = [&](const ConfigError& e) {
    const auto it = order.find(e.file);
    return std::tuple(it == order.end() ? std::size_t{0} : it->second, e.line, e.column);
  };
  std::stable_sort(errors.begin(), errors.end(),
                   [&](const ConfigError& a, const ConfigError& b) { return key(a) < key(b); });
}

tl::unexpected<std::vector<ConfigError>> refuse(std::vector<ConfigError> errors,
                                                std::span<const SourceText> sources) {
  sort_by_place(errors, sources);
  if (errors.size() > kErrorsMost) {
    const auto more = errors.size() - kErrorsMost;
    errors.resize(kErrorsMost);
    errors.push_back({errors.back().file, 0, 0, std::to_string(more) + " more errors"});
  }
  return tl::unexpected(std::move(errors));
}

// Digests of what is in force, so that comments and the order of files do not matter. False where
// OpenSSL failed.
bool add_digests(Config& config) {
  for (auto& issuer : config.issuers) {
    // What access rules ask of its claims is judged with its tokens.
    std::string text = dump(issuer);
    std::set<std::string> conditions;
    for (const auto& condition : issuer.config.claims.conditions)
      conditions.insert(condition.holds);
    for (const std::string& condition : conditions) text += condition + '\n';
    auto digest = jose::sha256_hex(text);
    if (!digest) return false;
    issuer.config.digest = *std::move(digest);
  }
  for (auto& list : config.revocation.lists) {
    auto digest = jose::sha256_hex(dump(list));
    if (!digest) return false;
    list.digest = *std::move(digest);
  }
  for (auto& stream : config.revocation.streams) {
    auto digest = jose::sha256_hex(dump(stream));
    if (!digest) return false;
    stream.digest = *std::move(digest);
  }
  for (auto& list : config.revocation.status_lists) {
    auto digest = jose::sha256_hex(dump(list));
    if (!digest) return false;
    list.digest = *std::move(digest);
  }
  for (auto& events : config.revocation.events) {
    auto digest = jose::sha256_hex(dump(events));
    if (!digest) return false;
    events.digest = *std::move(digest);
  }
  auto whole = jose::sha256_hex(dump(config));
  if (!whole) return false;
  config.digest = *std::move(whole);
  return true;
}

}  // namespace

tl::expected<Config, std::vector<ConfigError>> parse(std::span<const SourceText> sources) {
  if (sources.empty()) return refuse({{"", 0, 0, "there is no configuration"}}, sources);
  if (sources.size() > kFilesMost) {
    return refuse({{"", 0, 0, "more than " + std::to_string(kFilesMost) + " files"}}, sources);
  }
  Config config;
  Reader reader(config);
  bool all_read = true;
  for (const auto& source : sources) {
    if (const auto root = parse_yaml(source)) {
      reader.read(source.name, *root, &source == sources.data());
    } else {
      reader.errors().push_back(root.error());
      all_read = false;
    }
  }
  // Where a file could not be read, what the others lack may stand in it.
  if (all_read) {
    if (reader.issuers().empty() && !reader.root().contains(find_key(Section::root, "issuers"))) {
      reader.error({sources.front().name, 1, 1}, "'issuers' is missing");
    }
    config.warnings = check(config, reader);
  }
  if (!reader.errors().empty()) return refuse(std::move(reader.errors()), sources);
  for (auto& warning : config.warnings) {
    if (warning.file.empty()) warning.file = sources.front().name;
  }
  sort_by_place(config.warnings, sources);
  if (!add_digests(config)) return refuse({{"", 0, 0, "no digest could be made"}}, sources);
  return config;
}

}  // namespace latchkey::config
