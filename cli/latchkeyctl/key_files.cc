// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/key_files.h"

#include <cerrno>
#include <string>

#include <unistd.h>

#include "cli/latchkeyctl/files.h"
#include "core/config/revocation_checks.h"
#include "core/jose/jwk_set.h"

namespace latchkey::cli {
namespace {

std::string why_not(const issuer::IssuerConfig& issuer) {
  if (issuer.symmetric()) {
    const auto key = read_symmetric_key(issuer);
    return key ? "" : key.error();
  }
  const auto text = read_key_set_file(issuer.jwks_file);
  if (!text) return text.error();
  const auto set = jose::JwkSet::parse(text->view());
  if (!set) return "it is no JWK set";
  return set->empty() ? "no key of the set is usable" : "";
}

// latchkey-fetchd alone reads them; that they are not there can be seen from here. What systemd
// hands it is there while it runs only.
void warn_of_credentials(config::Config& config) {
  for (const config::Issuer& section : config.issuers) {
    const issuer::IntrospectionConfig& asked = section.config.introspection;
    if (!asked.on()) continue;
    for (const std::string& file : {asked.client.secret_file, asked.client.key_file}) {
      if (file.empty() || file.starts_with("/run/credentials/")) continue;
      if (::access(file.c_str(), F_OK) == 0 || errno != ENOENT) continue;
      config.warnings.push_back({file, 0, 0,
                                 "the credential by which issuer " + section.config.name +
                                     " is asked about tokens: No such file or directory"});
    }
  }
}

tl::expected<jose::JwkSet, std::string> key_set(const std::string& document,
                                                const std::string& file) {
  if (file.empty()) {
    auto set = jose::JwkSet::parse(document);
    if (!set) return tl::unexpected<std::string>("it is no JWK set");
    return *std::move(set);
  }
  const auto text = read_key_set_file(file);
  if (!text) return tl::unexpected(text.error());
  auto set = jose::JwkSet::parse(text->view());
  if (!set) return tl::unexpected<std::string>("it is no JWK set");
  if (set->empty()) return tl::unexpected<std::string>("no key of the set is usable");
  return *std::move(set);
}

// As latchkeyd has it: keys of lists and streams are there, and verify nothing else.
void signing_key_errors(const std::string& what, const std::string& document,
                        const std::string& file, config::Config& config,
                        std::vector<config::ConfigError>& errors) {
  const auto keys = key_set(document, file);
  std::string why = keys ? "" : keys.error();
  for (const config::Issuer& issuer : config.issuers) {
    const bool local = issuer.config.inline_keys() || !issuer.config.jwks_file.empty();
    const auto theirs = local && keys
                            ? key_set(issuer.config.keys.document, issuer.config.jwks_file)
                            : tl::unexpected<std::string>("");
    if (theirs && !config::shared_key(*keys, *theirs).empty())
      why = "a key also verifies tokens of issuer " + issuer.config.name;
  }
  if (why.empty()) return;
  if (why.starts_with(file + ": ")) why.erase(0, file.size() + 2);
  const bool seen = file.empty() || ::access(file.c_str(), R_OK) == 0 || errno != EACCES;
  auto& to = seen ? errors : config.warnings;
  to.push_back({file, 0, 0, "the keys of " + what + ": " + why});
}

void source_key_errors(config::Config& config, std::vector<config::ConfigError>& errors) {
  for (const config::ListSource& list : config.revocation.lists)
    signing_key_errors("list " + list.feed.name, list.keys.document, list.keys_file, config,
                       errors);
  for (const config::StreamSource& stream : config.revocation.streams)
    signing_key_errors("stream " + stream.feed.name, stream.keys.document, stream.keys_file, config,
                       errors);
  for (const config::StatusListSource& lists : config.revocation.status_lists) {
    if (!lists.own_keys())
      signing_key_errors("status lists " + lists.name, lists.keys.document, lists.keys_file, config,
                         errors);
  }
}

}  // namespace

std::vector<config::ConfigError> key_file_errors(config::Config& config) {
  warn_of_credentials(config);
  std::vector<config::ConfigError> errors;
  for (const config::Issuer& section : config.issuers) {
    const issuer::IssuerConfig& issuer = section.config;
    const std::string& file = issuer.symmetric() ? issuer.symmetric_key_file : issuer.jwks_file;
    if (file.empty()) continue;
    std::string why = why_not(issuer);
    if (why.empty()) continue;
    if (why.starts_with(file + ": ")) why.erase(0, file.size() + 2);
    const bool ours_to_see = ::access(file.c_str(), R_OK) == 0 || errno != EACCES;
    auto& list = ours_to_see ? errors : config.warnings;
    list.push_back({file, 0, 0, "the keys of issuer " + issuer.name + ": " + why});
  }
  source_key_errors(config, errors);
  return errors;
}

}  // namespace latchkey::cli
