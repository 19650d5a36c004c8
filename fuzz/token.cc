// SPDX-License-Identifier: Apache-2.0
//
// Whole tokens against a key set. The first byte says how the rest becomes a token:
//
//   's'  payload, signed here: fuzzed claims reach every check behind the signature
//   'h'  header NUL payload, signed here
//   'p'  header NUL payload NUL signature, each encoded here
//   'k'  key set NUL header NUL payload, signed here: the set is fuzzed as well
//   else the bytes are the token
//
// A token that is accepted must also be found good by a second, plain implementation: OpenSSL
// straight, nlohmann/json, and the checks written out once more. A refusal has a detail of
// printable ASCII, and no trace of a signature is left.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here

constexpr std::string_view kIssuer = "https://id.example";
constexpr std::string_view kPoint = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";  // RFC 8037 A.2

void require(bool held) {
  if (!held) std::abort();
}

// A part that the verifier took is base64url.
std::string decoded(std::string_view part) {
  auto bytes = jose::decode_base64url(part);
  if (!bytes) std::abort();
  return *std::move(bytes);
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("k");
  return made;
}

Snapshot make_checked_snapshot() {
  Snapshot made =
      testing::make_snapshot({testing::make_issuer("corp", std::string(kIssuer))},
                             {testing::make_keys(testing::jwk_set({key().jwk()}))}, testing::kNow);
  // A target that accepts nothing would find nothing.
  jose::Scratch scratch;
  Trace trace;
  require(verify(key().token(
                     R"({"iss":"https://id.example","sub":"u","aud":"ssh-prod","exp":1900000600,)"
                     R"("preferred_username":"alice"})"),
                 made, testing::kNow, scratch, trace)
              .has_value());
  return made;
}

const Snapshot& snapshot() {
  static const Snapshot made = make_checked_snapshot();
  return made;
}

// Cuts the text before the first NUL off it.
std::string_view next(std::string_view& text) {
  const std::size_t end = std::min(text.find('\0'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string token_of(std::string_view input) {
  if (input.empty()) return {};
  std::string_view rest = input.substr(1);
  switch (input.front()) {
    case 's':
      return key().token(rest);
    case 'h': {
      const std::string_view header = next(rest);
      return key().token(header, rest);
    }
    case 'p': {
      const std::string_view header = next(rest);
      const std::string_view payload = next(rest);
      return testing::compact(header, payload, rest);
    }
    default:
      return std::string(input);
  }
}

bool plain_signature_holds(const std::string& token) {
  static EVP_PKEY* const public_key = [] {
    const auto point = decoded(kPoint);
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                       reinterpret_cast<const unsigned char*>(point.data()),
                                       point.size());
  }();
  const std::size_t dot = token.rfind('.');
  const std::string signature = decoded(token.substr(dot + 1));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  require(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, public_key) == 1);
  const int result =
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(token.data()), dot);
  EVP_MD_CTX_free(context);
  return result == 1;
}

// The checks of this fixed policy, once more and without bounds.
void require_good(const std::string& token, const claims::Claims& record) {
  require(plain_signature_holds(token));
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  require(second == token.rfind('.'));
  const auto header = nlohmann::json::parse(decoded(token.substr(0, first)));
  const auto payload = nlohmann::json::parse(decoded(token.substr(first + 1, second - first - 1)));
  require(header.at("alg") == "EdDSA" && !header.contains("crit") && !header.contains("b64"));
  require(payload.at("iss") == kIssuer && payload.at("sub") == record.subject);
  const auto& aud = payload.at("aud");
  require(aud.is_string() ? aud == "ssh-prod"
                          : std::find(aud.begin(), aud.end(), "ssh-prod") != aud.end());
  constexpr double kNowSeconds = 1'900'000'000;
  require(payload.at("exp").get<double>() + 60.001 > kNowSeconds);
  if (payload.contains("nbf")) require(payload.at("nbf").get<double>() <= kNowSeconds + 60.001);
  if (payload.contains("iat")) require(payload.at("iat").get<double>() <= kNowSeconds + 60.001);
  require(!payload.contains("events"));
  require(record.users.size() == 1 && payload.at("preferred_username") == record.users.front());
}

// The set holds the key that signed, for signatures, under the name that the header asks for.
void require_key_in(std::string_view set, const std::string& token) {
  const auto header = nlohmann::json::parse(decoded(token.substr(0, token.find('.'))));
  const auto root = nlohmann::json::parse(set);
  const auto& keys = root.at("keys");
  require(std::any_of(keys.begin(), keys.end(), [&](const nlohmann::json& jwk) {
    const auto says = [&](const char* name, std::string_view text) {
      return jwk.contains(name) && jwk.at(name) == text;
    };
    return jwk.is_object() && says("kty", "OKP") && says("crv", "Ed25519") && says("x", kPoint) &&
           !jwk.contains("d") && (!jwk.contains("use") || jwk.at("use") == "sig") &&
           (!jwk.contains("alg") || jwk.at("alg") == "EdDSA") &&
           (!header.contains("kid") || (jwk.contains("kid") && jwk.at("kid") == header.at("kid")));
  }));
}

// Whether the token was accepted; a refusal is looked at here.
bool judged(const std::string& token, const Snapshot& under) {
  static jose::Scratch scratch;
  require(jose::quote(token, scratch).count() > 0);
  Trace trace;
  const auto verified = verify(token, under, testing::kNow, scratch, trace);
  for (const std::uint8_t byte : scratch.signature(jose::kSignatureBytes)) require(byte == 0);
  if (verified) {
    require_good(token, *verified->claims);
    require(recheck(*verified, under, testing::kNow, trace).has_value());
    return true;
  }
  const Decision& decision = verified.error().decision;
  require(!decision.allowed() && decision.reason != Reason::internal_error);
  require(verified.error().need_keys.has_value() == (decision.reason == Reason::key_unknown));
  require(std::all_of(decision.detail.begin(), decision.detail.end(),
                      [](char c) { return c >= 0x20 && c < 0x7F; }));
  return false;
}

void with_key_set(std::string_view rest) {
  const std::string_view set = next(rest);
  const std::string_view header = next(rest);
  Snapshot under = snapshot();
  under.keys[0].keys = testing::make_keys(set);
  if (under.keys[0].keys == nullptr) return;
  const std::string token = key().token(header, rest);
  if (judged(token, under)) require_key_in(set, token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('k')) {
    with_key_set(input.substr(1));
  } else {
    judged(token_of(input), snapshot());
  }
  return 0;
}
