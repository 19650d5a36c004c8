// SPDX-License-Identifier: Apache-2.0
#include "core/config/presets.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace latchkey::config {
namespace {

using issuer::IssuerConfig;

constexpr auto kProviders = std::to_array<Provider>({
    {"keycloak", "sub"},
    {"entra", "tid and oid"},
    {"okta", "uid (access tokens), sub (ID tokens)"},
    {"google", "sub"},
    {"auth0", "sub"},
    {"gitlab", "sub (people), project_id (jobs)"},
    {"github-actions", "repository_id and repository_owner_id"},
    {"kubernetes", "kubernetes.io.serviceaccount.uid"},
});

bool takes(const IssuerConfig& config, claims::TokenKind kind) {
  const auto& kinds = config.claims.kinds;
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}
bool access_only(const IssuerConfig& config) { return !takes(config, claims::TokenKind::id); }
bool id_only(const IssuerConfig& config) { return !takes(config, claims::TokenKind::access); }
bool both(const IssuerConfig& config) { return !access_only(config) && !id_only(config); }
bool with_access(const IssuerConfig& config) { return !id_only(config); }
bool fetched(const IssuerConfig& config) { return !config.local_keys(); }

// Whether names are made of nothing but these claims.
bool named_by(const IssuerConfig& config, std::initializer_list<std::string_view> claims) {
  const auto naming = config.claims.naming_claims();
  return std::all_of(naming.begin(), naming.end(), [&](const std::string& name) {
    return std::find(claims.begin(), claims.end(), name) != claims.end();
  });
}

// Names that only the provider's administrators give out, though they look like an address. An
// address that gives groups or is required beside them must be verified none the less.
bool entra_login(const IssuerConfig& config) {
  return named_by(config, {"upn"}) && !config.claims.email_decides();
}
bool okta_login(const IssuerConfig& config) {
  return named_by(config, {"sub", "preferred_username"}) && !config.claims.email_decides();
}

constexpr auto kSection = Section::issuer;

constexpr auto kRows = std::to_array<PresetRow>({
    // Keycloak says JWT in the header of everything, and what it is in the payload; "at+jwt" is a
    // switch of the client.
    {"keycloak", kSection, "typ", "[at+jwt, JWT]", with_access},
    {"keycloak", kSection, "typ", "[JWT]", id_only},
    {"keycloak", kSection, "payload_typ", "[Bearer]", access_only},
    {"keycloak", kSection, "payload_typ", "[ID]", id_only},
    {"keycloak", kSection, "payload_typ", "[Bearer, ID]", both},
    {"keycloak", Section::groups, "claim", "groups"},

    {"entra", kSection, "algorithms", "[RS256]"},
    {"entra", kSection, "typ", "[JWT]"},
    {"entra", kSection, "token_id_claim", "uti"},
    {"entra", kSection, "client_claims", "[azp, appid]"},
    {"entra", Section::user, "claim", "upn"},
    {"entra", Section::user, "email_verified_claim", "none", entra_login},
    {"entra", Section::user, "email_verified_claim", "xms_edov",
     [](const IssuerConfig& config) { return !entra_login(config); }},
    {"entra", Section::groups, "claim", "groups"},

    {"okta", kSection, "typ", "[none, JWT]"},
    {"okta", kSection, "client_claims", "[cid]", access_only},
    {"okta", kSection, "client_claims", "[cid, azp]", both},
    {"okta", Section::user, "claim", "sub", access_only},
    {"okta", Section::user, "email_verified_claim", "none", okta_login},
    {"okta", Section::groups, "claim", "groups"},

    {"google", kSection, "tokens", "[id]"},
    {"google", kSection, "origins", "[https://www.googleapis.com]", fetched},
    {"google", kSection, "algorithms", "[RS256]"},
    {"google", kSection, "typ", "[JWT]"},
    {"google", kSection, "client_claims", "[azp]"},
    {"google", Section::user, "claim", "email"},

    {"auth0", kSection, "typ", "[at+jwt, JWT]", with_access},
    {"auth0", kSection, "typ", "[JWT]", id_only},

    {"gitlab", kSection, "tokens", "[id]"},
    {"gitlab", kSection, "algorithms", "[RS256]"},
    {"gitlab", kSection, "typ", "[JWT]"},
    {"gitlab", Section::groups, "claim", "groups_direct"},

    // An environment of the repository is named as the account that its jobs sign in to.
    {"github-actions", kSection, "tokens", "[id]"},
    {"github-actions", kSection, "algorithms", "[RS256]"},
    {"github-actions", kSection, "typ", "[JWT]"},
    {"github-actions", Section::user, "claim", "environment"},

    {"kubernetes", kSection, "typ", "[none, JWT]"},
    {"kubernetes", Section::user, "claim", "kubernetes.io.serviceaccount.name"},
});

}  // namespace

std::span<const Provider> providers() { return kProviders; }

const Provider* find_provider(std::string_view name) {
  const auto* it = std::find_if(kProviders.begin(), kProviders.end(),
                                [&](const Provider& each) { return each.name == name; });
  return it == kProviders.end() ? nullptr : it;
}

std::span<const PresetRow> preset_rows() { return kRows; }

}  // namespace latchkey::config
