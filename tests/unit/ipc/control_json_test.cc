// SPDX-License-Identifier: Apache-2.0
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/json.h"
#include "ipc/control.h"
#include "ipc/control_calls.h"

namespace latchkey::ipc::control {
namespace {

WallTime at(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

IssuerStatus some_issuer() {
  return {"corp",
          "https://id.example",
          "keycloak",
          "https://id.example/keys",
          "cache",
          true,
          "too_stale",
          at(4),
          3,
          {{"k1", "EC P-256", "thumb", {"ES256", "RS256"}}},
          {{"k2", "use is enc"}},
          at(1),
          at(2),
          at(3),
          "TLS certificate: expired",
          IntrospectionStatus{"required", "fails", "signature", 1, 2, 3, 4, 5, 6, at(4), at(5),
                              "HTTP status 500"}};
}

StatusAnswer some_status() {
  StatusAnswer status{"1.0",       42,
                      at(1'000),   "digest",
                      at(2'000),   "a.yaml:3:1: unknown key",
                      7,           4,
                      1,           2,
                      3,           4,
                      5,           {1, 2, 3, 4, 5},
                      "disk full", "no such file",
                      "no endd",   {}};
  status.issuers.push_back(some_issuer());
  status.revocation_sources = {{"local", "local", "fresh", {}, {}, 3, 1, 512},
                               {"fleet",
                                "list",
                                "stale",
                                {"sudo", "sudo-i"},
                                42,
                                10'000'000,
                                7,
                                106'000'000,
                                at(1),
                                7'200,
                                3'600,
                                at(2),
                                at(3),
                                "rollback: version 41 after version 42"},
                               {.name = "corp-status",
                                .kind = "status_list",
                                .state = "fresh",
                                .uri = "https://status.example.com/1",
                                .issuer = "corp",
                                .bits = 2}};
  status.names = {"/names", true, "no room", 3, 1, {"shadow"}, "sss", {"group"}};
  return status;
}

AccountRecord some_account() {
  return {"alice",   2'000'000'000, 2'000'000'001, "locked", at(1), "/home/alice",
          "/bin/sh", "Alice",       {"ops"},       at(2),    true};
}

ImportAccountsRequest some_import() {
  return {{{"alice", 2'000'000'000, 2'000'000'000, "active", "/home/alice", "/bin/sh", ""}},
          {{"ops", 2'000'000'001}},
          true};
}

DecisionRecord some_decision() {
  return {"1a2b3c4d", at(5),           "account",         "sudo",
          "alice",    "bob",           "192.0.2.1",       "pts/0",
          77,         "access_denied", "refused",         "No rule.",
          "detail",   "access[0]",     "latchkey.yaml:9", "https://id.example",
          "sub",      "kid",           "RFC 1",           {{"form", "is a JWS", "passed"}}};
}

// What `to_json` writes is what `from_json` reads: a second trip changes nothing.
template <typename T>
void expect_round_trip(const T& value) {
  const std::string text = to_json(value);
  const auto read = from_json<T>(text);
  ASSERT_TRUE(read) << text << ": " << read.error().detail;
  EXPECT_EQ(to_json(*read), text);
}

TEST(ControlJson, every_message_survives_the_trip) {
  expect_round_trip(Empty{});
  expect_round_trip(some_status());
  expect_round_trip(StatusAnswer{});
  expect_round_trip(GetConfigAnswer{"version: 1\n", "d"});
  expect_round_trip(IssuersRequest{"corp"});
  expect_round_trip(IssuersRequest{});
  expect_round_trip(IssuersAnswer{{some_issuer()}});
  expect_round_trip(RefreshKeysRequest{});
  expect_round_trip(
      RefreshKeysAnswer{{{"corp", "too_soon", "no", at(1)}, {"b", "changed", {}, {}}}});
  expect_round_trip(GetKeysRequest{"corp"});
  expect_round_trip(GetKeysAnswer{"corp", "fetched", false, 3, at(4), R"({"keys":[]})"});
  expect_round_trip(GetKeysAnswer{"corp", "none", true, 0, {}, {}});
  expect_round_trip(ReloadAnswer{true});
  expect_round_trip(ExplainRequest{"1a2b3c4d"});
  expect_round_trip(ExplainAnswer{some_decision()});
  expect_round_trip(DecisionsRequest{20, "alice"});
  expect_round_trip(DecisionsRequest{});
  expect_round_trip(
      DecisionsAnswer{{{"id", at(1), "account", "sshd", "a", "b", "c", "allowed", "allowed"}}});
  expect_round_trip(RevokeRequest{"subject", "https://id.example", "sub", at(9), "left"});
  expect_round_trip(RevokeRequest{"user", {}, "alice", {}, {}});
  expect_round_trip(
      RevokeManyRequest{{{"key", {}, "t", {}, {}, at(9)}, {"user", {}, "a", {}, {}}}});
  expect_round_trip(RevokeManyAnswer{{1, 2}});
  expect_round_trip(RevokeAnswer{12});
  expect_round_trip(RevocationsRequest{"token", 3, 1'000});
  expect_round_trip(RevocationsAnswer{{{1, "token", "i", "v", at(2), at(3), "c", at(4)}}, true});
  expect_round_trip(RemoveRevocationRequest{12});
  expect_round_trip(BindingsRequest{"alice", 1});
  expect_round_trip(BindingsAnswer{{{"alice", "i", "s"}}, false});
  SessionRecord session;
  session.id = "0123";
  session.state = "not_ended";
  session.pid = 7;
  expect_round_trip(SessionsRequest{"0", 1});
  expect_round_trip(SessionsAnswer{{session}, true});
  expect_round_trip(EndSessionRequest{"0123"});
  expect_round_trip(EndSessionAnswer{"gone"});
  expect_round_trip(RemoveBindingRequest{"alice"});
  expect_round_trip(AccountsRequest{"alice", 1});
  expect_round_trip(AccountsAnswer{{some_account()}, true});
  expect_round_trip(ChangeAccountRequest{"alice", "lock"});
  expect_round_trip(some_import());
  expect_round_trip(ImportAccountsAnswer{{"a"}, {"g"}, {"why"}});
}

TEST(ControlJson, leaves_out_what_is_not_set) {
  EXPECT_EQ(to_json(RevokeRequest{"user", {}, "alice", {}, {}}),
            R"({"kind":"user","value":"alice"})");
}

TEST(ControlJson, replaces_bytes_that_are_no_utf_8) {
  EXPECT_EQ(to_json(RemoveBindingRequest{"a\xff"}), "{\"user\":\"a\xef\xbf\xbd\"}");
}

struct RequestCase {
  const char* name;
  const char* input;
  const char* want;  // the member named as wrong; nullptr: good
};

TEST(ControlJson, a_revoke_request_is_read_to_the_letter) {
  const RequestCase cases[] = {
      {"good",
       R"({"kind":"token","issuer":"i","value":"v","before":"2026-01-01T00:00:00Z","comment":"c"})",
       nullptr},
      {"null is not set", R"({"kind":"user","issuer":null,"value":"v"})", nullptr},
      {"an unknown kind", R"({"kind":"group","value":"v"})", "kind"},
      {"no kind", R"({"value":"v"})", "kind"},
      {"no value", R"({"kind":"user"})", "value"},
      {"null where a value must be", R"({"kind":"user","value":null})", "value"},
      {"a number for a string", R"({"kind":"user","value":1})", "value"},
      {"a time without a zone",
       R"({"kind":"subject","issuer":"i","value":"v","before":"2026-01-01T00:00:00"})", "before"},
      {"a time as a number", R"({"kind":"subject","issuer":"i","value":"v","before":1})", "before"},
      {"an unknown member", R"({"kind":"user","value":"v","force":true})", "force"},
      {"no object", R"([])", ""},
  };
  for (const RequestCase& item : cases) {
    const auto read = from_json<RevokeRequest>(item.input);
    ASSERT_EQ(read.has_value(), item.want == nullptr) << item.name;
    if (!read) {
      EXPECT_EQ(read.error().kind, FaultKind::malformed) << item.name;
      EXPECT_EQ(read.error().detail, item.want) << item.name;
    }
  }
}

TEST(ControlJson, a_page_has_1_to_1000_entries) {
  EXPECT_FALSE(from_json<DecisionsRequest>(R"({"limit":0})"));
  EXPECT_TRUE(from_json<DecisionsRequest>(R"({"limit":1})"));
  EXPECT_TRUE(from_json<DecisionsRequest>(R"({"limit":1000})"));
  EXPECT_FALSE(from_json<DecisionsRequest>(R"({"limit":1001})"));
  EXPECT_FALSE(from_json<DecisionsRequest>(R"({"limit":1.5})"));
}

TEST(ControlJson, an_answer_may_have_grown_a_member) {
  EXPECT_TRUE(from_json<RevokeAnswer>(R"({"id":1,"propagated":true})"));
  EXPECT_FALSE(from_json<RevokeAnswer>(R"({"propagated":true})"));
}

TEST(ControlErrors, each_kind_survives_the_trip) {
  using Kind = MethodError::Kind;
  const MethodError errors[] = {
      {Kind::config_invalid,
       {},
       {{"a.yaml", 3, 1, "unknown key"}, {"b.yaml", 4, 2, "out of range"}}},
      {Kind::not_found, {}, {}},
      {Kind::refused, "the state store is read-only", {}},
      {Kind::invalid_parameter, "before", {}},
      {Kind::other, "org.varlink.service.MethodNotFound", {}},
  };
  for (const MethodError& error : errors) {
    const MethodError back = method_error(error_reply(error));
    EXPECT_EQ(back.kind, error.kind);
    EXPECT_EQ(back.text, error.text);
    ASSERT_EQ(back.errors.size(), error.errors.size());
    for (std::size_t index = 0; index < error.errors.size(); ++index) {
      EXPECT_EQ(back.errors[index].file, error.errors[index].file);
      EXPECT_EQ(back.errors[index].line, error.errors[index].line);
      EXPECT_EQ(back.errors[index].column, error.errors[index].column);
      EXPECT_EQ(back.errors[index].message, error.errors[index].message);
    }
  }
}

// --- The interface file against the structs.

// The member names of a parenthesised list "(a: T, b: T)" whose own types have no further names in
// parentheses but enumerations.
std::vector<std::string> names_of(std::string list) {
  list = std::regex_replace(list, std::regex(R"(:\s*\([^)]*\))"), ": enum");
  std::vector<std::string> names;
  const std::regex name(R"((\w+):)");
  for (std::sregex_iterator match(list.begin(), list.end(), name), end; match != end; ++match) {
    names.push_back((*match)[1]);
  }
  return names;
}

// The text between the parentheses that open right after the first match of `head`.
std::string list_after(const std::string& text, const std::string& head) {
  const std::size_t found = text.find(head);
  if (found == std::string::npos) return "missing: " + head;
  const std::size_t open = text.find('(', found + head.size() - 1);
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return text.substr(open, at - open + 1);
  }
  return "unbalanced: " + head;
}

template <typename T>
std::vector<std::string> members_of(const T& value) {
  jose::JsonReader reader;
  const std::string text = to_json(value);
  const auto object = reader.read(text);
  std::vector<std::string> names;
  for (const auto member : object->members()) names.emplace_back(member.name);
  return names;
}

std::vector<std::string> members_of_first(const std::string& text, std::string_view member) {
  jose::JsonReader reader;
  const auto object = reader.read(text);
  std::vector<std::string> names;
  const auto value = object->find(member);
  for (const auto element : value->elements()) {
    for (const auto inner : element.members()) names.emplace_back(inner.name);
    break;
  }
  return names;
}

class ControlInterface : public testing::Test {
 protected:
  const std::string text_{interface_description()};

  std::string request(const std::string& method) const {
    return list_after(text_, "method " + method + "(");
  }
  std::string answer(const std::string& method) const {
    const std::size_t found = text_.find("method " + method + "(");
    return found == std::string::npos ? "missing" : list_after(text_.substr(found), "-> (");
  }
  std::string type(const std::string& name) const {
    return list_after(text_, "type " + name + " (");
  }
};

TEST_F(ControlInterface, says_of_each_method_what_the_structs_say) {
  EXPECT_EQ(names_of(answer("Status")), members_of(some_status()));
  EXPECT_EQ(names_of(answer("GetConfig")), members_of(GetConfigAnswer{}));
  EXPECT_EQ(names_of(request("Issuers")), members_of(IssuersRequest{"corp"}));
  EXPECT_EQ(names_of(answer("Issuers")), members_of(IssuersAnswer{}));
  EXPECT_EQ(names_of(request("RefreshKeys")), members_of(RefreshKeysRequest{"corp"}));
  EXPECT_EQ(names_of(answer("RefreshKeys")), members_of(RefreshKeysAnswer{}));
  EXPECT_EQ(names_of(request("GetKeys")), members_of(GetKeysRequest{}));
  EXPECT_EQ(names_of(answer("GetKeys")),
            members_of(GetKeysAnswer{"corp", "file", false, 1, at(1), "{}"}));
  EXPECT_EQ(names_of(answer("Reload")), members_of(ReloadAnswer{}));
  EXPECT_EQ(names_of(request("Explain")), members_of(ExplainRequest{}));
  EXPECT_EQ(names_of(answer("Explain")), members_of(ExplainAnswer{}));
  EXPECT_EQ(names_of(request("Decisions")), members_of(DecisionsRequest{1, "a"}));
  EXPECT_EQ(names_of(answer("Decisions")), members_of(DecisionsAnswer{}));
  EXPECT_EQ(names_of(request("Revoke")),
            members_of(RevokeRequest{"token", "i", "v", at(1), "c", at(2)}));
  EXPECT_EQ(names_of(request("RevokeMany")), members_of(RevokeManyRequest{{}}));
  EXPECT_EQ(names_of(answer("RevokeMany")), members_of(RevokeManyAnswer{{}}));
  EXPECT_EQ(names_of(answer("Revoke")), members_of(RevokeAnswer{}));
  EXPECT_EQ(names_of(request("Revocations")), members_of(RevocationsRequest{"token", 1, 1}));
  EXPECT_EQ(names_of(answer("Revocations")), members_of(RevocationsAnswer{}));
  EXPECT_EQ(names_of(request("RemoveRevocation")), members_of(RemoveRevocationRequest{}));
  EXPECT_EQ(names_of(request("Bindings")), members_of(BindingsRequest{"a", 1}));
  EXPECT_EQ(names_of(answer("Bindings")), members_of(BindingsAnswer{}));
  EXPECT_EQ(names_of(request("RemoveBinding")), members_of(RemoveBindingRequest{}));
  EXPECT_EQ(names_of(request("Accounts")), members_of(AccountsRequest{"a", 1}));
  EXPECT_EQ(names_of(answer("Accounts")), members_of(AccountsAnswer{}));
  EXPECT_EQ(names_of(request("ChangeAccount")), members_of(ChangeAccountRequest{}));
  EXPECT_EQ(names_of(request("ImportAccounts")), members_of(ImportAccountsRequest{}));
  EXPECT_EQ(names_of(answer("ImportAccounts")), members_of(ImportAccountsAnswer{}));
  EXPECT_EQ(names_of(request("Sessions")), members_of(SessionsRequest{"a", 1}));
  EXPECT_EQ(names_of(answer("Sessions")), members_of(SessionsAnswer{}));
  EXPECT_EQ(names_of(request("EndSession")), members_of(EndSessionRequest{}));
  EXPECT_EQ(names_of(answer("EndSession")), members_of(EndSessionAnswer{}));
  EXPECT_EQ(names_of(list_after(text_, "error Refused (")), members_of(RefusedError{}));
  EXPECT_EQ(names_of(list_after(text_, "error ConfigInvalid (")), members_of(ConfigInvalidError{}));
}

TEST_F(ControlInterface, says_of_each_type_what_the_structs_say) {
  EXPECT_EQ(names_of(type("Issuer")), members_of_first(to_json(some_status()), "issuers"));
  EXPECT_EQ(
      names_of(type("Refreshed")),
      members_of_first(to_json(RefreshKeysAnswer{{{"corp", "too_soon", "no", at(1)}}}), "issuers"));
  StatusAnswer decisions_only = some_status();
  EXPECT_EQ(names_of(type("DecisionSummary")),
            members_of_first(to_json(DecisionsAnswer{{DecisionSummary{}}}), "decisions"));
  EXPECT_EQ(names_of(type("Revoking")),
            members_of_first(to_json(RevokeManyRequest{{{"token", "i", "v", at(1), "c", at(2)}}}),
                             "revocations"));
  EXPECT_EQ(names_of(type("Revocation")),
            members_of_first(to_json(RevocationsAnswer{
                                 {{1, "token", "i", "v", at(2), at(3), "c", at(4)}}, true}),
                             "revocations"));
  EXPECT_EQ(names_of(type("Binding")),
            members_of_first(to_json(BindingsAnswer{{{}}, true}), "bindings"));
  EXPECT_EQ(names_of(type("Account")),
            members_of_first(to_json(AccountsAnswer{{some_account()}, true}), "accounts"));
  EXPECT_EQ(names_of(type("ImportedAccount")),
            members_of_first(to_json(some_import()), "accounts"));
  EXPECT_EQ(names_of(type("ImportedGroup")), members_of_first(to_json(some_import()), "groups"));
  EXPECT_EQ(names_of(type("Session")),
            members_of_first(to_json(SessionsAnswer{{SessionRecord{}}, true}), "sessions"));
  EXPECT_EQ(names_of(type("ConfigError")),
            members_of_first(to_json(ConfigInvalidError{{{}}}), "errors"));
  jose::JsonReader reader;
  const std::string explain = to_json(ExplainAnswer{some_decision()});
  const auto object = reader.read(explain);
  std::vector<std::string> decision;
  const auto value = object->find("decision");
  for (const auto member : value->members()) decision.emplace_back(member.name);
  EXPECT_EQ(names_of(type("Decision")), decision);
}

TEST_F(ControlInterface, names_every_method) {
  for (const std::string_view method :
       {Status::kMethod, Issuers::kMethod, RefreshKeys::kMethod, GetConfig::kMethod,
        GetKeys::kMethod, Reload::kMethod, Explain::kMethod, Decisions::kMethod, Revoke::kMethod,
        Revocations::kMethod, RemoveRevocation::kMethod, Bindings::kMethod, RemoveBinding::kMethod,
        Accounts::kMethod, ChangeAccount::kMethod, ImportAccounts::kMethod, Sessions::kMethod,
        EndSession::kMethod}) {
    ASSERT_TRUE(method.starts_with("io.latchkey.Control."));
    EXPECT_NE(text_.find("\nmethod " + std::string(method.substr(20)) + "("), std::string::npos)
        << method;
  }
}

}  // namespace
}  // namespace latchkey::ipc::control
