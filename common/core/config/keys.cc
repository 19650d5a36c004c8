// SPDX-License-Identifier: Apache-2.0
#include "core/config/keys.h"

#include <algorithm>

#include "core/config/key_slots.h"

namespace latchkey::config {
namespace {

constexpr std::array kTerminate = {Names("session"), Names("user")};

// clang-format off
constexpr auto kRootKeys = std::to_array<Key>({
  // ---- the file itself
  {.section = Section::root, .name = "version", .slot = VersionSlot{}, .rule = Rule::required, .example = "1",
   .meaning = "The version of this format: 1. Required in the main file; a file of conf.d may leave it out."},
  {.section = Section::root, .name = "issuers", .slot = SectionListSlot{Section::issuer}, .rule = Rule::append | Rule::nonempty,
   .meaning = "The identity providers whose tokens are taken. A token's 'iss' chooses among them and decides nothing else."},
  {.section = Section::root, .name = "access", .slot = SectionListSlot{Section::rule}, .rule = Rule::append,
   .example = "  - name: administrators use sudo\n    services: [ sudo, sudo-i ]\n    allow: { groups: [ sre ] }\n",
   .meaning = "Who may use which service. The first rule that is for service and host and whose conditions all hold decides. What no rule allows is refused."},
  {.section = Section::root, .name = "labels", .slot = ROOT(List, labels), .form = &kShortName, .rule = Rule::append,
   .example = "[ prod, web ]",
   .meaning = "What this host is called by rules ('access[].hosts'). Everything else may be the same file on a whole fleet: the labels of a host stand in a file of their own in conf.d."},
  {.section = Section::root, .name = "managed", .slot = ROOT(List, managed.managed), .form = &kLocalName, .rule = Rule::append,
   .example = "[ alice, bob ]",
   .meaning = "Local names that are Latchkey's to judge. Where this key is absent, that is every local name with a uid of 1000 and more (nobody excepted). A name that has signed in with a token once is managed in any case."},
  {.section = Section::root, .name = "unmanaged", .slot = ROOT(List, managed.unmanaged), .form = &kLocalName, .rule = Rule::append,
   .example = "[ backup-admin ]",
   .meaning = "Local names that are never managed: they sign in with a key, about which the rest of the PAM stack decides, and never with a token. A password is asked only of names that the stack leads past Latchkey (the bypass lines of the examples). Wins over 'managed'."},
  {.section = Section::root, .name = "sudo_services", .slot = ROOT(List, sudo_services), .form = &kPlainService,
   .standard = "[sudo, sudo-i]", .example = "[ sudo, sudo-i ]",
   .meaning = "PAM services that act for one user on behalf of another: in setcred and session calls PAM_RUSER is the person and PAM_USER the target. An answer holds at most 500 bytes there."},
  {.section = Section::root, .name = "max_claims_age", .slot = ROOT(seconds, max_claims_age), .range = {kMinute, 365 * kDay},
   .standard = "1d", .example = "24h",
   .meaning = "How long the claims of the last token sign-in speak for a user who comes without a token (with a public key, within sudo's timestamp, by cron)."},
  {.section = Section::root, .name = "remembered_tokens", .slot = ROOT(std::size_t, remembered_tokens), .range = {0, 1'000'000},
   .standard = "10000", .example = "10000",
   .meaning = "How many verified tokens are remembered so that their signature is not computed again. Expiry, revocation and rules are judged anew each time."},
  {.section = Section::root, .name = "remembered_decisions", .slot = ROOT(std::size_t, remembered_decisions), .range = {1, 100'000},
   .standard = "1000", .example = "1000",
   .meaning = "How many decisions 'latchkeyctl explain' can look back on; a quarter of them at most is of one source."},
  {.section = Section::root, .name = "log_level", .slot = ROOT(Text, log_level), .form = &kLogLevel, .standard = "info", .example = "info",
   .meaning = "What is logged: error, warning, notice, info or debug. No level logs a token or a part of one."},
  {.section = Section::root, .name = "sessions", .slot = SectionSlot{Section::sessions},
   .meaning = "How a session ends whose token, subject, key or user was revoked (docs/SESSIONS.md)."},
  {.section = Section::root, .name = "accounts", .slot = SectionSlot{Section::accounts},
   .meaning = "Accounts for people who are known nowhere (docs/ACCOUNTS.md): latchkeyd writes them to the names file, latchkey-namesd serves them (docs/NAMES.md)."},
  {.section = Section::root, .name = "budgets", .slot = SectionSlot{Section::budgets},
   .meaning = "What one source may use: a source is the service with the peer's address (/32 or /64), for sudo the invoking user."},
  {.section = Section::root, .name = "revocation", .slot = SectionSlot{Section::revocation},
   .meaning = "Where revocations come from besides 'latchkeyctl revoke'. What one source revokes, no other takes back."},

  // ---- accounts
  {.section = Section::accounts, .name = "make", .slot = ROOT(bool, accounts.make), .example = "true",
   .meaning = "Whether a first sign-in makes an account where the name is known nowhere. Without it, accounts that were made stay and are served. Needs libnss-systemd and 'systemd' in nsswitch.conf; where that names any source besides 'files' and 'systemd' no account is made, since latchkeyd cannot ask it whose a name is."},
  {.section = Section::accounts, .name = "ids", .slot = ROOT(Text, accounts.ids), .form = &kIdRange,
   .standard = "1879048192-2147352575", .example = "1879048192-2147352575",
   .meaning = "The range of uids and gids. The id is computed from the name, so a fleet has one range: another one gives the same name another id on that host. Accounts that exist keep theirs."},
  {.section = Section::accounts, .name = "home", .slot = ROOT(Text, accounts.home), .form = &kHomeTemplate, .standard = "/home/%u", .example = "/home/%u",
   .meaning = "The home of a new account; %u is the name. pam_mkhomedir makes it and copies the skeleton."},
  {.section = Section::accounts, .name = "shell", .slot = ROOT(Text, accounts.shell), .form = &kNamesPath, .standard = "/bin/bash", .example = "/usr/bin/zsh",
   .meaning = "The login shell of a new account."},
  {.section = Section::accounts, .name = "groups", .slot = ROOT(List, accounts.groups), .form = &kLocalName, .example = "[ developers, operators ]",
   .meaning = "Groups that Latchkey makes where the host has none of that name, with a computed gid. A token's groups are mapped to them as to any local group. One that is taken out of this list loses its members and keeps its gid."},
  {.section = Section::accounts, .name = "reserved", .slot = ROOT(List, accounts.reserved), .form = &kLocalName, .example = "[ deploy, backup-agent ]",
   .meaning = "Names of which no account is made, besides those that systems and their packages use and every group that this configuration names. Names of services that hosts of the fleet have belong here, and names under 'exempt=' of the PAM module."},
  {.section = Section::accounts, .name = "enumerate", .slot = ROOT(bool, accounts.enumerate), .example = "true",
   .meaning = "Whether everybody on the host may list all accounts ('getent passwd'). Each can be asked for by name or id in any case."},
  {.section = Section::accounts, .name = "lock_unseen_after", .slot = ROOT(MaybeSeconds, accounts.lock_unseen_after), .range = {kDay, 3'650 * kDay}, .example = "90d",
   .meaning = "Locks an account that nobody has signed in to with a token for so long; 'latchkeyctl accounts unlock' opens it. Default: never."},

  // ---- sessions
  {.section = Section::sessions, .name = "grace", .slot = ROOT(seconds, sessions.grace), .range = {0, 5 * kMinute},
   .standard = "10s", .example = "10s",
   .meaning = "How long a session that is to end goes on after the line on its terminal that says so. 0s: it ends at once."},
  {.section = Section::sessions, .name = "terminate", .slot = ChoiceSlot{kTerminate,
     [](const Target& t) { return static_cast<std::size_t>(t.config->sessions.terminate); },
     [](const Target& t, std::size_t place) { t.config->sessions.terminate = static_cast<SessionsConfig::Terminate>(place); }},
   .standard = "session", .example = "user",
   .meaning = "What ends: the session that the login opened, or everything of its user: user@ services that linger, sessions of other logins, jobs of at and cron that run. Where there is no logind, the session in either case, but of a sudo. user takes --whole-user in the units of latchkey-endd and latchkey-endd-signal, too."},

  // ---- budgets
  {.section = Section::budgets, .name = "verify_cpu_per_second", .slot = ROOT(milliseconds, budgets.verify_cpu_per_second), .range = {1, kSecond},
   .standard = "50ms", .example = "50ms",
   .meaning = "CPU time that the tokens of one source may cost per second: their signatures, and reading them."},
  {.section = Section::budgets, .name = "verify_cpu_burst", .slot = ROOT(milliseconds, budgets.verify_cpu_burst), .range = {10, kMinute},
   .standard = "500ms", .example = "500ms",
   .meaning = "How much of it a source can save up."},
  {.section = Section::budgets, .name = "conversations", .slot = ROOT(std::size_t, budgets.conversations), .range = {8, 65'536},
   .standard = "1024", .example = "1024",
   .meaning = "Conversations that may be open at once."},
  {.section = Section::budgets, .name = "conversations_per_source", .slot = ROOT(std::size_t, budgets.conversations_per_source), .range = {1, 65'536},
   .standard = "64", .example = "64",
   .meaning = "Conversations that one source may have open at once."},
});
// clang-format on

std::vector<Key> joined() {
  std::vector<Key> all(kRootKeys.begin(), kRootKeys.end());
  for (const auto part : {issuer_keys(), access_keys(), revocation_keys()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> all = joined();
  return all;
}

std::vector<const Key*> keys_of(Section section) {
  std::vector<const Key*> out;
  for (const auto& key : keys()) {
    if (key.section == section) out.push_back(&key);
  }
  return out;
}

const Key* find_key(Section section, std::string_view name) {
  for (const auto& key : keys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace latchkey::config
