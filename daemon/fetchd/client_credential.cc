// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/client_credential.h"

#include <array>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/jose/base64url.h"
#include "core/jose/signing/compact_signature.h"
#include "core/jose/signing/key_material.h"
#include "daemon/fetchd/secret_file.h"

namespace latchkey::fetchd {
namespace {

using issuer::ClientAuthentication;
using wire::SecretBuffer;

template <typename T>
using Result = tl::expected<T, std::string>;

constexpr std::size_t kAssertionMost = 8'192;
constexpr std::size_t kSecretMost = 3 * 16'384;  // encoded

tl::unexpected<std::string> no_memory() { return tl::unexpected<std::string>("no memory"); }

bool unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// One value of a form: what stands for itself in every reading of it does, all else as %XX.
bool append_encoded(SecretBuffer& out, std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const std::array<char, 3> escaped{'%', kHex[byte >> 4U], kHex[byte & 0xfU]};
    const bool done = unreserved(c) ? out.append({&c, 1}) : out.append({escaped.data(), 3});
    if (!done) return false;
  }
  return true;
}

bool append_member(SecretBuffer& form, std::string_view name, std::string_view value) {
  return (form.empty() || form.append("&")) && form.append(name) && form.append("=") &&
         append_encoded(form, value);
}

// RFC 4648 section 4: base64 with its padding, as HTTP's Basic has it.
bool append_base64(SecretBuffer& out, std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) {
      return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
    };
    const unsigned group = byte(0) << 16U | byte(1) << 8U | byte(2);
    std::array<char, 4> text{kLetters[group >> 18U], kLetters[group >> 12U & 63U],
                             kLetters[group >> 6U & 63U], kLetters[group & 63U]};
    if (at + 1 >= bytes.size()) text[2] = '=';
    if (at + 2 >= bytes.size()) text[3] = '=';
    const bool done = out.append({text.data(), text.size()});
    wire::wipe(text);
    if (!done) return false;
  }
  return true;
}

// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
Result<SecretBuffer> basic(const std::string& client_id, const SecretBuffer& secret) {
  SecretBuffer pair(3 * client_id.size() + 1 + 3 * secret.size());
  SecretBuffer header(16 + pair.capacity() / 3 * 4 + 8);
  if (!append_encoded(pair, client_id) || !pair.append(":") ||
      !append_encoded(pair, secret.view()) || !header.append("Authorization: Basic ") ||
      !append_base64(header, pair.view())) {
    return no_memory();
  }
  return header;
}

Result<SecretBuffer> assertion(const issuer::IssuerConfig& config, std::string_view endpoint,
                               std::string_view unique, WallTime now) {
  const issuer::IntrospectionClient& client = config.introspection.client;
  auto text = read_secret_file(client.key_file);
  if (!text) return text;
  const auto key = jose::KeyMaterial::parse(text->view());
  if (!key) return tl::unexpected(client.key_file + ": " + key.error());
  const auto allowed = key->algorithms();
  const auto algorithm = client.key_algorithm.empty()
                             ? (allowed.empty() ? std::nullopt : std::optional(allowed.front()))
                             : jose::find_signing_algorithm(client.key_algorithm);
  if (!algorithm || key->kind() == jose::KeyKind::oct)
    return tl::unexpected(client.key_file + ": is no private key that signs assertions");
  using nlohmann::ordered_json;
  ordered_json header{{"alg", jose::algorithm_name(*algorithm)}, {"typ", "JWT"}};
  const auto kid =
      client.key_id.empty() ? key->labels().kid : std::optional<std::string>(client.key_id);
  if (kid) header["kid"] = *kid;
  const bool to_issuer = client.audience == issuer::AssertionAudience::issuer;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const ordered_json claims{{"iss", client.client_id},
                            {"sub", client.client_id},
                            {"aud", to_issuer ? config.issuer : std::string(endpoint)},
                            {"jti", unique},
                            {"iat", seconds},
                            {"exp", seconds + kAssertionLife.count()}};
  auto signed_ = jose::sign_compact(*key, *algorithm, header.dump(), claims.dump());
  if (!signed_) return tl::unexpected(client.key_file + ": " + signed_.error());
  return *std::move(signed_);
}

std::shared_ptr<const SecretBuffer> shared(SecretBuffer buffer) {
  return std::make_shared<const SecretBuffer>(std::move(buffer));
}

}  // namespace

tl::expected<IntrospectionForm, std::string> make_form(const issuer::IssuerConfig& config,
                                                       std::string_view endpoint,
                                                       const SecretBuffer& token,
                                                       std::string_view unique, WallTime now) {
  const issuer::IntrospectionClient& client = config.introspection.client;
  IntrospectionForm made;
  SecretBuffer form(3 * token.size() + kSecretMost + kAssertionMost + 3 * client.client_id.size() +
                    1'024);
  bool fits = append_member(form, "token", token.view()) &&
              append_member(form, "token_type_hint", "access_token");
  if (client.authentication == ClientAuthentication::private_key_jwt) {
    const auto signed_ = assertion(config, endpoint, unique, now);
    if (!signed_) return tl::unexpected(signed_.error());
    fits = fits && append_member(form, "client_id", client.client_id) &&
           append_member(form, "client_assertion_type",
                         "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") &&
           append_member(form, "client_assertion", signed_->view());
  } else {
    const auto secret = read_client_secret(client.secret_file);
    if (!secret) return tl::unexpected(secret.error());
    if (client.authentication == ClientAuthentication::client_secret_post) {
      fits = fits && append_member(form, "client_id", client.client_id) &&
             append_member(form, "client_secret", secret->view());
    } else {
      auto header = basic(client.client_id, *secret);
      if (!header) return tl::unexpected(header.error());
      made.authorization = shared(*std::move(header));
    }
  }
  if (!fits) return no_memory();
  made.body = shared(std::move(form));
  return made;
}

}  // namespace latchkey::fetchd
