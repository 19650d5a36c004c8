// SPDX-License-Identifier: Apache-2.0
#include "core/config/access_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/config/access_reach.h"
#include "core/config/dump.h"
#include "core/jose/sha256.h"

namespace latchkey::config {
namespace {

using policy::AccessRule;

template <typename Value>
bool contains(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Both are required of the same claim, and nothing is both.
bool contradict(const claims::RequiredClaim& a, const claims::RequiredClaim& b) {
  using Match = claims::RequiredClaim::Match;
  const auto lists = [](const claims::RequiredClaim& claim) {
    return claim.match == Match::equals || claim.match == Match::one_of;
  };
  return a.name == b.name && lists(a) && lists(b) &&
         std::none_of(a.values.begin(), a.values.end(),
                      [&](const auto& value) { return contains(b.values, value); });
}

class AccessChecker {
 public:
  AccessChecker(Config& config, Reader& reader, std::vector<ConfigError>& warnings)
      : config_(config), reader_(reader), warnings_(warnings) {}

  void run() {
    for (Issuer& issuer : config_.issuers) groups(issuer);
    shared_accounts();
    for (std::size_t i = 0; i < config_.access.size(); ++i) {
      derive(config_.access[i], reader_.rules()[i]);
      rule(config_.access[i], reader_.rules()[i]);
      claims(config_.access[i], reader_.rules()[i]);
    }
    reached();
    labels();
    allows_somebody();
  }

 private:
  static bool set(const Instance& instance, Section section, std::string_view name) {
    return instance.seen.contains(find_key(section, name));
  }

  // Where the key was set, else where its section starts.
  static Place at(const Instance& instance, Section section, std::string_view name) {
    const auto it = instance.seen.find(find_key(section, name));
    return it == instance.seen.end() ? instance.place : it->second;
  }

  static Section section_of(const AccessRule& rule) {
    return rule.denies ? Section::deny : Section::allow;
  }

  void warn(const Place& place, std::string message) {
    warnings_.push_back({place.file, place.line, place.column, std::move(message)});
  }

  void derive(AccessRule& rule, const Instance& instance) const {
    rule.denies = set(instance, Section::rule, "deny");
    rule.here = rule.hosts.empty() ||
                std::any_of(rule.hosts.begin(), rule.hosts.end(),
                            [&](const auto& label) { return contains(config_.labels, label); });
  }

  void rule(const AccessRule& rule, const Instance& instance) {
    const bool allows = set(instance, Section::rule, "allow");
    if (allows == rule.denies) {
      reader_.error(instance.place, allows ? "a rule has 'allow' or 'deny', this one has both"
                                           : "a rule needs 'allow' or 'deny', to say whom");
      return;
    }
    conditions(rule, instance);
    accounts(rule, instance);
    if (rule.denies && rule.end_session_at_expiry) {
      reader_.error(at(instance, Section::rule, "end_session_at_expiry"),
                    "a rule that denies opens no session");
    }
    peers(rule, instance);
    const Section section = section_of(rule);
    for (const auto& name : rule.issuers) {
      if (config_.find_issuer_by_name(name) < 0) {
        reader_.error(at(instance, section, "issuers"), "there is no issuer named " + quoted(name));
      }
    }
    for (const auto& group : rule.groups) {
      if (!given(rule, group)) {
        warn(at(instance, section, "groups"),
             (rule.issuers.empty() ? "no issuer's 'groups.map' gives the group "
                                   : "no 'groups.map' of the rule's issuers gives the group ") +
                 quoted(group));
      }
    }
  }

  // Of every host, whichever labels this one has: a name must not be somebody's own on the hosts
  // for which no rule grants it.
  void shared_accounts() {
    std::set<std::string> shared;
    for (const AccessRule& rule : config_.access)
      shared.insert(rule.accounts.begin(), rule.accounts.end());
    config_.shared_accounts.assign(shared.begin(), shared.end());
  }

  void accounts(const AccessRule& rule, const Instance& instance) {
    for (const std::string& account : rule.accounts) {
      if (contains(config_.managed.unmanaged, account)) {
        const std::string what = quoted(account) + " is under 'unmanaged', so no rule can grant it";
        const Place place = at(instance, Section::rule, "accounts");
        // One file serves a fleet, in which another host may have it managed.
        rule.here ? reader_.error(place, what) : warn(place, what);
      }
    }
    for (const std::string& user : rule.users) {
      if (!config_.shares(user)) continue;
      warn(at(instance, section_of(rule), "users"),
           quoted(user) +
               " is a shared account and nobody's own name; a rule about it lists it "
               "under 'accounts'");
    }
    for (const Issuer& issuer : config_.issuers) named_by_table(rule, instance, issuer);
  }

  void named_by_table(const AccessRule& rule, const Instance& instance, const Issuer& issuer) {
    for (const auto& [value, users] : issuer.config.claims.user_table) {
      for (const std::string& user : users) {
        if (!contains(rule.accounts, user)) continue;
        warn(at(instance, Section::rule, "accounts"),
             quoted(user) + " is a shared account, so the 'user.table' of issuer " +
                 quoted(issuer.config.name) + " names nobody by it");
      }
    }
  }

  // An empty 'allow' would let everybody in, so that must be said aloud, and so must its contrary.
  void conditions(const AccessRule& rule, const Instance& instance) {
    const Section section = section_of(rule);
    const auto count =
        std::count_if(instance.seen.begin(), instance.seen.end(), [&](const auto& each) {
          return each.first->section == section && each.first->name != "anyone";
        });
    const auto place = at(instance, Section::rule, rule.denies ? "deny" : "allow");
    if (rule.anyone && count > 0) {
      reader_.error(place, "'anyone' stands alone: there are other conditions");
    } else if (!set(instance, section, "anyone") && count == 0) {
      reader_.error(place, rule.denies ? "'deny' names nobody; to keep everybody out write "
                                         "{ anyone: true }"
                                       : "'allow' names nobody; to let in whoever has an accepted "
                                         "token write { anyone: true }");
    }
  }

  bool is_for(const AccessRule& rule, const Issuer& issuer) const {
    return rule.issuers.empty() || contains(rule.issuers, issuer.config.name);
  }

  bool given(const AccessRule& rule, const std::string& group) const {
    return std::any_of(config_.issuers.begin(), config_.issuers.end(), [&](const Issuer& issuer) {
      const auto& map = issuer.groups.groups;
      return is_for(rule, issuer) && std::any_of(map.begin(), map.end(), [&](const auto& entry) {
               return contains(entry.second, group);
             });
    });
  }

  // That a token had its groups is remembered by where they were looked for.
  void groups(Issuer& issuer) {
    auto& claims = issuer.config.claims;
    if (claims.group_claim.empty()) return;
    const bool words = claims.group_form == claims::GroupForm::words;
    const auto digest =
        jose::sha256_hex("groups\n" + claims.group_claim + (words ? "\nwords" : "\nlist"));
    if (!digest) return reader_.error(Place{}, "no digest could be made");
    claims.groups_known = '+' + digest->substr(0, kIdDigits);
  }

  // What the rule asks of claims is judged when a token is validated; its id follows from that
  // alone, so that it is the same after a restart.
  void claims(AccessRule& rule, const Instance& instance) {
    const Place place = at(instance, section_of(rule), "claims");
    for (const auto& claim : rule.claims) {
      // Whether one counts is said by the issuer's section, with what must vouch for it.
      if (claim.is_email()) {
        reader_.error(place,
                      "an e-mail address is asked for under 'require' of the issuer, not by a "
                      "rule: " +
                          quoted(claim.name));
      }
      const auto digest = jose::sha256_hex(claim.name + '\n' + dump(claim));
      if (!digest) return reader_.error(place, "no digest could be made");
      const std::string id = digest->substr(0, kIdDigits);
      rule.claim_ids.push_back(id);
      for (Issuer& issuer : config_.issuers)
        if (is_for(rule, issuer)) add_condition(issuer, claim, id, place);
      if (never_holds(rule, claim)) {
        warn(place, "it can never hold: " + quoted(claim.name) +
                        " must be something else under 'require' of every issuer of the rule");
      }
    }
  }

  void add_condition(Issuer& issuer, const claims::RequiredClaim& claim, const std::string& id,
                     const Place& place) {
    auto& all = issuer.config.claims.conditions;
    if (std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.claim == claim; }))
      return;
    if (all.size() == limits::kRuleClaims) {
      return reader_.error(place, "the rules ask more than " + std::to_string(all.size()) +
                                      " things of claims of issuer " + quoted(issuer.config.name));
    }
    all.push_back({claim, '+' + id, '-' + id});
  }

  bool never_holds(const AccessRule& rule, const claims::RequiredClaim& claim) const {
    const auto excludes = [&](const Issuer& issuer) {
      const auto& required = issuer.config.claims.require;
      return !is_for(rule, issuer) ||
             std::any_of(required.begin(), required.end(),
                         [&](const auto& each) { return contradict(each, claim); });
    };
    return !config_.issuers.empty() &&
           std::all_of(config_.issuers.begin(), config_.issuers.end(), excludes);
  }

  void reached() {
    for (const Shadow& shadow : find_shadows(config_.access)) {
      const AccessRule& before = config_.access[shadow.earlier];
      const AccessRule& rule = config_.access[shadow.later];
      const bool system = shadow.left == Left::system_accounts;
      std::string text = "the rule " + quoted(rule.name);
      text += system        ? " denies nobody but system accounts"
              : rule.denies ? " can never deny"
                            : " can never allow";
      text += ": the rule " + quoted(before.name);
      text += " (" + before.source;
      text += before.denies ? ") denies" : ") allows";
      text += system ? " everybody else before it" : " whom it is for before it";
      warn(reader_.rules()[shadow.later].place, text);
    }
  }

  // Labels that are missing or mistyped pass over rules without a word.
  void labels() {
    std::set<std::string> named;
    for (const AccessRule& rule : config_.access)
      named.insert(rule.hosts.begin(), rule.hosts.end());
    const auto place = reader_.root().find(find_key(Section::root, "labels"));
    if (!named.empty() && config_.labels.empty())
      warn({}, "rules are for hosts with labels, and this one has none ('labels')");
    for (const std::string& label : config_.labels) {
      if (!named.contains(label) && place != reader_.root().end())
        warn(place->second, "no rule is for hosts with the label " + quoted(label));
    }
  }

  void allows_somebody() {
    const auto& rules = config_.access;
    if (!rules.empty() && std::all_of(rules.begin(), rules.end(), [](const AccessRule& rule) {
          return rule.denies || !rule.here;
        })) {
      warn({}, "no access rule of this host allows anybody, so nobody can sign in");
    }
  }

  // sudo says nothing of a peer.
  void peers(const AccessRule& rule, const Instance& instance) {
    if (rule.networks.empty() ||
        !std::all_of(rule.services.begin(), rule.services.end(), [&](const std::string& service) {
          return contains(config_.sudo_services, service);
        }))
      return;
    warn(at(instance, section_of(rule), "networks"),
         "it never holds: a sudo comes from no network");
  }

  static constexpr std::size_t kIdDigits = 16;

  Config& config_;
  Reader& reader_;
  std::vector<ConfigError>& warnings_;
};

}  // namespace

void check_access(Config& config, Reader& reader, std::vector<ConfigError>& warnings) {
  AccessChecker(config, reader, warnings).run();
}

}  // namespace latchkey::config
