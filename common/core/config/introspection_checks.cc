// SPDX-License-Identifier: Apache-2.0
//
// The configuration alone decides which issuer is asked about a token, so two that could both be
// meant are an error here and never a choice at a login.
#include "core/config/introspection_checks.h"

#include <algorithm>
#include <string>

#include "core/base/text.h"

namespace latchkey::config {
namespace {

using issuer::AnswerForm;
using issuer::ClientAuthentication;
using issuer::IntrospectionMode;
using issuer::OpaqueTokens;
using issuer::WhenDown;

bool prefixes_meet(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.empty() || b.empty() || std::any_of(a.begin(), a.end(), [&](const std::string& one) {
           return std::any_of(b.begin(), b.end(), [&](const std::string& other) {
             return one.starts_with(other) || other.starts_with(one);
           });
         });
}

bool services_meet(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.empty() || b.empty() || std::any_of(a.begin(), a.end(), [&](const std::string& one) {
           return std::find(b.begin(), b.end(), one) != b.end();
         });
}

// Whether some token could be an opaque one of both.
bool meet(const OpaqueTokens& a, const OpaqueTokens& b) {
  return a.any() && b.any() && prefixes_meet(a.prefixes, b.prefixes) &&
         services_meet(a.services, b.services);
}

class Checker {
 public:
  Checker(Issuer& issuer, const Instance& instance, Reader& reader)
      : issuer_(issuer.config), instance_(instance), reader_(reader) {}

  // What is set although nobody is asked; nothing where somebody is.
  std::string_view idle() const {
    if (issuer_.introspection.on()) return {};
    for (const auto& [key, place] : instance_.seen) {
      const bool about =
          key->section == Section::introspection_client || key->section == Section::opaque_tokens ||
          (key->section == Section::issuer && key->name.starts_with("introspection_"));
      if (about) return key->name;
    }
    return {};
  }

  void run() {
    ttl();
    if (!issuer_.introspection.on()) return;
    client();
    endpoint();
    answers();
    opaque();
  }

  Place at(Section section, std::string_view name) const {
    const auto it = instance_.seen.find(find_key(section, name));
    return it == instance_.seen.end() ? instance_.place : it->second;
  }

 private:
  bool set(Section section, std::string_view name) const {
    return instance_.seen.contains(find_key(section, name));
  }
  void issuer_error(std::string_view name, std::string message) {
    reader_.error(at(Section::issuer, name), std::move(message));
  }

  void ttl() {
    auto& introspection = issuer_.introspection;
    if (!set(Section::issuer, "introspection_negative_ttl")) {
      introspection.negative_ttl = std::min(introspection.negative_ttl, introspection.positive_ttl);
    } else if (introspection.negative_ttl > introspection.positive_ttl) {
      issuer_error("introspection_negative_ttl",
                   "'introspection_negative_ttl' is more than 'introspection_positive_ttl'");
    }
  }

  void client() {
    const auto& client = issuer_.introspection.client;
    if (client.client_id.empty()) {
      issuer_error("introspection",
                   "'introspection' needs 'introspection_client' with 'client_id'");
    }
    const bool by_key = client.authentication == ClientAuthentication::private_key_jwt;
    const std::string_view wanted = by_key ? "key_file" : "secret_file";
    if (!set(Section::introspection_client, wanted)) {
      issuer_error("introspection", "'introspection_client' needs '" + std::string(wanted) + "'");
    }
    for (const std::string_view name : {"key_file", "key_algorithm", "key_id"}) {
      if (!by_key && set(Section::introspection_client, name)) {
        reader_.error(at(Section::introspection_client, name),
                      "'" + std::string(name) + "' is for 'authentication: private_key_jwt'");
      }
    }
    if (by_key && set(Section::introspection_client, "secret_file")) {
      reader_.error(at(Section::introspection_client, "secret_file"),
                    "'authentication: private_key_jwt' has no secret");
    }
  }

  void endpoint() {
    const bool metadata = issuer_.jwks_uri.empty() && !issuer_.local_keys();
    if (issuer_.introspection.endpoint.empty() && !metadata) {
      issuer_error("introspection",
                   "'introspection' needs 'introspection_endpoint': the provider's metadata, which "
                   "would name it, are not asked");
    }
  }

  void answers() {
    if (issuer_.introspection.answers == AnswerForm::jwt && issuer_.symmetric()) {
      issuer_error("introspection_answers",
                   "signed answers need keys that the provider publishes, and this issuer has a "
                   "symmetric one");
    }
    if (issuer_.introspection.down == WhenDown::signature && !issuer_.introspection.required()) {
      issuer_error("introspection_down",
                   "'introspection_down: signature' is for 'introspection: required'");
    }
  }

  void opaque() {
    const auto& opaque = issuer_.introspection.opaque;
    if (issuer_.introspection.mode == IntrospectionMode::opaque_only && !opaque.any()) {
      issuer_error("introspection",
                   "'introspection: opaque_only' needs 'opaque_tokens' with 'prefixes', 'services' "
                   "or both");
    }
    if (!opaque.any()) return;
    const auto& claims = issuer_.claims;
    if (std::find(claims.kinds.begin(), claims.kinds.end(), claims::TokenKind::access) ==
        claims.kinds.end()) {
      issuer_error("opaque_tokens", "opaque tokens are access tokens, and 'tokens' has no access");
    }
    if (!claims.require_header.empty())
      issuer_error("opaque_tokens",
                   "opaque tokens have no header, and 'require_header' asks of it");
  }

  issuer::IssuerConfig& issuer_;
  const Instance& instance_;
  Reader& reader_;
};

}  // namespace

void check_introspection(Config& config, Reader& reader, std::vector<ConfigError>& warnings) {
  for (std::size_t i = 0; i < config.issuers.size(); ++i) {
    Checker checker(config.issuers[i], reader.issuers()[i], reader);
    checker.run();
    if (const auto name = checker.idle(); !name.empty()) {
      const Place place = checker.at(Section::issuer, "introspection");
      warnings.push_back({place.file, place.line, place.column,
                          "'introspection' is off, so " + quoted(name) + " means nothing"});
    }
    for (std::size_t j = 0; j < i; ++j) {
      const auto& ours = config.issuers[i].config.introspection;
      const auto& other = config.issuers[j].config;
      if (!ours.on() || !other.introspection.on() || !meet(ours.opaque, other.introspection.opaque))
        continue;
      reader.error(checker.at(Section::issuer, "opaque_tokens"),
                   "a token could be an opaque one of this issuer and of " + quoted(other.name) +
                       ": 'prefixes' or 'services' must tell them apart");
    }
  }
}

}  // namespace latchkey::config
