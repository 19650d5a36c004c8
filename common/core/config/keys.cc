// SPDX-License-Identifier: Apache-2.0
#include "core/config/keys.h"

#include <algorithm>
#include <array>

namespace latchkey::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// The place of a value, as a function that the table can hold.
// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses): a member's path is no value.
#define ROOT(type, member) Slot<type>([](const Target& t) -> type& { return t.config->member; })
#define ISSUER(type, member) Slot<type>([](const Target& t) -> type& { return t.issuer->member; })
#define LIST(type, member) Slot<type>([](const Target& t) -> type& { return t.list->member; })
#define STREAM(type, member) Slot<type>([](const Target& t) -> type& { return t.stream->member; })
#define STATUS(type, member) \
  Slot<type>([](const Target& t) -> type& { return t.status_list->member; })
#define EVENTS(type, member) Slot<type>([](const Target& t) -> type& { return t.events->member; })
#define RULE(type, member) Slot<type>([](const Target& t) -> type& { return t.rule->member; })
#define CHOICE(list, member)                                                               \
  ChoiceSlot {                                                                             \
    list, [](const Target& t) { return static_cast<std::size_t>(t.issuer->member); },      \
        [](const Target& t, std::size_t place) {                                           \
          t.issuer->member = static_cast<std::decay_t<decltype(t.issuer->member)>>(place); \
        }                                                                                  \
  }
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)

// The names of enumerators, in their order.
using Names = std::string_view;
constexpr std::array kModes = {Names("off"), Names("opaque_only"), Names("required")};
constexpr std::array kAuthentications = {Names("client_secret_basic"), Names("client_secret_post"),
                                         Names("private_key_jwt")};
constexpr std::array kAudiences = {Names("issuer"), Names("endpoint")};
constexpr std::array kAnswerForms = {Names("json"), Names("jwt")};
constexpr std::array kTerminate = {Names("session"), Names("user")};
constexpr std::array kStatusRules = {Names("heed"), Names("require"), Names("heed_known"),
                                     Names("ignore")};
constexpr std::array kWhenDown = {Names("refuse"), Names("signature")};

using Text = std::string;
using List = std::vector<std::string>;
using MaybeSeconds = std::optional<seconds>;

// clang-format off
constexpr auto kKeys = std::to_array<Key>({
  // ---- the file itself
  {.section = Section::root, .name = "version", .slot = VersionSlot{}, .rule = Rule::required, .example = "1",
   .meaning = "The version of this format: 1. Required in the main file; a file of conf.d may leave it out."},
  {.section = Section::root, .name = "issuers", .slot = SectionListSlot{Section::issuer}, .rule = Rule::append | Rule::nonempty,
   .meaning = "The identity providers whose tokens are taken. A token's 'iss' chooses among them and decides nothing else."},
  {.section = Section::root, .name = "access", .slot = SectionListSlot{Section::rule}, .rule = Rule::append,
   .example = "  - name: administrators use sudo\n    services: [ sudo, sudo-i ]\n    allow: { groups: [ sre ] }\n",
   .meaning = "Who may use which service. What no rule allows is refused."},
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
  {.section = Section::root, .name = "budgets", .slot = SectionSlot{Section::budgets},
   .meaning = "What one source may use: a source is the service with the peer's address (/32 or /64), for sudo the invoking user."},
  {.section = Section::root, .name = "revocation", .slot = SectionSlot{Section::revocation},
   .meaning = "Where revocations come from besides 'latchkeyctl revoke'. What one source revokes, no other takes back."},

  // ---- sessions
  {.section = Section::sessions, .name = "grace", .slot = ROOT(seconds, sessions.grace), .range = {0, 5 * kMinute},
   .standard = "10s", .example = "10s",
   .meaning = "How long a session that is to end goes on after the line on its terminal that says so. 0s: it ends at once."},
  {.section = Section::sessions, .name = "terminate", .slot = ChoiceSlot{kTerminate,
     [](const Target& t) { return static_cast<std::size_t>(t.config->sessions.terminate); },
     [](const Target& t, std::size_t place) { t.config->sessions.terminate = static_cast<SessionsConfig::Terminate>(place); }},
   .standard = "session", .example = "user",
   .meaning = "What ends: the session that the login opened, or everything of its user that logind knows, user@ services that linger and sessions of other logins among it. Where there is no logind, the session in either case. user takes --whole-user in latchkey-endd's unit, too."},

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

  // ---- issuers[]
  {.section = Section::issuer, .name = "name", .slot = ISSUER(Text, config.name), .form = &kShortName, .rule = Rule::required, .example = "corp",
   .meaning = "How logs, commands and files call it."},
  {.section = Section::issuer, .name = "issuer", .slot = ISSUER(Text, config.issuer), .form = &kIssuerUrl, .rule = Rule::required,
   .example = "https://id.example.com/realms/corp",
   .meaning = "The token's 'iss', compared byte for byte: a '/' at the end matters."},
  {.section = Section::issuer, .name = "provider", .slot = ISSUER(Text, config.provider), .form = &kProvider,
   .example = "keycloak",
   .meaning = "What the identity provider is: keycloak, entra, okta, google, auth0, gitlab, github-actions or kubernetes. Gives the keys of this section that are not set the values that fit (docs/providers), and refuses what is known to be unsafe there. 'latchkeyctl config dump' shows them."},
  {.section = Section::issuer, .name = "origins", .slot = ISSUER(List, config.origins), .form = &kOriginForm,
   .example = "[ \"https://keys.example.com\" ]",
   .meaning = "Origins besides the issuer's own that keys may be fetched from. Redirects are refused everywhere."},
  {.section = Section::issuer, .name = "discovery", .slot = ISSUER(Text, config.discovery), .form = &kDiscovery,
   .example = "oauth",
   .meaning = "Which standard says where the metadata lie: oidc (OpenID Connect Discovery 1.0: '/.well-known/openid-configuration' behind the issuer, the default) or oauth (RFC 8414: '/.well-known/oauth-authorization-server' between host and path). Both must name this very issuer."},
  {.section = Section::issuer, .name = "discovery_url", .slot = ISSUER(Text, config.discovery_url), .form = &kHttpsUrl,
   .example = "https://id.example.com/realms/corp/.well-known/openid-configuration",
   .meaning = "Where the provider's metadata lie. Default: by 'discovery'."},
  {.section = Section::issuer, .name = "jwks_uri", .slot = ISSUER(Text, config.jwks_uri), .form = &kHttpsUrl,
   .example = "https://id.example.com/keys",
   .meaning = "Where the keys lie. Where it is set, the metadata are not asked."},
  {.section = Section::issuer, .name = "jwks_file", .slot = ISSUER(Text, config.jwks_file), .form = &kPath,
   .example = "/etc/latchkey/corp-keys.json",
   .meaning = "A local file with the keys (a JWK set). Where it is set, nothing is fetched, and the keys do not go stale while the file is good; the last good ones serve for max_stale. A new file is seen at once. It is replaced by renaming and not writable by others."},
  {.section = Section::issuer, .name = "keys", .slot = ISSUER(issuer::InlineKeys, config.keys),
   .example = "{ keys: [ { kty: OKP, crv: Ed25519, kid: k1, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo } ] }",
   .meaning = "The keys themselves: a JWK set as YAML, or as a text of JSON. Public keys only, and all of them must be of use. Where it is set, nothing is fetched and the keys do not go stale."},
  {.section = Section::issuer, .name = "symmetric_key_file", .slot = ISSUER(Text, config.symmetric_key_file), .form = &kPath,
   .example = "/etc/latchkey/corp-key.jwk",
   .meaning = "A local file with a secret that this issuer and the host share: one JWK of the type oct. Where it is set, tokens are HMACs with that key and nothing else is taken; whoever can read the file can make tokens. It belongs to root and is not readable by others: owner root, group latchkey, mode 0640, or a systemd credential of latchkeyd."},
  {.section = Section::issuer, .name = "symmetric_algorithm", .slot = ISSUER(std::optional<jose::SymmetricAlgorithm>, config.symmetric_algorithm), .form = &kSymmetricAlgorithm,
   .example = "HS256",
   .meaning = "The one algorithm of that key, which must be at least as long as its hash (32, 48 or 64 bytes). Required where 'symmetric_key_file' is set."},
  {.section = Section::issuer, .name = "ca_file", .slot = ISSUER(Text, config.ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that the provider's TLS certificate must come from. Default: the system's."},
  {.section = Section::issuer, .name = "tls_pins", .slot = ISSUER(List, config.tls_pins), .form = &kTlsPin, .rule = Rule::nonempty,
   .example = "[ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]",
   .meaning = "Public keys of which the provider's TLS certificate must have one, besides being from a trusted CA: the base64 of the SHA-256 of its SubjectPublicKeyInfo. Name the next one too, or a new certificate ends all fetches."},
  {.section = Section::issuer, .name = "proxy", .slot = ISSUER(Text, config.proxy), .form = &kProxy,
   .example = "http://proxy.example.com:3128",
   .meaning = "An HTTP proxy through which the provider is reached (CONNECT; TLS stays between this host and the provider). It has no user and no password: a proxy that asks for them is not supported. The environment's proxy variables are never heeded."},
  {.section = Section::issuer, .name = "audiences", .slot = ISSUER(List, config.claims.audiences), .form = &kAnyText, .rule = Rule::required | Rule::nonempty,
   .example = "[ \"ssh://prod\" ]",
   .meaning = "What a token may be meant for: one of these must equal one value of 'aud'."},
  {.section = Section::issuer, .name = "algorithms", .slot = ISSUER(std::vector<jose::Algorithm>, config.algorithms), .form = &kAlgorithm, .rule = Rule::nonempty,
   .standard = "[RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA]", .example = "[ ES256, RS256, EdDSA ]",
   .meaning = "Signature algorithms that are taken, of those that the type of the key allows."},
  {.section = Section::issuer, .name = "tokens", .slot = ISSUER(std::vector<claims::TokenKind>, config.claims.kinds), .form = &kTokenKind, .rule = Rule::nonempty,
   .standard = "[access]", .example = "[ access ]",
   .meaning = "Which tokens of this issuer sign in: access tokens, ID tokens, or both."},
  {.section = Section::issuer, .name = "typ", .slot = ISSUER(List, config.claims.typ), .form = &kTyp, .rule = Rule::nonempty,
   .example = "[ at+jwt, JWT, none ]",
   .meaning = "What a token's header may say in 'typ' (case does not matter, 'application/' may be left out; none: the header has none). Default: at+jwt for access tokens, JWT and none for ID tokens."},
  {.section = Section::issuer, .name = "payload_typ", .slot = ISSUER(List, config.claims.payload_typ), .form = &kPayloadTyp, .rule = Rule::nonempty,
   .example = "[ Bearer ]",
   .meaning = "What the claim 'typ' of the payload must be, byte for byte, for providers whose tokens all have the same 'typ' in the header (Keycloak: Bearer for access tokens, ID for ID tokens). Default: it is not looked at, but that of a refresh, offline or logout token is refused."},
  {.section = Section::issuer, .name = "token_id_claim", .slot = ISSUER(Text, config.claims.token_id_claim), .form = &kAnyText,
   .standard = "jti", .example = "jti",
   .meaning = "The claim that names a single token, for its revocation (Entra: uti)."},
  {.section = Section::issuer, .name = "client_claims", .slot = ISSUER(List, config.claims.client_claims), .form = &kAnyText, .rule = Rule::nonempty,
   .standard = "[azp, client_id]", .example = "[ azp, client_id ]",
   .meaning = "Claims that may name the client (Entra v1: appid, Okta: cid). The first one that a token has is its client; where 'clients' is set, each that it has must be one of them."},
  {.section = Section::issuer, .name = "clients", .slot = ISSUER(List, config.claims.clients), .form = &kAnyText, .rule = Rule::nonempty,
   .example = "[ latchkey-cli ]",
   .meaning = "Clients whose tokens are taken. Default: any client of the issuer."},
  {.section = Section::issuer, .name = "require", .slot = ISSUER(std::vector<claims::RequiredClaim>, config.claims.require), .form = &kAnyText,
   .example = "{ email_verified: true, tid: { one_of: [ t1, t2 ] }, roles: { contains: admin }, \"assurance.level\": { min: 2 } }",
   .meaning = "Claims that a token must have. A value (a text, a whole number, true or false; quotes make a text of anything) must be equal, in type too. { one_of: [...] }: equal to one of them. { contains: ... }: the claim is an array with an element that is equal. { present: true }: there, and not null. { min: ..., max: ... }: a number within, bounds included; one of the two may be left out. A name with dots is a path into objects where no claim has that very name; names with dots may be on the path, and of several ways the one with the longest names counts. There are no patterns."},
  {.section = Section::issuer, .name = "require_header", .slot = ISSUER(std::vector<claims::RequiredClaim>, config.claims.require_header), .form = &kHeaderMember,
   .example = "{ env: prod }",
   .meaning = "The same for members of the header: kid, and those that the standards do not define."},
  {.section = Section::issuer, .name = "leeway", .slot = ISSUER(seconds, config.claims.leeway), .range = {0, limits::kLeewayMost.count() * kSecond},
   .standard = "1m", .example = "60s",
   .meaning = "How far the clocks of provider and host may differ."},
  {.section = Section::issuer, .name = "max_token_age", .slot = ISSUER(seconds, config.claims.max_token_age), .range = {0, 366 * kDay},
   .standard = "1d", .example = "12h",
   .meaning = "How long ago a token may have been issued ('iat'). 0s: no limit."},
  {.section = Section::issuer, .name = "max_token_lifetime", .slot = ISSUER(MaybeSeconds, config.claims.max_token_lifetime), .range = {0, 366 * kDay},
   .example = "1h",
   .meaning = "The longest life that a token may have, from 'iat' to 'exp'. 0s: no limit. Default: what 'max_token_age' says."},
  {.section = Section::issuer, .name = "refresh_interval", .slot = ISSUER(seconds, config.refresh_interval), .range = {10 * kSecond, 7 * kDay},
   .standard = "5m", .example = "5m",
   .meaning = "How long fetched keys are good for where the provider does not say (Cache-Control). They are fetched anew before that."},
  {.section = Section::issuer, .name = "max_refresh_interval", .slot = ISSUER(MaybeSeconds, config.max_refresh_interval), .range = {10 * kSecond, 15 * kDay},
   .example = "1h",
   .meaning = "The longest lifetime that is believed where the provider does say one; the shortest is 'min_fetch_interval'. Default: half of 'max_stale'."},
  {.section = Section::issuer, .name = "min_fetch_interval", .slot = ISSUER(seconds, config.min_fetch_interval), .range = {kSecond, kHour},
   .standard = "1m", .example = "60s",
   .meaning = "The shortest time between two fetches, however many tokens name an unknown key."},
  {.section = Section::issuer, .name = "max_stale", .slot = ISSUER(seconds, config.max_stale), .range = {kMinute, 30 * kDay},
   .standard = "1d", .example = "24h",
   .meaning = "How long the last good keys serve while the provider cannot be reached."},
  {.section = Section::issuer, .name = "fetch_timeout", .slot = ISSUER(seconds, config.fetch_timeout), .range = {kSecond, kMinute},
   .standard = "10s", .example = "10s",
   .meaning = "The longest time that one fetch may take."},
  {.section = Section::issuer, .name = "introspection", .slot = CHOICE(kModes, config.introspection.mode),
   .standard = "off", .example = "required",
   .meaning = "Whether the issuer is asked if a token is active (RFC 7662). opaque_only: for its opaque tokens, which 'opaque_tokens' tells apart; signed ones are verified by their signature alone. required: for a signed token as well, after its signature and claims have been verified. See docs/INTROSPECTION.md."},
  {.section = Section::issuer, .name = "introspection_endpoint", .slot = ISSUER(Text, config.introspection.endpoint), .form = &kHttpsUrl,
   .example = "https://id.example.com/realms/corp/introspect",
   .meaning = "Where it is asked. Default: what the provider's metadata name, at the issuer's origin or one of 'origins'. Required where the metadata are not asked ('jwks_uri', 'jwks_file')."},
  {.section = Section::issuer, .name = "introspection_answers", .slot = CHOICE(kAnswerForms, config.introspection.answers),
   .standard = "json", .example = "jwt",
   .meaning = "json: plain answers, which TLS alone vouches for. jwt: answers must be signed with one of the issuer's keys and be meant for us (RFC 9701); anything else is no answer."},
  {.section = Section::issuer, .name = "introspection_down", .slot = CHOICE(kWhenDown, config.introspection.down),
   .standard = "refuse", .example = "refuse",
   .meaning = "What becomes of a signed token while nobody is where the endpoint should be: its name is not found, the connection is refused, finds no way, or is not taken in time. refuse: it is refused. signature: its signature and claims decide alone, with a warning each time; whoever can keep the host from the provider then undoes a revocation. Whoever takes the connection is somebody: an error status, silence, a certificate that is not trusted, a limit and a failure of this host's own refuse in either case, and an opaque token is refused always."},
  {.section = Section::issuer, .name = "introspection_positive_ttl", .slot = ISSUER(seconds, config.introspection.positive_ttl), .range = {0, kHour},
   .standard = "30s", .example = "30s",
   .meaning = "How long the answer that a token is active serves, never beyond its end: so long a token that was revoked at the provider may still sign in. 0s: it is asked each time."},
  {.section = Section::issuer, .name = "introspection_negative_ttl", .slot = ISSUER(seconds, config.introspection.negative_ttl), .range = {0, kHour},
   .standard = "5s", .example = "5s",
   .meaning = "The same for the answer that it is not. At most 'introspection_positive_ttl'."},
  {.section = Section::issuer, .name = "introspection_rate", .slot = ISSUER(std::size_t, config.introspection.rate), .range = {1, 10'000},
   .standard = "50", .example = "50",
   .meaning = "Questions that this host asks of the issuer a second, with twice as many at once. Tokens beyond that are refused as budget_exhausted. One source has at most half of that, and each question costs it 10 ms of its 'budgets'."},
  {.section = Section::issuer, .name = "introspection_client", .slot = SectionSlot{Section::introspection_client},
   .meaning = "As whom it is asked: a client that the provider allows to introspect."},
  {.section = Section::issuer, .name = "opaque_tokens", .slot = SectionSlot{Section::opaque_tokens},
   .meaning = "Which tokens are opaque ones of this issuer. A token is asked about where it says, and nowhere else; two issuers that could both be meant are an error. Both keys narrow each other."},
  {.section = Section::issuer, .name = "token_status", .slot = CHOICE(kStatusRules, config.claims.status),
   .standard = "heed", .example = "require",
   .meaning = "What becomes of 'status' in a token (Token Status List). heed: a token that refers to a status list is judged by it ('revocation.status_lists'), one without 'status' is taken, one whose 'status' names only mechanisms that Latchkey does not know is refused. require: a token without a status list is refused. heed_known: as heed, but mechanisms that Latchkey does not know are passed over. ignore: this issuer means something else by 'status', and it is not read. Of an opaque token it is never read: its issuer was asked itself."},
  {.section = Section::issuer, .name = "user", .slot = SectionSlot{Section::user},
   .meaning = "Which local names a token is good for."},
  {.section = Section::issuer, .name = "groups", .slot = SectionSlot{Section::groups},
   .meaning = "Which local groups a token gives."},

  // ---- issuers[].user
  {.section = Section::user, .name = "claim", .slot = ISSUER(Text, config.claims.user_claim), .form = &kAnyText,
   .standard = "preferred_username", .example = "preferred_username",
   .meaning = "The claim with the name. The first sign-in binds 'iss' and 'sub' to it; another subject with the same name is refused. Where it is an e-mail address, which is said by 'mail' in the claim's name or by an '@' in 'strip_suffix', the token must also say that the address is verified."},
  {.section = Section::user, .name = "strip_suffix", .slot = ISSUER(List, config.claims.user_strip_suffix), .form = &kAnyText, .rule = Rule::nonempty | Rule::alone,
   .example = "\"@example.com\"",
   .meaning = "What is taken off the end of the claim's value; a value that ends with none of these is refused. Required for an e-mail address, with its '@' and domain: an address of another domain names another person. Several domains give one local name for the same name in each of them, and the first of them to sign in is bound to it: list only domains in which a name is one person's."},
  {.section = Section::user, .name = "email_verified_claim", .slot = ISSUER(Text, config.claims.email_verified_claim), .form = &kAnyText,
   .standard = "email_verified", .example = "xms_edov",
   .meaning = "The claim that must be true where an e-mail address is used: as the name, for groups or under 'require', which is said by 'mail' in the claim's name or by a value that looks like an address (Entra: xms_edov). It must be set where such a claim is another than 'email', of which alone 'email_verified' speaks; but for a name with an '@' in 'strip_suffix'. none: nothing need say it; only for login names that look like an address and that the provider alone gives out, such as upn of your own Entra tenant."},

  // ---- issuers[].groups
  {.section = Section::groups, .name = "claim", .slot = ISSUER(Text, config.claims.group_claim), .form = &kAnyText, .rule = Rule::shown,
   .example = "groups",
   .meaning = "The claim with the groups. Where it is absent, tokens give no groups."},
  {.section = Section::groups, .name = "map", .slot = ISSUER(GroupMapValue, groups.groups), .form = &kLocalName, .rule = Rule::shown,
   .example = "{ \"0f3c1d20\": [ developers ], \"sre\": [ sre ] }",
   .meaning = "From a value of the claim to local groups. What is not listed gives nothing; groups that are as good as root (sudo, docker, disk and the like) are given only where they stand here."},

  // ---- issuers[].introspection_client
  {.section = Section::introspection_client, .name = "client_id", .slot = ISSUER(Text, config.introspection.client.client_id), .form = &kAnyText,
   .example = "latchkey",
   .meaning = "The client's name at the provider. Required where 'introspection' is not off."},
  {.section = Section::introspection_client, .name = "authentication", .slot = CHOICE(kAuthentications, config.introspection.client.authentication),
   .standard = "client_secret_basic", .example = "private_key_jwt",
   .meaning = "How it shows who it is: by a secret in the header Authorization, by a secret in the form, or by an assertion that its key signs (RFC 7523)."},
  {.section = Section::introspection_client, .name = "secret_file", .slot = ISSUER(Text, config.introspection.client.secret_file), .form = &kPath,
   .example = "/etc/latchkey/corp-client-secret",
   .meaning = "The file with the secret, which latchkey-fetchd alone reads, anew for each question. It belongs to root and is not readable by others: owner root, group latchkey-fetch, mode 0640, or a systemd credential of latchkey-fetchd (/run/credentials/latchkey-fetchd.service/NAME). A line break at its end does not count."},
  {.section = Section::introspection_client, .name = "key_file", .slot = ISSUER(Text, config.introspection.client.key_file), .form = &kPath,
   .example = "/etc/latchkey/corp-client-key.pem",
   .meaning = "The file with the private key of private_key_jwt, as PEM or JWK; the same holds for it."},
  {.section = Section::introspection_client, .name = "key_algorithm", .slot = ISSUER(Text, config.introspection.client.key_algorithm), .form = &kAlgorithm,
   .example = "ES256",
   .meaning = "The algorithm that the key signs with. Default: the first that its type allows."},
  {.section = Section::introspection_client, .name = "key_id", .slot = ISSUER(Text, config.introspection.client.key_id), .form = &kAnyText,
   .example = "host-2026",
   .meaning = "The 'kid' by which the provider knows the key. Default: what the JWK says, if it is one."},
  {.section = Section::introspection_client, .name = "audience", .slot = CHOICE(kAudiences, config.introspection.client.audience),
   .standard = "issuer", .example = "endpoint",
   .meaning = "What the assertion names in 'aud': the issuer, so that nobody else can use it, or the endpoint's URL for providers that want that."},

  // ---- issuers[].opaque_tokens
  {.section = Section::opaque_tokens, .name = "prefixes", .slot = ISSUER(List, config.introspection.opaque.prefixes), .form = &kOpaquePrefix, .rule = Rule::nonempty,
   .example = "[ \"corp_at_\" ]",
   .meaning = "What the issuer's opaque tokens begin with."},
  {.section = Section::opaque_tokens, .name = "services", .slot = ISSUER(List, config.introspection.opaque.services), .form = &kPlainService, .rule = Rule::nonempty,
   .example = "[ sshd ]",
   .meaning = "The PAM services in which a token is asked about here that comes nowhere near a signed one: one dot at most, characters of a bearer token (docs/INTROSPECTION.md). Whatever somebody types there, a password too, goes to this issuer where it has 16 characters or more: prefixes are the better key."},

  // ---- access[]
  {.section = Section::rule, .name = "name", .slot = RULE(Text, name), .form = &kLabel, .rule = Rule::shown, .example = "developers log in",
   .meaning = "How explanations call the rule. Default: its place, such as access[1]."},
  {.section = Section::rule, .name = "services", .slot = RULE(List, services), .form = &kService, .rule = Rule::required | Rule::nonempty,
   .example = "[ sshd ]",
   .meaning = "The PAM services that the rule is about; \"*\" is any."},
  {.section = Section::rule, .name = "end_session_at_expiry", .slot = RULE(bool, end_session_at_expiry),
   .example = "true",
   .meaning = "true: a session that this rule let in ends when its token does, the issuer's 'leeway' later. Else it outlives the token and ends by a revocation only (docs/SESSIONS.md)."},
  {.section = Section::rule, .name = "allow", .slot = SectionSlot{Section::allow}, .rule = Rule::required,
   .meaning = "Whom it lets in: all conditions together; within a list one member is enough."},

  // ---- access[].allow
  {.section = Section::allow, .name = "users", .slot = RULE(List, users), .form = &kLocalName, .rule = Rule::nonempty,
   .example = "[ alice ]",
   .meaning = "Local names. The only way to root and other accounts with a uid below 1000."},
  {.section = Section::allow, .name = "groups", .slot = RULE(List, groups), .form = &kLocalName, .rule = Rule::nonempty | Rule::shown,
   .example = "[ developers, sre ]",
   .meaning = "Local groups that the issuer's map gave; other memberships on the host do not count."},
  {.section = Section::allow, .name = "issuers", .slot = RULE(List, issuers), .form = &kShortName, .rule = Rule::nonempty,
   .example = "[ corp ]",
   .meaning = "Names of issuers."},
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

  // ---- revocation
  {.section = Section::revocation, .name = "lists", .slot = SectionListSlot{Section::revocation_list}, .rule = Rule::append,
   .meaning = "Signed lists that any web server can serve (docs/REVOCATION.md, docs/REVOCATION-LIST.md)."},
  {.section = Section::revocation, .name = "streams", .slot = SectionListSlot{Section::revocation_stream}, .rule = Rule::append,
   .meaning = "Streams of signed items in Redis, in force on every host within a second (docs/REVOCATION.md, docs/REVOCATION-STREAM.md)."},
  {.section = Section::revocation, .name = "status_lists", .slot = SectionListSlot{Section::revocation_status_list}, .rule = Rule::append,
   .meaning = "Where the status lists lie that tokens refer to, and who signs them (docs/REVOCATION.md). A token that refers to a list of no section is refused."},
  {.section = Section::revocation, .name = "events", .slot = SectionListSlot{Section::revocation_events}, .rule = Rule::append,
   .meaning = "Security events of a provider (CAEP, RISC, back-channel logout), asked for by polling (docs/REVOCATION.md)."},

  // ---- revocation.lists[]
  {.section = Section::revocation_list, .name = "name", .slot = LIST(Text, feed.name), .form = &kShortName, .rule = Rule::required, .example = "fleet",
   .meaning = "How logs, commands and files call it; no other source of revocations has the name."},
  {.section = Section::revocation_list, .name = "issuer", .slot = LIST(Text, issuer), .form = &kAnyText, .rule = Rule::required,
   .example = "https://lists.example.com/corp",
   .meaning = "The list's own name, its 'iss', compared byte for byte: what is signed with the same key for another list is refused."},
  {.section = Section::revocation_list, .name = "url", .slot = LIST(Text, url), .form = &kHttpsUrl, .rule = Rule::required,
   .example = "https://lists.example.com/corp/manifest.jwt",
   .meaning = "Where the manifest lies. Its chunks lie in 'chunks/' beside it and nowhere else. Redirects are refused."},
  {.section = Section::revocation_list, .name = "keys_file", .slot = LIST(Text, keys_file), .form = &kPath,
   .example = "/etc/latchkey/fleet-list-keys.json",
   .meaning = "A local file with the public keys that sign the list (a JWK set), read anew for each manifest. These keys are of lists alone: one that also verifies an issuer's tokens is refused. It belongs to root and is not writable by others."},
  {.section = Section::revocation_list, .name = "keys", .slot = LIST(issuer::InlineKeys, keys),
   .example = "{ keys: [ { kty: OKP, crv: Ed25519, x: \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\" } ] }",
   .meaning = "The same keys in the configuration itself: a JWK set as YAML, or as a text of JSON. Exactly one of 'keys' and 'keys_file' is set."},
  {.section = Section::revocation_list, .name = "ca_file", .slot = LIST(Text, ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that the server's TLS certificate must come from. Default: the system's."},
  {.section = Section::revocation_list, .name = "tls_pins", .slot = LIST(List, tls_pins), .form = &kTlsPin, .rule = Rule::nonempty,
   .example = "[ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]",
   .meaning = "Public keys of which the server's TLS certificate must have one, besides being from a trusted CA; as an issuer's 'tls_pins'."},
  {.section = Section::revocation_list, .name = "proxy", .slot = LIST(Text, proxy), .form = &kProxy,
   .example = "http://proxy.example.com:3128",
   .meaning = "An HTTP proxy through which the server is reached; as an issuer's 'proxy'."},
  {.section = Section::revocation_list, .name = "fetch_timeout", .slot = LIST(seconds, fetch_timeout), .range = {kSecond, 5 * kMinute},
   .standard = "30s", .example = "30s",
   .meaning = "The longest time that the manifest, or one chunk (16 MiB at most), may take."},
  {.section = Section::revocation_list, .name = "stale_refuses", .slot = LIST(List, feed.stale_refuses), .form = &kService,
   .standard = "[sudo, sudo-i]", .example = "[ sudo, sudo-i, sshd ]",
   .meaning = "The PAM services that refuse everybody (revocation_unknown) while the list is older than the max_age that it was signed with; \"*\" is any. The others go on with what is known, loudly. What the list revokes stays revoked either way."},
  {.section = Section::revocation_list, .name = "absent_refuses", .slot = LIST(List, feed.absent_refuses), .form = &kService,
   .standard = "[\"*\"]", .example = "[ sudo, sudo-i ]",
   .meaning = "The same while nothing of the list was ever accepted, or what was kept cannot be read."},

  // ---- revocation.streams[]
  {.section = Section::revocation_stream, .name = "name", .slot = STREAM(Text, feed.name), .form = &kShortName, .rule = Rule::required, .example = "fleet-now",
   .meaning = "How logs, commands and files call it; no other source of revocations has the name."},
  {.section = Section::revocation_stream, .name = "issuer", .slot = STREAM(Text, issuer), .form = &kAnyText, .rule = Rule::required,
   .example = "https://fleet.example.com/revocations",
   .meaning = "The stream's own name, the 'iss' of its items, compared byte for byte: what is signed with the same key for another stream is refused."},
  {.section = Section::revocation_stream, .name = "server", .slot = STREAM(Text, server), .form = &kStreamServer, .rule = Rule::required,
   .example = "rediss://redis.example.com:6379",
   .meaning = "Where Redis is: rediss://HOST:PORT (TLS), unix:///PATH, or redis://127.0.0.1:PORT on this host. Plain connections to others are refused: the password would be seen."},
  {.section = Section::revocation_stream, .name = "key", .slot = STREAM(Text, key), .form = &kAnyText,
   .standard = "latchkey:revocations", .example = "latchkey:revocations",
   .meaning = "The name of the stream in Redis."},
  {.section = Section::revocation_stream, .name = "user", .slot = STREAM(Text, user), .form = &kAnyText, .example = "latchkey-host",
   .meaning = "The user of Redis's access list. It needs '+xread +xinfo|stream' on the stream and no more. Default: Redis's 'default'."},
  {.section = Section::revocation_stream, .name = "password_file", .slot = STREAM(Text, password_file), .form = &kPath,
   .example = "/run/credentials/latchkey-fetchd.service/fleet-now",
   .meaning = "A file with that user's password, read by latchkey-fetchd alone, for each connection. A systemd credential, or a file of root that only the group latchkey-fetch may read. Without it nobody signs in to Redis."},
  {.section = Section::revocation_stream, .name = "ca_file", .slot = STREAM(Text, ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that Redis's TLS certificate must come from. Default: the system's."},
  {.section = Section::revocation_stream, .name = "keys_file", .slot = STREAM(Text, keys_file), .form = &kPath,
   .example = "/etc/latchkey/fleet-stream-keys.json",
   .meaning = "A local file with the public keys that sign the stream's items (a JWK set), one for each writer, read anew for each batch. These keys are of this stream alone. It belongs to root and is not writable by others."},
  {.section = Section::revocation_stream, .name = "keys", .slot = STREAM(issuer::InlineKeys, keys),
   .example = "{ keys: [ { kty: OKP, crv: Ed25519, x: \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\" } ] }",
   .meaning = "The same keys in the configuration itself: a JWK set as YAML, or as a text of JSON. Exactly one of 'keys' and 'keys_file' is set."},
  {.section = Section::revocation_stream, .name = "snapshot_url", .slot = STREAM(Text, snapshot_url), .form = &kHttpsUrl,
   .example = "https://lists.example.com/now/manifest.jwt",
   .meaning = "Where the manifest of the stream's snapshot lies ('latchkeyctl snapshot make'), signed by a key of the stream. It is fetched like a list, and at once when something of the stream was not heard. Without it a stream must never be trimmed."},
  {.section = Section::revocation_stream, .name = "snapshot_ca_file", .slot = STREAM(Text, snapshot_ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that this server's TLS certificate must come from. Default: the system's."},
  {.section = Section::revocation_stream, .name = "stale_refuses", .slot = STREAM(List, feed.stale_refuses), .form = &kService,
   .standard = "[sudo, sudo-i]", .example = "[ sudo, sudo-i, sshd ]",
   .meaning = "The PAM services that refuse everybody (revocation_unknown) while no beat was heard for longer than its max_age, or something of the stream is known to be missing; \"*\" is any. The others go on with what is known, loudly. What the stream revokes stays revoked either way."},
  {.section = Section::revocation_stream, .name = "absent_refuses", .slot = STREAM(List, feed.absent_refuses), .form = &kService,
   .standard = "[\"*\"]", .example = "[ sudo, sudo-i ]",
   .meaning = "The same while no beat of the stream was ever heard: then nobody can tell its silence from being cut off."},

  // ---- revocation.status_lists[]
  {.section = Section::revocation_status_list, .name = "name", .slot = STATUS(Text, name), .form = &kShortName, .rule = Rule::required, .example = "corp-status",
   .meaning = "How logs, commands and files call it; no other source of revocations has the name."},
  {.section = Section::revocation_status_list, .name = "issuers", .slot = STATUS(List, issuers), .form = &kShortName, .rule = Rule::required | Rule::nonempty,
   .example = "[ corp ]",
   .meaning = "Short names of the issuers whose tokens may refer to these lists. A list is always of one issuer: it speaks of no other's tokens."},
  {.section = Section::revocation_status_list, .name = "uris", .slot = STATUS(List, uris), .form = &kHttpsUrl, .rule = Rule::required | Rule::nonempty,
   .example = "[ \"https://status.example.com/lists/\" ]",
   .meaning = "Where the lists lie: the URI of one, or, where it ends in '/', the beginning of some, compared byte for byte. Nothing else is asked for, whatever a token says. Redirects are refused. Of two sections that take a list the first counts."},
  {.section = Section::revocation_status_list, .name = "keys_file", .slot = STATUS(Text, keys_file), .form = &kPath,
   .example = "/etc/latchkey/corp-status-keys.json",
   .meaning = "A local file with the public keys that sign these lists (a JWK set), read anew for each list that comes. These keys verify no token. It belongs to root and is not writable by others. Default: the issuer's own keys sign its lists."},
  {.section = Section::revocation_status_list, .name = "keys", .slot = STATUS(issuer::InlineKeys, keys),
   .example = "{ keys: [ { kty: OKP, crv: Ed25519, x: \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\" } ] }",
   .meaning = "The same keys in the configuration itself: a JWK set as YAML, or as a text of JSON. At most one of 'keys' and 'keys_file' is set."},
  {.section = Section::revocation_status_list, .name = "unknown_refuses", .slot = STATUS(List, unknown_refuses), .form = &kService,
   .standard = "[\"*\"]", .example = "[ sudo, sudo-i ]",
   .meaning = "The PAM services that refuse a token (status_unknown) whose list cannot be had, has outlived its 'ttl', 'exp' or 'max_age', or was signed with a key that is gone; \"*\" is any. The others go on, loudly. What a list at hand revokes stays revoked either way."},
  {.section = Section::revocation_status_list, .name = "refresh", .slot = STATUS(seconds, refresh), .range = {10 * kSecond, kDay},
   .standard = "5m", .example = "1m",
   .meaning = "How often a list that is used is asked for anew, so that a revocation takes effect; more often where its 'ttl' or 'max_age' wants that."},
  {.section = Section::revocation_status_list, .name = "max_age", .slot = STATUS(seconds, max_age), .range = {10 * kSecond, 7 * kDay},
   .standard = "1h", .example = "15m",
   .meaning = "How long a list serves after it was fetched or confirmed, while it cannot be had anew. Its own 'ttl' counts where that is shorter, but for the first 10 s."},
  {.section = Section::revocation_status_list, .name = "max_list_bytes", .slot = STATUS(std::size_t, max_list_bytes), .range = {1, 8'388'608},
   .standard = "2097152", .example = "4194304",
   .meaning = "The most that a list may have when it is unpacked; ten million tokens at one bit are 1.25 MB."},
  {.section = Section::revocation_status_list, .name = "ca_file", .slot = STATUS(Text, ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that the server's TLS certificate must come from. Default: the system's."},
  {.section = Section::revocation_status_list, .name = "tls_pins", .slot = STATUS(List, tls_pins), .form = &kTlsPin, .rule = Rule::nonempty,
   .example = "[ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]",
   .meaning = "Public keys of which the server's TLS certificate must have one, besides being from a trusted CA; as an issuer's 'tls_pins'."},
  {.section = Section::revocation_status_list, .name = "proxy", .slot = STATUS(Text, proxy), .form = &kProxy,
   .example = "http://proxy.example.com:3128",
   .meaning = "An HTTP proxy through which the server is reached; as an issuer's 'proxy'."},
  {.section = Section::revocation_status_list, .name = "fetch_timeout", .slot = STATUS(seconds, fetch_timeout), .range = {kSecond, kMinute},
   .standard = "10s", .example = "10s",
   .meaning = "The longest time that one fetch may take. A login waits for a list that is not at hand as long as it can wait at all (about 4 s)."},

  // ---- revocation.events[]
  {.section = Section::revocation_events, .name = "name", .slot = EVENTS(Text, feed.name), .form = &kShortName, .rule = Rule::required, .example = "corp-events",
   .meaning = "How logs, commands and files call it; no other source of revocations has the name."},
  {.section = Section::revocation_events, .name = "issuer", .slot = EVENTS(Text, issuer), .form = &kShortName, .rule = Rule::required, .example = "corp",
   .meaning = "The short name of an issuer of this configuration: its keys and algorithms verify the events, and its tokens alone can be revoked by them."},
  {.section = Section::revocation_events, .name = "transmitter", .slot = EVENTS(Text, transmitter), .form = &kAnyText,
   .example = "https://events.example.com",
   .meaning = "The 'iss' of the events, compared byte for byte, where it is not the issuer's own."},
  {.section = Section::revocation_events, .name = "audience", .slot = EVENTS(List, audiences), .form = &kAnyText, .rule = Rule::required | Rule::nonempty | Rule::alone,
   .example = "https://hosts.example.com/events",
   .meaning = "What an event may be meant for: one of these must equal one value of its 'aud'."},
  {.section = Section::revocation_events, .name = "endpoint", .slot = EVENTS(Text, endpoint), .form = &kHttpsUrl, .rule = Rule::required,
   .example = "https://id.example.com/ssf/poll",
   .meaning = "Where events are asked for (RFC 8936), the stream's 'endpoint_url' at the transmitter. Each host has a stream of its own there: what one host has acknowledged, no other one is told."},
  {.section = Section::revocation_events, .name = "token_file", .slot = EVENTS(Text, token_file), .form = &kPath, .rule = Rule::required,
   .example = "/run/credentials/latchkey-fetchd.service/corp-events",
   .meaning = "A file with the bearer token that the transmitter gave, read by latchkey-fetchd alone, for each poll. A systemd credential, or a file of root that only the group latchkey-fetch may read."},
  {.section = Section::revocation_events, .name = "poll_interval", .slot = EVENTS(seconds, poll_interval), .range = {kSecond, kHour},
   .standard = "60s", .example = "30s",
   .meaning = "The pause between two polls that brought nothing; an eighth of it is left to chance. What waits at the transmitter is asked for without a pause. A logout token ends two minutes after it was made with many providers, so stay below that."},
  {.section = Section::revocation_events, .name = "long_poll", .slot = EVENTS(seconds, long_poll), .range = {0, 5 * kMinute},
   .standard = "0s", .example = "30s",
   .meaning = "How long the transmitter may hold a poll until there is an event; then events are in force as they happen. 0s: it answers at once. A poll that is held longer is given up and followed by one that is not to be held."},
  {.section = Section::revocation_events, .name = "max_events", .slot = EVENTS(std::size_t, max_events), .range = {1, 256},
   .standard = "32", .example = "32",
   .meaning = "The most events that one answer may bring ('maxEvents'). An answer has 1 MiB at most."},
  {.section = Section::revocation_events, .name = "max_age", .slot = EVENTS(seconds, max_age), .range = {kMinute, 7 * kDay},
   .standard = "1h", .example = "15m",
   .meaning = "The events are stale when the transmitter has not said for so long that there are no more."},
  {.section = Section::revocation_events, .name = "ca_file", .slot = EVENTS(Text, ca_file), .form = &kPath,
   .example = "/etc/latchkey/corp-ca.pem",
   .meaning = "The CA certificates that the server's TLS certificate must come from. Default: the system's."},
  {.section = Section::revocation_events, .name = "tls_pins", .slot = EVENTS(List, tls_pins), .form = &kTlsPin, .rule = Rule::nonempty,
   .example = "[ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]",
   .meaning = "Public keys of which the server's TLS certificate must have one, besides being from a trusted CA; as an issuer's 'tls_pins'."},
  {.section = Section::revocation_events, .name = "proxy", .slot = EVENTS(Text, proxy), .form = &kProxy,
   .example = "http://proxy.example.com:3128",
   .meaning = "An HTTP proxy through which the server is reached; as an issuer's 'proxy'."},
  {.section = Section::revocation_events, .name = "fetch_timeout", .slot = EVENTS(seconds, fetch_timeout), .range = {kSecond, kMinute},
   .standard = "10s", .example = "10s",
   .meaning = "The longest time that one poll may take, besides what 'long_poll' allows."},
  {.section = Section::revocation_events, .name = "stale_refuses", .slot = EVENTS(List, feed.stale_refuses), .form = &kService,
   .standard = "[sudo, sudo-i]", .example = "[ sudo, sudo-i, sshd ]",
   .meaning = "The PAM services that refuse everybody (revocation_unknown) while the events are stale, or something of what was kept is lost; \"*\" is any. The others go on with what is known, loudly. What an event revoked stays revoked either way."},
  {.section = Section::revocation_events, .name = "absent_refuses", .slot = EVENTS(List, feed.absent_refuses), .form = &kService,
   .standard = "[\"*\"]", .example = "[ sudo, sudo-i ]",
   .meaning = "The same while the transmitter has never answered."},
});
// clang-format on

#undef ROOT
#undef ISSUER
#undef RULE
#undef LIST
#undef STREAM
#undef STATUS
#undef EVENTS
#undef CHOICE

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::vector<const Key*> keys_of(Section section) {
  std::vector<const Key*> out;
  for (const auto& key : kKeys) {
    if (key.section == section) out.push_back(&key);
  }
  return out;
}

const Key* find_key(Section section, std::string_view name) {
  const auto* it = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) {
    return key.section == section && key.name == name;
  });
  return it == kKeys.end() ? nullptr : it;
}

}  // namespace latchkey::config
