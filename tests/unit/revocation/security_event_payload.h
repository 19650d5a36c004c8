// SPDX-License-Identifier: Apache-2.0
//
// Good security events and logout tokens for the tests of their reader, and what it makes of them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/revocation/security_event.h"
#include "tests/support/signing.h"

namespace latchkey::revocation::security_event_test {

using namespace std::chrono_literals;
using testing::SigningKey;

inline constexpr WallTime kNow{1'615'305'200s};
inline constexpr WallTime kSigned{1'615'305'159s};
inline const std::string kIssuer = "https://idp.example.com/123456789/";
inline const std::string kOther = "https://b.example";
inline const std::vector<std::string> kAudiences = {"https://sp.example.com/caep", "s6BhdRkqt3"};
inline const std::vector<std::string> kIssuers = {kIssuer, kOther};
inline const std::string kId = "24c63fb56e5a2d77a6b512616ca9fa24";
inline const std::string kSetHeader = R"({"alg":"EdDSA","kid":"k","typ":"secevent+jwt"})";
inline const std::string kLogoutHeader = R"({"alg":"EdDSA","kid":"k","typ":"logout+jwt"})";
inline const std::string kCaep = "https://schemas.openid.net/secevent/caep/event-type/";
inline const std::string kRisc = "https://schemas.openid.net/secevent/risc/event-type/";
inline const std::string kLogout = "http://schemas.openid.net/event/backchannel-logout";
inline const std::string kJane =
    R"({"format":"iss_sub","iss":"https://idp.example.com/123456789/","sub":"jane"})";

inline const SigningKey& key() {
  static const SigningKey made = SigningKey::of_the_rfc("k");
  return made;
}

inline const Names& names() {
  static const Names made;
  return made;
}

inline ItemResult<SecurityEvent> read(const std::string& token, WallTime now = kNow,
                                      std::optional<std::chrono::seconds> keep = {}) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  jose::Scratch scratch;
  return read_security_event(token, kId, {kIssuer, kAudiences, keys, kIssuers, keep}, names(), now,
                             scratch);
}

// A good token, and what a case writes in place of a member. An empty member is not there.
struct Payload {
  std::string iss = '"' + kIssuer + '"';
  std::string aud = R"("https://sp.example.com/caep")";
  std::string iat = "1615305159";
  std::string exp;
  std::string nbf;
  std::string jti = '"' + kId + '"';
  std::string sub;
  std::string sid;
  std::string sub_id = kJane;
  std::string toe;
  std::string nonce;
  std::string events = "{\"" + kCaep + R"(session-revoked":{"event_timestamp":1615304991}})";

  std::string text() const {
    std::string out;
    const std::vector<std::pair<std::string, const std::string*>> all = {
        {"iss", &iss},       {"aud", &aud}, {"iat", &iat},     {"exp", &exp},
        {"nbf", &nbf},       {"jti", &jti}, {"sub", &sub},     {"sid", &sid},
        {"sub_id", &sub_id}, {"toe", &toe}, {"nonce", &nonce}, {"events", &events}};
    for (const auto& [name, value] : all)
      if (!value->empty()) out += (out.empty() ? "\"" : ",\"") + name + "\":" + *value;
    return "{" + out + "}";
  }
  std::string token() const { return key().token(kSetHeader, text()); }
};

inline Payload logout() {
  Payload payload;
  payload.sub_id.clear();
  payload.exp = "1615305279";
  payload.sub = R"("248289761001")";
  payload.sid = R"("08a5019c")";
  payload.events = "{\"" + kLogout + "\":{}}";
  return payload;
}

inline std::string fault_of(const std::string& token, WallTime now = kNow) {
  const auto event = read(token, now);
  return event ? "good" : std::string(item_fault_name(event.error().fault));
}

// What a token revokes: "kind(value)@seconds". Values are found again by their digests.
inline std::string effect_of(const std::string& token) {
  const auto event = read(token);
  if (!event) return std::string(item_fault_name(event.error().fault));
  std::string out;
  const auto at = [](WallTime before) {
    return "@" + std::to_string(before.time_since_epoch().count() / 1'000);
  };
  for (const Entry& entry : event->entries) {
    std::string value = "?";
    for (const std::string& issuer : kIssuers)
      for (const char* id : {"jane", "joe", "s1", "t1", "248289761001", "08a5019c"})
        if (names().digest(entry.kind, issuer, id) == entry.digest)
          value = (issuer == kIssuer ? "" : "b ") + std::string(id);
    out += std::string(entry_kind_name(entry.kind)) + '(' + value + ')';
    if (entry.kind == EntryKind::subject) out += at(entry.before);
    out += ' ';
  }
  for (const UnresolvedSubject& other : event->unresolved)
    out += '?' + other.format + '(' + other.value + ')' + at(other.before) + ' ';
  return out;
}

struct Case {
  std::string name;
  std::string token;
  std::string want;
};

}  // namespace latchkey::revocation::security_event_test
