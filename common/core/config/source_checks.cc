// SPDX-License-Identifier: Apache-2.0
#include "core/config/source_checks.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/issuer/metadata.h"

namespace latchkey::config {
namespace {

class Sources {
 public:
  Sources(bool calls, const Instance& instance, Reader& reader)
      : calls_(calls), instance_(instance), reader_(reader) {}

  bool has(std::string_view name) const {
    return instance_.seen.contains(find_key(Section::issuer, name));
  }

  void error(std::string_view name, std::string message) {
    const auto it = instance_.seen.find(find_key(Section::issuer, name));
    reader_.error(it == instance_.seen.end() ? instance_.place : it->second, std::move(message));
  }

  // `one` stands with none of the others, but for the way to a provider that is called all the
  // same.
  void alone(std::string_view one, std::initializer_list<std::string_view> others) {
    for (const auto other : others) {
      if (!has(one) || !has(other) || (calls_ && is_way(other))) continue;
      error(one, "'" + std::string(other) + "' and '" + std::string(one) + "' exclude each other");
    }
  }

 private:
  static bool is_way(std::string_view name) {
    return name == "ca_file" || name == "tls_pins" || name == "proxy";
  }

  bool calls_;
  const Instance& instance_;
  Reader& reader_;
};

}  // namespace

void check_sources(issuer::IssuerConfig& config, const Instance& instance, Reader& reader) {
  // Introspection calls the provider even where its keys lie here.
  Sources sources(config.introspection.on(), instance, reader);
  sources.alone("jwks_uri", {"discovery_url", "discovery"});
  sources.alone("jwks_file", {"discovery_url", "discovery", "jwks_uri", "ca_file", "origins",
                              "tls_pins", "proxy"});
  sources.alone("keys", {"discovery_url", "discovery", "jwks_uri", "jwks_file", "ca_file",
                         "origins", "tls_pins", "proxy"});
  sources.alone("symmetric_key_file",
                {"discovery_url", "discovery", "jwks_uri", "jwks_file", "keys", "ca_file",
                 "origins", "tls_pins", "proxy", "algorithms"});
  if (sources.has("symmetric_key_file") != sources.has("symmetric_algorithm")) {
    sources.error(sources.has("symmetric_key_file") ? "symmetric_key_file" : "symmetric_algorithm",
                  "'symmetric_key_file' and 'symmetric_algorithm' need one another");
  }
  if (config.symmetric()) {
    config.algorithms.clear();  // the default is one of issuers with public keys
  } else if (!config.local_keys() && config.discovery_url.empty() && config.jwks_uri.empty()) {
    config.discovery_url = issuer::discovery_url(config);
  }
}

}  // namespace latchkey::config
