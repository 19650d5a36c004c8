// SPDX-License-Identifier: Apache-2.0
#include "core/config/preset_rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/text.h"
#include "core/issuer/https_url.h"

namespace latchkey::config {
namespace {

using claims::RequiredClaim;
using claims::TokenKind;

// The GUID of the tenant that holds everybody's personal Microsoft accounts.
constexpr std::string_view kConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
constexpr std::string_view kEntraOld = "https://sts.windows.net/";
constexpr std::array<std::string_view, 3> kEntraHosts = {
    "login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"};

constexpr std::string_view kGuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool is_guid(std::string_view text) {
  return text.size() == kGuid.size() &&
         std::equal(text.begin(), text.end(), kGuid.begin(), [](char c, char form) {
           const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           return form == '-' ? c == '-' : hex;
         });
}

class Rules {
 public:
  Rules(Issuer& issuer, const Instance& instance, Reader& reader,
        std::vector<ConfigError>& warnings)
      : issuer_(issuer),
        config_(issuer.config),
        instance_(instance),
        reader_(reader),
        warnings_(warnings) {}

  void run() {
    if (config_.symmetric()) {
      return error("provider", "'provider' and 'symmetric_key_file' exclude each other");
    }
    const auto url = issuer::parse_https_url(config_.issuer);
    if (!url) return;  // which was said
    struct Row {
      std::string_view provider;
      void (Rules::*check)(const issuer::HttpsUrl&);
    };
    constexpr auto kRules = std::to_array<Row>({{"keycloak", &Rules::keycloak},
                                                {"entra", &Rules::entra},
                                                {"okta", &Rules::okta},
                                                {"google", &Rules::google},
                                                {"auth0", &Rules::auth0},
                                                {"gitlab", &Rules::gitlab},
                                                {"github-actions", &Rules::github_actions},
                                                {"kubernetes", &Rules::kubernetes}});
    for (const Row& row : kRules) {
      if (row.provider == config_.provider) (this->*row.check)(*url);
    }
  }

 private:
  void keycloak(const issuer::HttpsUrl& url) {
    const auto realm = url.path.rfind("/realms/");
    const auto name = realm == std::string::npos ? std::string() : url.path.substr(realm + 8);
    if (name.empty() || name.find('/') != std::string::npos) {
      error("issuer", "keycloak: an issuer ends in '/realms/' and the realm's name, without '/'");
    }
  }

  // One tenant a section: 'common' stands for all of them, and their keys are the same.
  void entra(const issuer::HttpsUrl& url) {
    const bool old = config_.issuer.starts_with(kEntraOld);
    const std::string& path = url.path;
    const std::string tenant = path.size() > kGuid.size() ? path.substr(1, kGuid.size()) : "";
    const bool known = old || std::find(kEntraHosts.begin(), kEntraHosts.end(), url.origin.host) !=
                                  kEntraHosts.end();
    const std::string rest = old ? "/" : "/v2.0";
    if (!known || !is_guid(tenant) || path != '/' + tenant + rest) {
      error("issuer",
            "entra: the issuer is https://login.microsoftonline.com/TENANT/v2.0 (or, of v1.0 "
            "tokens, https://sts.windows.net/TENANT/) with the tenant's id, a GUID in lower case; "
            "'common', 'organizations' and names stand for no one tenant");
    } else if (tenant == kConsumers) {
      error("issuer", "entra: that tenant is everybody's personal Microsoft account");
    } else if (old && !set(Section::issuer, "discovery_url") && !set(Section::issuer, "jwks_uri") &&
               !config_.local_keys()) {
      // The metadata of v1.0 name this issuer and lie, like their keys, at the other origin.
      config_.discovery_url =
          "https://login.microsoftonline.com/" + tenant + "/.well-known/openid-configuration";
      issuer_.from_preset.push_back(find_key(Section::issuer, "discovery_url"));
    }
    binds({"oid", "sub"});
    for (const std::string& claim : config_.claims.naming_claims()) {
      if (claim != "preferred_username" && claim != "unique_name" && claim != "name") continue;
      warn(Section::user, "claim",
           "entra: " + quoted(claim) + " is for display and may change; 'upn' is the login name");
    }
  }

  // What is there must tell one from the next: a tenant or an owner has many.
  void binds(std::initializer_list<std::string_view> enough) {
    const auto& bound = config_.claims.bind_claims;
    if (bound.empty() || std::any_of(bound.begin(), bound.end(), [&](const std::string& name) {
          return std::find(enough.begin(), enough.end(), name) != enough.end();
        }))
      return;
    warn(Section::user, "bind",
         config_.provider + ": without '" + std::string(*enough.begin()) +
             "' these claims are those of many");
  }

  void okta(const issuer::HttpsUrl& url) {
    if (takes(TokenKind::access) && !url.path.starts_with("/oauth2/")) {
      error("issuer",
            "okta: access tokens of the org authorization server are for Okta itself and cannot be "
            "verified; use a custom one (https://ORG.okta.com/oauth2/NAME), or 'tokens: [ id ]'");
    }
    if (takes(TokenKind::access) && takes(TokenKind::id) && !names_itself()) {
      error("user",
            "okta: access tokens name the user in 'sub', ID tokens in 'preferred_username'; with "
            "both set 'user.claim', or use two issuers");
    }
  }

  // Anybody can have a Google account for an address of any domain; `hd` says that the domain's
  // owner manages it.
  void google(const issuer::HttpsUrl& /*url*/) {
    exactly({"https://accounts.google.com"});
    if (takes(TokenKind::access))
      error("tokens", "google: access tokens are opaque; take ID tokens");
    if (!demands("hd")) {
      error("require",
            "google: without 'require: { hd: YOUR-DOMAIN }' any Google account could sign in");
    }
  }

  void auth0(const issuer::HttpsUrl& url) {
    if (url.path != "/") error("issuer", "auth0: an issuer is its origin with a '/' at the end");
    for (const std::string& audience : config_.claims.audiences) {
      if (audience.ends_with("/userinfo") || audience.ends_with("/api/v2/")) {
        error("audiences", "auth0: " + quoted(audience) +
                               " is Auth0's own API, whose tokens every application gets");
      }
    }
    if (!names_itself()) {
      error("user",
            "auth0: tokens have no claim that names a local user by themselves, and 'nickname' is "
            "not unique; add one by an Action and name it in 'user.claim'");
    }
  }

  // A job's author chooses its token's audience, so the project must be told apart by its number.
  void gitlab(const issuer::HttpsUrl& /*url*/) {
    constexpr std::array<std::string_view, 13> kOfJobs = {
        "environment", "ref",        "ref_path",   "project_path", "namespace_path",
        "project_id",  "user_login", "user_email", "user_id",      "namespace_id",
        "job_id",      "sub",        "pipeline_id"};
    const auto naming = config_.claims.naming_claims();
    const bool jobs = std::any_of(naming.begin(), naming.end(), [&](const std::string& name) {
      return std::find(kOfJobs.begin(), kOfJobs.end(), name) != kOfJobs.end();
    });
    if (jobs && !demands("project_id")) {
      error("require",
            "gitlab: tokens of jobs need 'require: { project_id: \"NUMBER\" }'; any project's job "
            "can ask for any audience");
    }
    // As with GitHub's: a job of any branch names any environment that is not protected.
    constexpr std::array<std::string_view, 6> kOfTheProject = {
        "ref", "ref_path", "ref_protected", "environment", "environment_protected", "sub"};
    if (std::find(naming.begin(), naming.end(), "environment") != naming.end() &&
        std::none_of(kOfTheProject.begin(), kOfTheProject.end(),
                     [this](std::string_view name) { return demands(name); })) {
      warn(Section::issuer, "require",
           "gitlab: a job of any branch of the project can name any environment that is not "
           "protected; require 'ref_protected: \"true\"' or 'environment_protected: \"true\"'");
    }
  }

  void github_actions(const issuer::HttpsUrl& url) {
    constexpr std::string_view kPublic = "https://token.actions.githubusercontent.com";
    if (url.origin.text() == kPublic ? url.path == "/" : url.path != "/_services/token") {
      error("issuer",
            "github-actions: the issuer is https://token.actions.githubusercontent.com (an "
            "enterprise may have its name behind it) or https://HOSTNAME/_services/token");
    }
    binds({"repository_id", "sub"});
    if (!demands("repository_id") && !demands("repository")) {
      error("require",
            "github-actions: without 'require: { repository_id: \"NUMBER\" }' the jobs of every "
            "repository in the world could sign in");
    } else if (!demands("repository_id")) {
      warn(Section::issuer, "require",
           "github-actions: a repository's name can pass to others; require 'repository_id'");
    }
    // Whoever may push a branch writes its workflow, and an environment that nobody made comes into
    // being when a job names it.
    if (!demands("ref") && !demands("sub") && !demands("environment") &&
        !demands("job_workflow_ref") && !demands("workflow_ref")) {
      warn(Section::issuer, "require",
           "github-actions: any branch of the repository can name any environment that has no "
           "rules; require 'ref' as well, or 'environment', 'sub' or 'job_workflow_ref'");
    }
    for (const std::string& audience : config_.claims.audiences) {
      if (!audience.starts_with("https://github.com/")) continue;
      warn(Section::issuer, "audiences",
           "github-actions: " + quoted(audience) +
               " is what a job gets that asks for no audience, and every receiver gets the same");
    }
  }

  void kubernetes(const issuer::HttpsUrl& /*url*/) {
    const auto& audiences = config_.claims.audiences;
    if (std::find(audiences.begin(), audiences.end(), config_.issuer) != audiences.end()) {
      error("audiences",
            "kubernetes: the issuer as audience means the API server, for which every pod has a "
            "token; project one with an audience of its own");
    }
    if (!demands("sub") && !demands("kubernetes.io.namespace") &&
        !demands("kubernetes.io.serviceaccount.uid")) {
      error("require",
            "kubernetes: service accounts of one name are in every namespace; require 'sub' "
            "(system:serviceaccount:NAMESPACE:NAME), \"kubernetes.io.namespace\" or "
            "\"kubernetes.io.serviceaccount.uid\"");
    }
  }

  void exactly(std::initializer_list<std::string_view> issuers) {
    if (std::find(issuers.begin(), issuers.end(), config_.issuer) != issuers.end()) return;
    error("issuer", config_.provider + ": the issuer is " + std::string(*issuers.begin()));
  }

  bool takes(TokenKind kind) const {
    const auto& kinds = config_.claims.kinds;
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  // The claim must be one of some values that are written here.
  bool demands(std::string_view name) const {
    using Match = RequiredClaim::Match;
    return std::any_of(config_.claims.require.begin(), config_.claims.require.end(),
                       [&](const RequiredClaim& each) {
                         return each.name == name &&
                                (each.match == Match::equals || each.match == Match::one_of);
                       });
  }

  // The section says who the user is.
  bool names_itself() const {
    return set(Section::user, "claim") || set(Section::user, "template") ||
           set(Section::user, "table");
  }

  bool set(Section section, std::string_view name) const {
    return instance_.seen.contains(find_key(section, name));
  }

  Place at(Section section, std::string_view name) const {
    const auto it = instance_.seen.find(find_key(section, name));
    return it == instance_.seen.end() ? instance_.place : it->second;
  }

  void error(std::string_view name, std::string message) {
    reader_.error(at(Section::issuer, name), std::move(message));
  }

  void warn(Section section, std::string_view name, std::string message) {
    const Place place = at(section, name);
    warnings_.push_back({place.file, place.line, place.column, std::move(message)});
  }

  Issuer& issuer_;
  issuer::IssuerConfig& config_;
  const Instance& instance_;
  Reader& reader_;
  std::vector<ConfigError>& warnings_;
};

}  // namespace

void check_preset(Issuer& issuer, const Instance& instance, Reader& reader,
                  std::vector<ConfigError>& warnings) {
  if (!issuer.config.provider.empty()) Rules(issuer, instance, reader, warnings).run();
}

}  // namespace latchkey::config
