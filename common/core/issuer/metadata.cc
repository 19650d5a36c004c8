// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/metadata.h"

#include <algorithm>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/json.h"

namespace latchkey::issuer {
namespace {

Expected<std::string> text_member(const jose::JsonValue& document, std::string_view name) {
  const auto member = document.find(name);
  if (LATCHKEY_FAILS(metadata_member_absent, !member))
    return fail(Reason::keys_missing, "the discovery document has no '" + std::string(name) + "'");
  const auto text = LATCHKEY_CHECKED(member, document).as_string();
  if (LATCHKEY_FAILS(metadata_member_type, !text))
    return fail(Reason::keys_missing,
                "'" + std::string(name) + "' of the discovery document is no string");
  return std::string(LATCHKEY_CHECKED(text, "https://id.example"));
}

}  // namespace

std::string discovery_url(const IssuerConfig& config) {
  if (!config.discovery_url.empty()) return config.discovery_url;
  if (config.discovery == "oauth") {
    // RFC 8414 section 3.1: between host and path, a terminating '/' removed.
    const auto url = parse_https_url(config.issuer);
    if (!url) return {};
    std::string path = url->path;
    if (path.ends_with('/')) path.pop_back();
    return url->origin.text() + "/.well-known/oauth-authorization-server" + path;
  }
  // Discovery section 4.1: a terminating '/' is removed before the well-known path is appended.
  std::string url = config.issuer;
  if (url.ends_with('/')) url.pop_back();
  return url + "/.well-known/openid-configuration";
}

std::vector<Origin> allowed_origins(const IssuerConfig& config) {
  std::vector<Origin> out;
  const auto add = [&](std::string_view url) {
    if (url.empty()) return;
    auto parsed = parse_https_url(url);
    if (parsed && std::find(out.begin(), out.end(), parsed->origin) == out.end())
      out.push_back(std::move(parsed->origin));
  };
  add(config.issuer);
  add(config.discovery_url);
  add(config.jwks_uri);
  for (const auto& origin : config.origins) add(origin);
  return out;
}

Expected<void> check_url(const IssuerConfig& config, std::string_view url) {
  const auto parsed = parse_https_url(url);
  if (!parsed)
    return fail(Reason::keys_missing, "the URL " + quoted(url) + " is refused: " + parsed.error());
  const auto allowed = allowed_origins(config);
  if (LATCHKEY_FAILS(url_origin_other,
                     std::find(allowed.begin(), allowed.end(), parsed->origin) == allowed.end())) {
    return fail(Reason::keys_missing,
                "the URL " + quoted(url) + " is at " + quoted(parsed->origin.text()) +
                    ", which is neither the issuer's origin nor one of 'origins'");
  }
  return {};
}

namespace {

// The document, where it is one of the configured issuer. Borrows from the reader.
Expected<jose::JsonValue> read_document(jose::JsonReader& reader, std::string_view json,
                                        const IssuerConfig& config) {
  const auto document = reader.read(json);
  if (!document) {
    return fail(Reason::keys_missing,
                "the discovery document: " + std::string(jose::describe(document.error())));
  }
  if (LATCHKEY_FAILS(metadata_no_object, !document->is_object()))
    return fail(Reason::keys_missing, "the discovery document is no JSON object");
  // Discovery section 4.3 and RFC 8414 section 3.3: identical to the issuer that was asked for,
  // else it must not be used.
  LATCHKEY_TRY(const std::string issuer, text_member(*document, "issuer"));
  if (LATCHKEY_FAILS(metadata_issuer_other, issuer != config.issuer)) {
    return fail(Reason::keys_missing, "the discovery document is for the issuer " + quoted(issuer) +
                                          ", configured is " + quoted(config.issuer));
  }
  return *document;
}

}  // namespace

Expected<ProviderMetadata> parse_metadata(std::string_view json, const IssuerConfig& config) {
  jose::JsonReader reader({.bytes = limits::kDiscoveryBytes});
  const auto document = read_document(reader, json, config);
  if (!document) return tl::unexpected(document.error());
  ProviderMetadata metadata;
  metadata.issuer = config.issuer;
  LATCHKEY_TRY(metadata.jwks_uri, text_member(*document, "jwks_uri"));
  LATCHKEY_TRY_VOID(check_url(config, metadata.jwks_uri));
  return metadata;
}

Expected<std::string> parse_introspection_endpoint(std::string_view json,
                                                   const IssuerConfig& config) {
  const auto unavailable = [](Error error) {
    return fail(Reason::introspection_unavailable, std::move(error.detail));
  };
  jose::JsonReader reader({.bytes = limits::kDiscoveryBytes});
  const auto document = read_document(reader, json, config);
  if (!document) return unavailable(document.error());
  auto endpoint = text_member(*document, "introspection_endpoint");
  if (!endpoint) return unavailable(endpoint.error());
  if (auto allowed = check_url(config, *endpoint); !allowed) return unavailable(allowed.error());
  return endpoint;
}

}  // namespace latchkey::issuer
