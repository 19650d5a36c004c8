// SPDX-License-Identifier: Apache-2.0
//
// A page of docs/providers as a test reads it: comments of the form <!-- test: … --> say what the
// fenced block behind them is. A configuration begins a scene; the blocks after it belong to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/config/config.h"
#include "core/decide.h"

namespace latchkey::testing {

using Json = nlohmann::json;

struct PageToken {
  Json header;
  Json payload;
  std::string user;
  std::string service;
  std::vector<std::string> groups;  // that the login gets
  std::string reason = "allowed";
};

struct Scene {
  std::string page;  // "keycloak"
  std::string configuration;
  std::string expands_to;  // as the page has it; empty: it does not say
  std::vector<PageToken> tokens;
};

// Every scene of every page. Aborts the test where a page is not of that form.
const std::vector<Scene>& scenes();
const Scene& scene(const std::string& page, std::size_t number = 0);
std::string page_text(const std::string& page);

// The configuration by the daemon's own parser.
std::shared_ptr<const config::Config> parsed(const Scene& scene);

// What the preset gave, a line a key.
std::string expansion(const config::Config& config);

// What the daemon says to a token with that header and payload, signed by the issuer's key (which
// is the same for every issuer, as a provider's is for its tenants), a minute after it was issued.
Decision sign_in(const Scene& scene, const PageToken& token);

}  // namespace latchkey::testing
