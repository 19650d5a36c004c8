// SPDX-License-Identifier: Apache-2.0
//
// Each reason of the table is produced by some case, through the same functions that the service
// calls and with tokens that are really signed.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/service_reasons.h"
#include "tests/support/signing.h"
#include "tests/unit/decide/host.h"

namespace latchkey::test {
namespace {

using jose::Algorithm;
using testing::SigningKey;

// A sign-in of alice with a good token, and what a case changes about it.
struct SignIn {
  Host host;
  LoginRequest request = test::request(Operation::authenticate, "sshd", "alice");
  std::string header = R"({"alg":"ES256","kid":"ES256","typ":"at+jwt"})";
  std::map<std::string, std::string> claims = {
      {"iss", R"("https://id.example.com")"},
      {"aud", R"("ssh://prod")"},
      {"sub", R"("subject-of-alice")"},
      {"client_id", R"("cli")"},
      {"jti", R"("token-of-alice")"},
      {"preferred_username", R"("alice")"},
      {"groups", R"(["dev"])"},
      {"iat", "1699999940"},
      {"exp", "1700003600"},
  };
  std::string issuer_settings;       // YAML of the first issuer's section
  std::optional<std::string> token;  // in place of the one made from header and claims
  std::vector<std::string> keys = {testing::signing_key(Algorithm::es256).jwk()};
  bool have_keys = true;
  WallTime fetched_at = kNow;
  bool tampered = false;
  std::shared_ptr<const revocation::StatusLists> statuses =
      std::make_shared<const revocation::StatusLists>();
  std::optional<std::string> answer;  // of the issuer, which is asked about the token

  std::string payload() const {
    std::string out;
    for (const auto& [name, value] : claims)
      out += (out.empty() ? "{\"" : ",\"") + name + "\":" + value;
    return out + "}";
  }

  Snapshot snapshot() const {
    auto out = host.snapshot();
    std::string text = std::string(kIssuers);
    text.insert(text.find("    groups:"), issuer_settings);
    out.statuses = statuses;
    out.config = configured(text + host.access + host.settings);
    if (have_keys) {
      std::string set = "{\"keys\":[";
      for (const auto& key : keys) set += (set.back() == '[' ? "" : ",") + key;
      auto parsed = jose::JwkSet::parse(set + "]}");
      EXPECT_TRUE(parsed);
      out.keys[0] = {std::make_shared<jose::JwkSet>(*std::move(parsed)), fetched_at, 1};
    }
    return out;
  }

  Reason decided() const {
    auto shown = token.value_or(testing::signing_key(Algorithm::es256).token(header, payload()));
    if (tampered) shown.back() = shown.back() == 'A' ? 'Q' : 'A';
    jose::Scratch scratch;
    const Snapshot now = snapshot();
    const auto first = decide(shown, request, now, kNow, scratch);
    if (const auto* need = std::get_if<NeedKeys>(&first)) return need->otherwise.reason;
    const auto* need = std::get_if<NeedIntrospection>(&first);
    if (need == nullptr) return std::get<Decision>(first).reason;
    if (!answer) return need->otherwise.reason;
    const issuer::IssuerConfig& config = now.config->issuers[need->issuer].config;
    const auto said = read_introspection(
        {*answer}, {config.name, config.digest, jose::digest_token(shown, scratch)->hex(), false},
        config, now.keys[need->issuer], kNow, scratch);
    if (!said) return said.error().reason;
    return std::get<Decision>(decide(shown, request, now, kNow, scratch, said->get())).reason;
  }
};

using Change = std::function<void(SignIn&)>;

Change claim(std::string name, std::string value) {
  return [=](SignIn& s) { s.claims[name] = value; };
}
Change without(std::string name) {
  return [=](SignIn& s) { s.claims.erase(name); };
}
Change header(std::string text) {
  return [=](SignIn& s) { s.header = text; };
}
Change token(std::string text) {
  return [=](SignIn& s) { s.token = text; };
}
Change issuer_setting(std::string yaml) {
  return [=](SignIn& s) { s.issuer_settings = "    " + yaml + "\n"; };
}
Change asked(std::optional<std::string> answer) {
  return [=](SignIn& s) {
    s.issuer_settings =
        "    introspection: required\n    introspection_client: { client_id: c, secret_file: /s "
        "}\n";
    s.answer = answer;
  };
}
// One of the list's four statuses of two bits: valid, invalid, suspended, another.
Change refers_to(std::string uri, int index) {
  return [=](SignIn& s) {
    s.host.settings =
        "revocation: { status_lists: [ { name: s, issuers: [ corp ], uris: [ "
        "\"https://status.example.com/\" ] } ] }\n";
    s.claims["status"] =
        R"({"status_list":{"idx":)" + std::to_string(index) + R"(,"uri":")" + uri + R"("}})";
    auto list = revocation::StatusList::unpack(
        2, std::string_view("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9), 100);
    ASSERT_TRUE(list);
    s.statuses =
        std::make_shared<const revocation::StatusLists>(std::vector{revocation::HeldStatusList{
            .issuer = std::string(kIssuer),
            .uri = "https://status.example.com/1",
            .token =
                std::make_shared<const revocation::StatusListToken>(revocation::StatusListToken{
                    *std::move(list), "https://status.example.com/1", kNow, {}, {}, ""}),
            .usable_until = kNow + std::chrono::hours(1),
            .generation = 1,
            .key_stands = true}});
  };
}
Change user(std::string name) {
  return [=](SignIn& s) {
    s.request.user = name;
    s.claims["preferred_username"] = '"' + name + '"';
  };
}
// Of somebody whom no local file knows: an id that is another's, or a locked account of his own.
Change made(const std::string& name, bool taken) {
  return [=](SignIn& s) {
    user(name)(s);
    constexpr accounts::IdRange kRange{1'879'048'192, 2'147'352'575};
    const std::uint32_t id = accounts::id_of(name, kRange).value();
    const auto state = taken ? accounts::AccountState::active : accounts::AccountState::locked;
    const std::string owner = taken ? "other" : name;
    s.host.settings = "accounts: { make: true }\n";
    s.host.names =
        accounts::NamesContent{.settings = {.enumerate = false,
                                            .provisional = true,
                                            .ids = kRange,
                                            .home = "/home/%u",
                                            .shell = "/bin/sh"},
                               .users = {{owner, id, id, state, 0, "/home/x", "/bin/sh", ""}},
                               .groups = {},
                               .members = {}};
  };
}
Change revoked(revocation::Kind kind, std::string value) {
  return [=](SignIn& s) {
    s.host.revocations = {
        {.kind = kind, .issuer = std::string(kIssuer), .value = value, .before = kNow}};
  };
}
Change session_listed() {
  return [](SignIn& s) {
    s.claims["sid"] = R"("session-of-alice")";
    const auto digest =
        revocation::Names().digest(revocation::EntryKind::session, kIssuer, "session-of-alice");
    s.host.listed = {{.kind = revocation::EntryKind::session, .digest = digest.value()}};
  };
}
Change key_listed() {
  return [](SignIn& s) {
    const auto keys = jose::JwkSet::parse("{\"keys\":[" + s.keys.front() + "]}");
    const auto digest = revocation::digest_of_key(keys.value().keys().front().thumbprint());
    s.host.listed = {{.kind = revocation::EntryKind::key, .digest = digest.value()}};
  };
}
Change rule(std::string allow) {
  return [=](SignIn& s) {
    s.host.access = "access: [ { services: [ sshd ], allow: " + allow + " } ]\n";
  };
}

struct Case {
  Reason want;
  Change change;
};

const std::vector<Case>& sign_ins() {
  using revocation::Kind;
  static const std::vector<Case> kCases = {
      {Reason::allowed, [](SignIn&) {}},
      {Reason::not_managed, [](SignIn& s) { s.host.settings = "unmanaged: [ alice ]\n"; }},
      {Reason::token_missing, token("")},
      {Reason::token_malformed, token("a.b.c")},
      {Reason::token_too_long, token(std::string(limits::kTokenBytes + 1, 'a'))},
      {Reason::token_encrypted,
       token("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA")},
      {Reason::header_unsupported, header(R"({"alg":"ES256","kid":"ES256","crit":["x"],"x":1})")},
      {Reason::algorithm_unsupported, header(R"({"alg":"none"})")},
      {Reason::algorithm_not_allowed, issuer_setting("algorithms: [ RS256 ]")},
      {Reason::issuer_unknown, claim("iss", R"("https://id.example.com/")")},
      {Reason::keys_missing, [](SignIn& s) { s.have_keys = false; }},
      {Reason::keys_stale, [](SignIn& s) { s.fetched_at = kNow - 24h - 1ms; }},
      {Reason::key_unknown, header(R"({"alg":"ES256","kid":"other","typ":"at+jwt"})")},
      {Reason::key_ambiguous,
       [](SignIn& s) {
         s.header = R"({"alg":"ES256","typ":"at+jwt"})";
         s.keys.push_back(SigningKey::generate(Algorithm::es256, "second").jwk());
       }},
      {Reason::key_unfit,
       [](SignIn& s) {
         s.keys = {testing::signing_key(Algorithm::es256).jwk(R"(,"key_ops":["sign"])")};
       }},
      {Reason::signature_invalid, [](SignIn& s) { s.tampered = true; }},
      {Reason::token_for_microsoft_graph,
       [](SignIn& s) {
         s.header = R"({"alg":"ES256","kid":"ES256","typ":"at+jwt","nonce":"n"})";
         s.tampered = true;
       }},
      {Reason::claim_missing, without("sub")},
      {Reason::claim_invalid, claim("exp", R"("1700003600")")},
      {Reason::claim_wrong, issuer_setting("require: { jti: another }")},
      {Reason::token_expired, claim("exp", "1699999940")},
      {Reason::token_not_yet_valid, claim("nbf", "1700000061")},
      {Reason::token_too_old, claim("iat", "1699900000")},
      {Reason::token_lives_too_long, claim("exp", "1700090000")},
      {Reason::audience_wrong, claim("aud", R"("ssh://prod2")")},
      {Reason::type_wrong, header(R"({"alg":"ES256","kid":"ES256","typ":"JWT"})")},
      {Reason::client_wrong, issuer_setting("clients: [ another ]")},
      {Reason::email_unverified,
       [](SignIn& s) {
         s.issuer_settings = "    user: { claim: email, strip_suffix: \"@example.com\" }\n";
         s.claims["email"] = R"("alice@example.com")";
       }},
      {Reason::token_inactive, asked(R"({"active":false})")},
      {Reason::introspection_unavailable, asked(std::nullopt)},
      {Reason::introspection_answer_invalid, asked(R"({"active":true,"sub":"another"})")},
      {Reason::revoked_token, revoked(Kind::token, "token-of-alice")},
      {Reason::revoked_session, session_listed()},
      {Reason::revoked_key, key_listed()},
      {Reason::revoked_subject, revoked(Kind::subject, "subject-of-alice")},
      {Reason::revoked_user, revoked(Kind::user, "alice")},
      {Reason::revocation_unknown,
       [](SignIn& s) {
         s.host.settings =
             "revocation: { lists: [ { name: fleet, issuer: l, url: https://l, keys_file: /k } ] "
             "}\n";
       }},
      {Reason::status_invalid, claim("status", R"("active")")},
      {Reason::status_unsupported, claim("status", R"({"other":{}})")},
      {Reason::status_list_unknown, refers_to("https://elsewhere/1", 0)},
      {Reason::status_unknown, refers_to("https://status.example.com/2", 0)},
      {Reason::status_revoked, refers_to("https://status.example.com/1", 1)},
      {Reason::status_suspended, refers_to("https://status.example.com/1", 2)},
      {Reason::name_unusable, claim("preferred_username", R"("al ice")")},
      {Reason::groups_elsewhere,
       [](SignIn& s) {
         without("groups")(s);
         claim("_claim_names", R"({"groups":"src1"})")(s);
       }},
      {Reason::user_mismatch, [](SignIn& s) { s.request.user = "bob"; }},
      {Reason::user_unknown, user("dave")},
      {Reason::account_conflict, made("dave", true)},
      {Reason::account_locked, made("dave", false)},
      {Reason::account_changed,
       [](SignIn& s) {
         made("dave", false)(s);
         auto& dave = s.host.names->users.front();
         dave.state = accounts::AccountState::active;
         dave.uid = dave.gid = 2'000'000'000;
         dave.since = 1'700'000'000;
       }},
      {Reason::system_account,
       [](SignIn& s) {
         user("root")(s);
         s.host.settings = "managed: [ root ]\n";
       }},
      {Reason::subject_conflict,
       [](SignIn& s) {
         s.host.bindings = {{"alice", subject_of("bob")}};
       }},
      {Reason::access_denied, claim("groups", "[]")},
      {Reason::acr_insufficient, rule("{ acr: [ mfa ] }")},
      {Reason::authentication_too_old, rule("{ max_auth_age: 15m }")},
  };
  return kCases;
}

// Calls without a token.
struct LaterCase {
  Reason want;
  std::function<Reason()> decided;
};

const std::vector<LaterCase>& later_calls() {
  const auto account = [](const Host& host, const LastSeen* seen) {
    return judge_later_call(test::request(Operation::account, "sshd", "alice"), nullptr, seen,
                            host.snapshot(), kNow)
        .reason;
  };
  static const LastSeen kSeen{claims_of("alice"), kNow};
  static const std::vector<LaterCase> kCases = {
      {Reason::binding_missing, [=] { return account({}, &kSeen); }},
      {Reason::claims_too_old,
       [=] {
         return account({.bindings = {{"alice", subject_of("alice")}}}, nullptr);
       }},
      {Reason::live_login_required,
       [=] {
         return account({.access = "access: [ { services: [ sshd ], allow: { acr: [ mfa ] } } ]\n",
                         .bindings = {{"alice", subject_of("alice")}}},
                        &kSeen);
       }},
      {Reason::request_invalid,
       [] {
         const auto call = test::request(Operation::authenticate, "sshd", "alice");
         return judge_later_call(call, nullptr, nullptr, Host{}.snapshot(), kNow).reason;
       }},
      {Reason::internal_error,
       [] {
         return judge_later_call(test::request(Operation::account, "sshd", "alice"), nullptr,
                                 nullptr, Snapshot{}, kNow)
             .reason;
       }},
  };
  return kCases;
}

TEST(Reasons, EachOfTheCoreIsProducedByACase) {
  std::vector<Reason> produced;
  for (const auto& c : sign_ins()) {
    SignIn sign_in;
    c.change(sign_in);
    EXPECT_EQ(code(sign_in.decided()), code(c.want));
    produced.push_back(c.want);
  }
  for (const auto& c : later_calls()) {
    EXPECT_EQ(code(c.decided()), code(c.want));
    produced.push_back(c.want);
  }
  for (const auto& row : reasons()) {
    const auto in = [&](const auto& list) {
      return std::find(list.begin(), list.end(), row.reason) != list.end();
    };
    EXPECT_NE(in(produced), in(kServiceReasons))
        << row.code << " belongs to exactly one of the two lists";
  }
}

TEST(Decide, NamesTheIssuerWhoseKeysItNeeds) {
  SignIn sign_in;
  sign_in.have_keys = false;
  jose::Scratch scratch;
  const auto token =
      testing::signing_key(Algorithm::es256).token(sign_in.header, sign_in.payload());
  const auto answer = decide(token, sign_in.request, sign_in.snapshot(), kNow, scratch);
  const auto* need = std::get_if<NeedKeys>(&answer);
  ASSERT_NE(need, nullptr);
  EXPECT_EQ(need->issuer, 0U);
  EXPECT_EQ(need->otherwise.reason, Reason::keys_missing);
}

TEST(Decide, LeavesATraceOfEveryCheck) {
  const SignIn sign_in;
  jose::Scratch scratch;
  const auto token =
      testing::signing_key(Algorithm::es256).token(sign_in.header, sign_in.payload());
  const auto answer = decide(token, sign_in.request, sign_in.snapshot(), kNow, scratch);
  const auto& decision = std::get<Decision>(answer);
  ASSERT_EQ(decision.reason, Reason::allowed);
  for (std::size_t i = 0; i < kChecks; ++i) {
    const auto check = static_cast<Check>(i);
    const bool later = check == Check::login || check == Check::claims_age ||
                       check == Check::introspection || check == Check::status;
    EXPECT_EQ(decision.trace[check], later ? Outcome::not_reached : Outcome::passed) << name(check);
  }
}

}  // namespace
}  // namespace latchkey::test
