// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as configuration files, parted by form feeds. What is taken must survive its own dump,
// and must hold what the rest of the core relies on; what is refused must say why on one printable
// line an error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/config/dump.h"
#include "core/config/parse.h"
#include "core/jose/jwk_set.h"

namespace {

using latchkey::config::ConfigError;
using latchkey::config::SourceText;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_messages(const std::vector<ConfigError>& errors) {
  for (const auto& error : errors) {
    require(!error.message.empty());
    for (const char c : error.message) require(c >= 0x20 && c < 0x7f);
  }
}

void check_config(const latchkey::config::Config& config) {
  require(!config.issuers.empty());
  for (const auto& issuer : config.issuers) {
    require(!issuer.config.claims.audiences.empty());
    // Public keys or a symmetric one, never both and never neither.
    require(issuer.config.algorithms.empty() == issuer.config.symmetric());
    require(issuer.config.symmetric_algorithm.has_value() == issuer.config.symmetric());
    require(!issuer.config.symmetric() ||
            (issuer.config.jwks_file.empty() && issuer.config.jwks_uri.empty() &&
             issuer.config.discovery_url.empty() && issuer.config.origins.empty()));
    // Keys that lie here are fetched from nowhere, and keys that do not from one place.
    const bool fetched = !issuer.config.discovery_url.empty() || !issuer.config.jwks_uri.empty();
    require(fetched != issuer.config.local_keys());
    if (issuer.config.inline_keys()) {
      const auto set = latchkey::jose::JwkSet::parse(issuer.config.keys.document);
      require(set && !set->empty() && set->dropped().empty());
    }
    require(!issuer.config.claims.kinds.empty() && !issuer.config.claims.typ.empty());
    require(issuer.config.issuer.starts_with("https://"));
  }
  for (const auto& rule : config.access) {
    require(!rule.services.empty() && (rule.anyone != rule.has_condition()));
  }
  check_messages(config.warnings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<SourceText> sources;
  while (sources.size() < 4) {
    const auto end = text.find('\f');
    sources.push_back({"file" + std::to_string(sources.size()), std::string(text.substr(0, end))});
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  const auto config = latchkey::config::parse(sources);
  if (!config) {
    require(!config.error().empty());
    check_messages(config.error());
    return 0;
  }
  check_config(*config);
  const auto dumped = latchkey::config::dump(*config);
  const std::vector<SourceText> again_sources = {{"dump", dumped}};
  const auto again = latchkey::config::parse(again_sources);
  require(again.has_value() && latchkey::config::dump(*again) == dumped &&
          again->digest == config->digest);
  const std::vector<SourceText> marked = {{"marked", latchkey::config::marked_dump(*config)}};
  const auto meant = latchkey::config::parse(marked);
  require(meant.has_value() && meant->digest == config->digest);
  return 0;
}
