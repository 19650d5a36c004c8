// SPDX-License-Identifier: Apache-2.0
//
// Who may use what.
#include "core/config/key_slots.h"

namespace latchkey::config {
namespace {

using Claims = std::vector<claims::RequiredClaim>;

constexpr std::string_view kTimesMeaning =
    "Days, times of the day, or both, by the host's own clock and time zone: mon-fri 08:00-18:00; "
    "sat+sun; 22:00-06:00. A time over midnight belongs to the day on which it begins.";

// clang-format off
constexpr auto kAccessKeys = std::to_array<Key>({
  // ---- access[]
  {.section = Section::rule, .name = "name", .slot = RULE(Text, name), .form = &kLabel, .rule = Rule::shown, .example = "developers log in",
   .meaning = "How explanations call the rule. Default: its place, such as access[1]."},
  {.section = Section::rule, .name = "services", .slot = RULE(List, services), .form = &kService, .rule = Rule::required | Rule::nonempty,
   .example = "[ sshd ]",
   .meaning = "The PAM services that the rule is about; \"*\" is any."},
  {.section = Section::rule, .name = "hosts", .slot = RULE(List, hosts), .form = &kShortName, .rule = Rule::nonempty,
   .example = "[ prod ]",
   .meaning = "Labels: on a host that has none of them ('labels') the rule is passed over. Where the key is absent, the rule is for every host."},
  {.section = Section::rule, .name = "accounts", .slot = RULE(List, accounts), .form = &kLocalName, .rule = Rule::nonempty,
   .example = "[ deploy ]",
   .meaning = "Shared accounts: whoever meets the conditions may be these accounts, and the rule is about nothing else. An account that a rule lists is nobody's own name any more: it is opened by such rules alone, to a token that is shown (no SSH key, no sudo within its timestamp), and it takes none of the person's groups. A rule that denies and has no 'accounts' keeps people out of these accounts, too."},
  {.section = Section::rule, .name = "end_session_at_expiry", .slot = RULE(bool, end_session_at_expiry),
   .example = "true",
   .meaning = "true: a session that this rule let in ends when its token does, the issuer's 'leeway' later. Else it outlives the token and ends by a revocation only (docs/SESSIONS.md)."},
  {.section = Section::rule, .name = "allow", .slot = SectionSlot{Section::allow}, .rule = Rule::shown,
   .meaning = "Whom it lets in: all conditions together; within a list one member is enough. A rule has this or 'deny'."},
  {.section = Section::rule, .name = "deny", .slot = SectionSlot{Section::deny},
   .meaning = "Whom it keeps out, in the same way, whatever a later rule says: rules are tried from first to last. Where nobody knows whether a condition holds, it counts here as if it did."},

  // ---- access[].allow
  {.section = Section::allow, .name = "users", .slot = RULE(List, users), .form = &kLocalName, .rule = Rule::nonempty,
   .example = "[ alice ]",
   .meaning = "People's own local names, also in a rule with 'accounts'. Without that key the only way to root and other accounts with a uid below 1000."},
  {.section = Section::allow, .name = "groups", .slot = RULE(List, groups), .form = &kLocalName, .rule = Rule::nonempty | Rule::shown,
   .example = "[ developers, sre ]",
   .meaning = "Local groups that the issuer's map gave; other memberships on the host do not count."},
  {.section = Section::allow, .name = "issuers", .slot = RULE(List, issuers), .form = &kShortName, .rule = Rule::nonempty,
   .example = "[ corp ]",
   .meaning = "Names of issuers."},
  {.section = Section::allow, .name = "claims", .slot = RULE(Claims, claims), .form = &kAnyText, .rule = Rule::nonempty,
   .example = "{ department: platform, \"assurance.level\": { min: 2 } }",
   .meaning = "What claims of the token must say, written as under 'require' of an issuer, which is also the place for e-mail addresses. It is looked at when a token is shown; whoever comes without one is judged by the last token, and by a rule that is newer than that he is not let in."},
  {.section = Section::allow, .name = "networks", .slot = RULE(List, networks), .form = &kNetwork, .rule = Rule::nonempty,
   .example = "[ 10.0.0.0/8, \"2001:db8::/32\" ]",
   .meaning = "Networks or addresses from which the peer comes, as sshd says (PAM_RHOST; sshd_config must not say 'UseDNS yes'). Where no peer is, at a console and in sudo, it does not hold."},
  {.section = Section::allow, .name = "times", .slot = RULE(List, times), .form = &kTimeSpan, .rule = Rule::nonempty,
   .example = "[ mon-fri 08:00-18:00 ]",
   .meaning = kTimesMeaning},
  {.section = Section::allow, .name = "acr", .slot = RULE(List, acr), .form = &kAnyText, .rule = Rule::nonempty,
   .example = "[ mfa ]",
   .meaning = "Authentication context classes of which the token must have one. Needs a live token login, so a call within sudo's timestamp is refused."},
  {.section = Section::allow, .name = "amr", .slot = RULE(List, amr), .form = &kAnyText, .rule = Rule::nonempty,
   .example = "[ hwk, otp ]",
   .meaning = "Authentication methods of which the token must have one. Needs a live token login, so a call within sudo's timestamp is refused."},
  {.section = Section::allow, .name = "max_auth_age", .slot = RULE(MaybeSeconds, max_auth_age), .range = {kSecond, 365 * kDay},
   .example = "15m",
   .meaning = "How long ago the user may have authenticated at the provider ('auth_time'). Needs a live token login, so a call within sudo's timestamp is refused."},
  {.section = Section::allow, .name = "anyone", .slot = RULE(bool, anyone), .example = "true",
   .meaning = "true: no condition at all, whoever has an accepted token for a regular account. Stands alone."},

  // ---- access[].deny
  {.section = Section::deny, .name = "users", .slot = RULE(List, users), .form = &kLocalName, .rule = Rule::nonempty,
   .example = "[ mallory ]",
   .meaning = "People's own local names; of shared accounts under 'accounts'."},
  {.section = Section::deny, .name = "groups", .slot = RULE(List, groups), .form = &kLocalName, .rule = Rule::nonempty,
   .example = "[ contractors ]",
   .meaning = "Local groups that the issuer's map gave, also those that this host does not have. A token without the group claim is kept out too: the provider must send it of everybody, empty or not."},
  {.section = Section::deny, .name = "issuers", .slot = RULE(List, issuers), .form = &kShortName, .rule = Rule::nonempty,
   .example = "[ corp ]",
   .meaning = "Names of issuers."},
  {.section = Section::deny, .name = "claims", .slot = RULE(Claims, claims), .form = &kAnyText, .rule = Rule::nonempty,
   .example = "{ employment: external }",
   .meaning = "What claims of the token say, written as under 'require' of an issuer. A token that does not have the claim, or has one of another kind, is kept out too, but by { present: true }: the provider must send it of everybody. Whoever comes without a token, and showed his last one before the rule was made, is kept out until he shows one."},
  {.section = Section::deny, .name = "networks", .slot = RULE(List, networks), .form = &kNetwork, .rule = Rule::nonempty,
   .example = "[ 192.0.2.0/24 ]",
   .meaning = "Networks or addresses from which the peer comes. A peer that sshd knows by name alone ('UseDNS yes') is kept out."},
  {.section = Section::deny, .name = "times", .slot = RULE(List, times), .form = &kTimeSpan, .rule = Rule::nonempty,
   .example = "[ sat+sun, \"22:00-06:00\" ]",
   .meaning = kTimesMeaning},
  {.section = Section::deny, .name = "anyone", .slot = RULE(bool, anyone), .example = "true",
   .meaning = "true: everybody. Stands alone."},
});
// clang-format on

}  // namespace

std::span<const Key> access_keys() { return kAccessKeys; }

}  // namespace latchkey::config
