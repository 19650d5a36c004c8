// SPDX-License-Identifier: Apache-2.0
//
// Whose keys they are, where they are asked for, and what they are worth once that is configured
// otherwise than it was when they were fetched.
#include <string>
#include <string_view>
#include <utility>

#include "daemon/latchkeyd/service/key_keeper_issuer.h"

namespace latchkey::latchkeyd {

std::string key_source(const issuer::IssuerConfig& config) {
  std::string source = config.issuer + "\n" + config.jwks_file + "\n" + config.keys.document + "\n";
  if (config.symmetric()) {
    source +=
        config.symmetric_key_file + "\n" +
        std::string(config.symmetric_algorithm ? jose::algorithm_name(*config.symmetric_algorithm)
                                               : "") +
        "\n";
  }
  for (const std::string& origin : config.origins) source += origin + "\n";
  return source;
}

std::string key_place(const issuer::IssuerConfig& config) {
  std::string place = config.discovery_url + "\n" + config.jwks_uri + "\n" + config.ca_file + "\n" +
                      config.proxy + "\n";
  for (const std::string& pin : config.tls_pins) place += pin + "\n";
  // Only where it says something, so that places that were kept without it stay what they are.
  const bool discovered = config.discovery_url.empty() && config.jwks_uri.empty();
  if (discovered && config.discovery == "oauth") place += "oauth\n";
  return place;
}

// The keys at hand are from where keys may still come from. Where they would be asked for elsewhere
// now, or under another authority, that is done at once, and untrusted() says what they are worth
// until it succeeds.
void KeyKeeper::adopt(Issuer& issuer, const issuer::IssuerConfig& config) {
  const bool elsewhere = key_place(issuer.config) != key_place(config);
  issuer.config = config;
  if (!elsewhere) return;
  issuer.etag.clear();
  issuer.last_modified.clear();
  issuer.not_before = {};  // it was another place that asked for it
  issuer.state.next_fetch = clock_.steady();
  issuer.outdated = issuer.fetching;
}

// Somebody answers, and not as the provider should. That says nothing about keys that were fetched
// under these very settings: whoever sits in between must not be able to take them away. But keys
// of other settings were never vouched for by these, and nobody is about to.
void KeyKeeper::untrusted(Issuer& issuer, std::string why) {
  if (issuer.state.keys.any() && issuer.place != key_place(issuer.config)) {
    storage_.forget(issuer.config.name);
    issuer.state.last_error = why;
    withdraw(issuer,
             "the issuer's keys are withdrawn: they were fetched under other settings, and who "
             "answers now is not trusted");
    hooks_.publish(keys(), [] {});
  }
  failed(issuer, std::move(why), {});
}

}  // namespace latchkey::latchkeyd
