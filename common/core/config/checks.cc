// SPDX-License-Identifier: Apache-2.0
#include "core/config/checks.h"

#include <algorithm>
#include <set>

#include "core/accounts/local_accounts.h"
#include "core/base/text.h"
#include "core/claims/user_name.h"
#include "core/config/access_checks.h"
#include "core/config/introspection_checks.h"
#include "core/config/preset_rules.h"
#include "core/config/revocation_checks.h"
#include "core/config/source_checks.h"

namespace latchkey::config {
namespace {

using Parts = std::vector<claims::TemplatePart>;

class Checker {
 public:
  Checker(Config& config, Reader& reader) : config_(config), reader_(reader) {}

  std::vector<ConfigError> run() {
    root();
    unique(config_.issuers, reader_.issuers(), "name", Section::issuer,
           [](const Issuer& i) { return i.config.name; });
    unique(config_.issuers, reader_.issuers(), "issuer", Section::issuer,
           [](const Issuer& i) { return i.config.issuer; });
    unique(config_.access, reader_.rules(), "name", Section::rule,
           [](const policy::AccessRule& r) { return r.name; });
    for (std::size_t i = 0; i < config_.issuers.size(); ++i)
      issuer(config_.issuers[i], reader_.issuers()[i]);
    check_introspection(config_, reader_, warnings_);
    unique(config_.revocation.lists, reader_.lists(), "name", Section::revocation_list,
           [](const ListSource& list) { return list.feed.name; });
    unique(config_.revocation.lists, reader_.lists(), "issuer", Section::revocation_list,
           [](const ListSource& list) { return list.issuer; });
    unique(config_.revocation.streams, reader_.streams(), "name", Section::revocation_stream,
           [](const StreamSource& stream) { return stream.feed.name; });
    unique(config_.revocation.streams, reader_.streams(), "issuer", Section::revocation_stream,
           [](const StreamSource& stream) { return stream.issuer; });
    unique(config_.revocation.status_lists, reader_.status_lists(), "name",
           Section::revocation_status_list, [](const StatusListSource& list) { return list.name; });
    unique(config_.revocation.events, reader_.events(), "name", Section::revocation_events,
           [](const EventSource& events) { return events.feed.name; });
    check_revocation(config_, reader_);
    check_status_lists(config_, reader_);
    check_events(config_, reader_);
    check_access(config_, reader_, warnings_);
    return std::move(warnings_);
  }

 private:
  static bool set(const Seen& seen, Section section, std::string_view name) {
    return seen.contains(find_key(section, name));
  }

  // Where the key was set, else where its section starts.
  static Place at(const Instance& instance, Section section, std::string_view name) {
    const auto it = instance.seen.find(find_key(section, name));
    return it == instance.seen.end() ? instance.place : it->second;
  }

  void warn(const Place& place, std::string message) {
    warnings_.push_back({place.file, place.line, place.column, std::move(message)});
  }

  Place root_place(std::string_view name) const {
    const auto it = reader_.root().find(find_key(Section::root, name));
    return it == reader_.root().end() ? Place{} : it->second;
  }

  void root() {
    config_.managed.regular_users = !set(reader_.root(), Section::root, "managed");
    if (config_.access.empty()) warn({}, "there is no access rule, so nobody can sign in");
    if (config_.budgets.conversations_per_source > config_.budgets.conversations) {
      reader_.error(root_place("budgets"),
                    "'budgets.conversations_per_source' is more than 'budgets.conversations'");
    }
    const auto& managed = config_.managed;
    for (const auto& name : managed.managed) {
      if (std::find(managed.unmanaged.begin(), managed.unmanaged.end(), name) !=
          managed.unmanaged.end()) {
        warn(root_place("managed"),
             quoted(name) + " is under 'managed' and 'unmanaged': it is not managed");
      } else if (name == "root") {
        warn(root_place("managed"),
             "\"root\" is managed: keep another way in for the day when no token can be had");
      }
    }
  }

  template <typename Members, typename Value>
  void unique(const Members& members, const std::deque<Instance>& instances, std::string_view name,
              Section section, Value value) {
    std::map<std::string, Place> first;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto text = value(members[i]);
      if (text.empty()) continue;  // missing, which was said
      const auto place = at(instances[i], section, name);
      const auto [it, fresh] = first.try_emplace(text, place);
      if (fresh) continue;
      reader_.error(place, "the " + std::string(name) + ' ' + quoted(text) + " is taken, by " +
                               it->second.file + ':' + std::to_string(it->second.line));
    }
  }

  void issuer(Issuer& issuer, const Instance& instance) {
    auto& config = issuer.config;
    auto& claims = config.claims;
    check_sources(config, instance, reader_);
    check_preset(issuer, instance, reader_, warnings_);
    groups(issuer, instance);
    if (claims.typ.empty()) {
      for (const auto kind : claims.kinds) {
        if (kind == claims::TokenKind::access) claims.typ.emplace_back("at+jwt");
        if (kind == claims::TokenKind::id) claims.typ.insert(claims.typ.end(), {"jwt", "none"});
      }
    }
    user(issuer, instance);
    email(issuer, instance);
    if (config.min_fetch_interval > config.refresh_interval ||
        config.refresh_interval > config.max_stale) {
      reader_.error(at(instance, Section::issuer, "refresh_interval"),
                    "'min_fetch_interval' <= 'refresh_interval' <= 'max_stale' does not hold");
    }
    if (!config.max_refresh_interval && config.min_fetch_interval > config.max_stale / 2) {
      reader_.error(at(instance, Section::issuer, "max_stale"),
                    "'min_fetch_interval' is more than half of 'max_stale'");
      return;
    }
    const auto most = config.max_refresh_interval.value_or(config.min_fetch_interval);
    if (most < config.min_fetch_interval || most > config.max_stale / 2) {
      reader_.error(
          at(instance, Section::issuer, "max_refresh_interval"),
          "'min_fetch_interval' <= 'max_refresh_interval' <= half of 'max_stale' does not hold");
    }
  }

  // The claim may be known from the provider; it is read where there is a map for its values.
  void groups(Issuer& issuer, const Instance& instance) {
    const auto* claim = find_key(Section::groups, "claim");
    const auto preset = std::find(issuer.from_preset.begin(), issuer.from_preset.end(), claim);
    const bool mapped = set(instance.seen, Section::groups, "map");
    if (preset != issuer.from_preset.end()) {
      if (mapped) return;
      issuer.config.claims.group_claim.clear();
      issuer.from_preset.erase(preset);
    } else if (instance.seen.contains(claim) != mapped) {
      reader_.error(at(instance, Section::issuer, "groups"),
                    "'groups' needs both 'claim' and 'map'");
    }
  }

  // What says who the user is; and that a table gives names that a token can name at all.
  void user(const Issuer& issuer, const Instance& instance) {
    const auto& claims = issuer.config.claims;
    const auto is_set = [&](std::string_view name) {
      return set(instance.seen, Section::user, name);
    };
    if (int{is_set("claim")} + int{is_set("template")} + int{is_set("table")} > 1) {
      reader_.error(at(instance, Section::issuer, "user"),
                    "'user' has one of 'claim', 'template' and 'table'");
    }
    if (is_set("strip_suffix") && (is_set("template") || is_set("table"))) {
      reader_.error(at(instance, Section::user, "strip_suffix"),
                    "'strip_suffix' belongs to 'claim'");
    }
    if (is_set("table_claim") && !is_set("table"))
      reader_.error(at(instance, Section::user, "table_claim"), "'table_claim' needs 'table'");
    if (is_set("template")) {
      std::string filled;
      for (const auto& part : claims::parse_template(claims.user_template).value_or(Parts()))
        filled += part.claim ? "a" : part.text;
      if (!claims.user_template.empty() && !accounts::usable_name(filled))
        reader_.error(at(instance, Section::user, "template"),
                      "no token can name a user " + quoted(filled));
      for (const std::string& name : claims.naming_claims()) {
        if (!claims::names_email(name)) continue;
        reader_.error(at(instance, Section::user, "template"),
                      "no local name holds the '@' of " + quoted(name) +
                          "; take 'claim' with 'strip_suffix'");
      }
    }
    bind(claims, instance);
    for (const auto& [value, names] : claims.user_table) {
      for (const std::string& name : names) {
        if (accounts::usable_name(name)) continue;
        reader_.error(at(instance, Section::user, "table"),
                      "no token can name the user " + quoted(name) + ", for " + quoted(value));
      }
    }
  }

  // What a name is bound to must be a person's own, and not what makes the name.
  void bind(const claims::ClaimsPolicy& claims, const Instance& instance) {
    const Place place = at(instance, Section::user, "bind");
    const auto naming = claims.naming_claims();
    for (const std::string& name : claims.bind_claims) {
      const auto is = [&](const std::string& other) { return other == name; };
      const bool names = claims.user_table.empty() && std::any_of(naming.begin(), naming.end(), is);
      const bool everybodys =
          name == "iss" || name == "aud" ||
          std::any_of(claims.client_claims.begin(), claims.client_claims.end(), is);
      if (names) {
        reader_.error(place, "whoever has the name has " + quoted(name) + ": it binds nothing");
      } else if (everybodys) {
        reader_.error(place, quoted(name) + " is the same for everybody: it binds nothing");
      } else if (claims::names_email(name)) {
        reader_.error(place, "an e-mail address passes to others: bind to something that does not");
      }
    }
  }

  // An address without its domain is a name that anybody may choose at another provider of mail.
  void email(const Issuer& issuer, const Instance& instance) {
    const auto& claims = issuer.config.claims;
    const auto& suffixes = claims.user_strip_suffix;
    const bool domains = std::all_of(
        suffixes.begin(), suffixes.end(),
        [](const std::string& suffix) { return suffix.starts_with('@') && suffix.size() > 1; });
    const bool made = !claims.user_table.empty() || !claims.user_template.empty();
    if (!made && claims.user_is_email() && (suffixes.empty() || !domains)) {
      reader_.error(at(instance, Section::user, "claim"),
                    "a name from an e-mail address needs 'strip_suffix' with its domain, such as "
                    "\"@example.com\"");
    }
    const auto* key = find_key(Section::user, "email_verified_claim");
    const auto& preset = issuer.from_preset;
    if (instance.seen.contains(key) || std::find(preset.begin(), preset.end(), key) != preset.end())
      return;
    for (const std::string& name : claims.naming_claims()) {
      const bool looked_up = !claims.user_table.empty() && claims.user_is_email();
      if (claims::names_email(name) || looked_up)
        vouched(name, at(instance, Section::user, looked_up ? "table" : "claim"));
    }
    if (claims.groups_are_emails())
      vouched(claims.group_claim, at(instance, Section::groups, "claim"));
    for (const auto& required : claims.require) {
      if (required.is_email()) vouched(required.name, at(instance, Section::issuer, "require"));
    }
  }

  // OpenID Connect Core section 5.1: `email_verified` speaks of `email`, and of no other address.
  void vouched(const std::string& claim, const Place& place) {
    if (claim == "email") return;
    reader_.error(place, "'email_verified' speaks of 'email' and not of " + quoted(claim) +
                             ": 'user.email_verified_claim' must name what does, or be none");
  }

  Config& config_;
  Reader& reader_;
  std::vector<ConfigError> warnings_;
};

}  // namespace

std::vector<ConfigError> check(Config& config, Reader& reader) {
  return Checker(config, reader).run();
}

}  // namespace latchkey::config
