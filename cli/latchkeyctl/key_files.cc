// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/key_files.h"

#include <string>

#include <unistd.h>

#include "cli/latchkeyctl/files.h"
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

}  // namespace

std::vector<config::ConfigError> key_file_errors(config::Config& config) {
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
  return errors;
}

}  // namespace latchkey::cli
