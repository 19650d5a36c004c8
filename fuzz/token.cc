// SPDX-License-Identifier: Apache-2.0
//
// Whole tokens against a key set. The first byte says how the rest becomes a token:
//
//   's'  payload, signed here: fuzzed claims reach every check behind the signature
//   'h'  header NUL payload, signed here
//   'p'  header NUL payload NUL signature, each encoded here
//   'k'  key set NUL header NUL payload, signed here: the set is fuzzed as well
//   'm'  header NUL payload, with an HMAC made here: the same for the issuer with a symmetric key
//   else the bytes are the token
//
// A token that is accepted must also be found good by a second, plain implementation: OpenSSL
// straight, nlohmann/json, and the checks written out once more. A refusal has a detail of
// printable ASCII, and no trace of a signature is left.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <nlohmann/json.hpp>

#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "core/jose/symmetric_key.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here

constexpr std::string_view kIssuer = "https://id.example";
constexpr std::string_view kShared = "https://shared.example";  // the issuer with a symmetric key
constexpr std::string_view kSecret = "a secret of 32 bytes, or of more";
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

std::string mac_token(std::string_view header, std::string_view payload) {
  return testing::mac_token(jose::SymmetricAlgorithm::hs256, kSecret, header, payload);
}

// Public keys and a symmetric one, each an issuer's own.
Snapshot make_snapshot() {
  auto shared = testing::make_issuer("shared", std::string(kShared));
  shared.config.algorithms.clear();
  shared.config.symmetric_key_file = "/etc/latchkey/shared.jwk";
  shared.config.symmetric_algorithm = jose::SymmetricAlgorithm::hs256;
  Snapshot made = testing::make_snapshot(
      {testing::make_issuer("corp", std::string(kIssuer)), shared},
      {testing::make_keys(testing::jwk_set({key().jwk()})), nullptr}, testing::kNow);
  auto symmetric = jose::SymmetricKey::parse(testing::oct_jwk(kSecret, R"(,"kid":"m")"),
                                             jose::SymmetricAlgorithm::hs256);
  require(symmetric.has_value());
  made.keys[1].symmetric = std::make_shared<const jose::SymmetricKey>(*std::move(symmetric));
  return made;
}

// A target that accepts nothing would find nothing.
Snapshot make_checked_snapshot() {
  Snapshot made = make_snapshot();
  const auto payload = [](std::string_view issuer) {
    return R"({"iss":")" + std::string(issuer) +
           R"(","sub":"u","aud":"ssh-prod","exp":1900000600,"preferred_username":"alice"})";
  };
  jose::Scratch scratch;
  for (const std::string& token :
       {key().token(payload(kIssuer)), mac_token(R"({"alg":"HS256"})", payload(kShared))}) {
    Trace trace;
    require(verify(token, made, testing::kNow, scratch, trace).has_value());
  }
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
    case 'm': {
      const std::string_view header = next(rest);
      return mac_token(header, rest);
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

bool plain_mac_holds(const std::string& token) {
  const std::size_t dot = token.rfind('.');
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  require(HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
               reinterpret_cast<const unsigned char*>(token.data()), dot, mac.data(),
               &size) != nullptr);
  return decoded(token.substr(dot + 1)) ==
         std::string_view(reinterpret_cast<const char*>(mac.data()), size);
}

// A media type as it is compared: RFC 7515 sections 4.1.9 and 4.1.10.
std::string media_type(const nlohmann::json& member) {
  std::string type = member.get<std::string>();
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view kPrefix = "application/";
  return type.starts_with(kPrefix) ? type.substr(kPrefix.size()) : type;
}

// What the header may say, whoever signed.
void require_good_header(const nlohmann::json& header) {
  require(!header.contains("crit") && !header.contains("b64") && !header.contains("zip"));
  if (header.contains("typ")) {
    const std::string typ = media_type(header.at("typ"));
    require(typ == "at+jwt" || typ == "jwt");
  }
  require(!header.contains("cty") || media_type(header.at("cty")) != "jwt");
  if (header.contains("kid")) {
    const auto& kid = header.at("kid");
    require(kid.is_string() && kid.get_ref<const std::string&>().size() <= 256);
  }
}

// The issuer alone says which algorithm and which key.
void require_good_signature(const std::string& token, const nlohmann::json& header,
                            const nlohmann::json& issuer) {
  require(issuer == kIssuer || issuer == kShared);
  if (issuer == kIssuer) {
    require(header.at("alg") == "EdDSA" && plain_signature_holds(token));
  } else {
    require(header.at("alg") == "HS256" && plain_mac_holds(token));
    require(!header.contains("kid") || header.at("kid") == "m");
  }
}

// The checks of this fixed policy, once more and without bounds.
void require_good(const std::string& token, const claims::Claims& record) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  require(second == token.rfind('.'));
  const auto header = nlohmann::json::parse(decoded(token.substr(0, first)));
  const auto payload = nlohmann::json::parse(decoded(token.substr(first + 1, second - first - 1)));
  require_good_header(header);
  require_good_signature(token, header, payload.at("iss"));
  require(payload.at("iss") == record.issuer && payload.at("sub") == record.subject);
  const auto& aud = payload.at("aud");
  require(aud.is_string() ? aud == "ssh-prod"
                          : std::find(aud.begin(), aud.end(), "ssh-prod") != aud.end());
  constexpr double kNowSeconds = 1'900'000'000;
  require(payload.at("exp").get<double>() + 60.001 > kNowSeconds);
  if (payload.contains("nbf")) require(payload.at("nbf").get<double>() <= kNowSeconds + 60.001);
  if (payload.contains("iat")) require(payload.at("iat").get<double>() <= kNowSeconds + 60.001);
  require(!payload.contains("events") && !payload.contains("cnf"));
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

// Under the fixed keys, whose names are known.
void with_fixed_keys(const std::string& token) {
  if (!judged(token, snapshot())) return;
  const auto header = nlohmann::json::parse(decoded(token.substr(0, token.find('.'))));
  require(!header.contains("kid") || header.at("kid") == (header.at("alg") == "HS256" ? "m" : "k"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('k')) {
    with_key_set(input.substr(1));
  } else {
    with_fixed_keys(token_of(input));
  }
  return 0;
}
