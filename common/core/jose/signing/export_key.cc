// SPDX-License-Identifier: Apache-2.0
//
// Keys as text. The members stand in the order of RFC 7518: what the key is, its public numbers,
// its private ones, then what it is called.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <nlohmann/json.hpp>

#include "core/jose/base64url.h"
#include "core/jose/signing/evp.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::jose {
namespace {

using evp::failed;
using wire::SecretBuffer;

constexpr std::size_t kJwkRoom = 32'768;  // RSA of 8192 bits with all its numbers, and labels

// Text that is wiped with its owner.
struct Wiped {
  std::string text;
  ~Wiped() { wire::wipe(std::span<char>(text)); }
};

// A number of the key, big endian, as base64url; padded to `size` bytes (0: as long as it is).
// Nothing where the key has none of that name.
std::optional<std::string> number_of(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  const evp::Number number(raw);
  Wiped bytes{std::string(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(raw)), '\0')};
  const int width = static_cast<int>(bytes.text.size());
  if (BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.text.data()), width) != width)
    return std::nullopt;
  return encode_base64url(bytes.text);
}

using RawKey = int (*)(const EVP_PKEY*, unsigned char*, std::size_t*);

std::optional<std::string> raw_of(const EVP_PKEY* key, RawKey get) {
  Wiped bytes{std::string(evp::kEd25519Bytes, '\0')};
  std::size_t size = bytes.text.size();
  if (get(key, reinterpret_cast<unsigned char*>(bytes.text.data()), &size) != 1)
    return std::nullopt;
  return encode_base64url(bytes.text);
}

struct Member {
  std::string_view name;
  std::string value;  // needs no escape: a registered word or base64url
};

// The required members (RFC 7638 section 3.2) of a public key; empty where OpenSSL fails.
std::vector<Member> public_members(const EVP_PKEY* key, KeyKind kind, const std::string& curve) {
  std::vector<std::pair<std::string_view, std::optional<std::string>>> all;
  all.emplace_back("kty", std::string(key_kind_name(kind)));
  if (kind == KeyKind::rsa) {
    all.emplace_back("n", number_of(key, OSSL_PKEY_PARAM_RSA_N, 0));
    all.emplace_back("e", number_of(key, OSSL_PKEY_PARAM_RSA_E, 0));
  } else if (kind == KeyKind::ec) {
    const std::size_t size = evp::find_curve(curve)->number_size;
    all.emplace_back("crv", curve);
    all.emplace_back("x", number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size));
    all.emplace_back("y", number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size));
  } else {
    all.emplace_back("crv", curve);
    all.emplace_back("x", raw_of(key, EVP_PKEY_get_raw_public_key));
  }
  std::vector<Member> members;
  for (auto& [name, value] : all) {
    if (!value) return {};
    members.push_back({name, *std::move(value)});
  }
  return members;
}

bool append_member(SecretBuffer& to, std::string_view name, std::string_view value) {
  return to.append(to.empty() ? "{\"" : ",\"") && to.append(name) && to.append("\":\"") &&
         to.append(value) && to.append("\"");
}

std::string escaped(const std::string& text) {
  const std::string in_quotes =
      nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return in_quotes.substr(1, in_quotes.size() - 2);
}

bool append_labels(SecretBuffer& to, const KeyLabels& labels) {
  const std::pair<std::string_view, const std::optional<std::string>&> all[] = {
      {"kid", labels.kid}, {"alg", labels.alg}, {"use", labels.use}};
  for (const auto& [name, value] : all) {
    if (value && !append_member(to, name, escaped(*value))) return false;
  }
  return to.append("}");
}

bool append_secret(SecretBuffer& to, std::string_view name, std::optional<std::string> value) {
  if (!value) return false;
  const Wiped wiped{*std::move(value)};
  return append_member(to, name, wiped.text);
}

bool append_private(SecretBuffer& to, const EVP_PKEY* key, KeyKind kind, const std::string& curve) {
  if (kind == KeyKind::okp)
    return append_secret(to, "d", raw_of(key, EVP_PKEY_get_raw_private_key));
  if (kind == KeyKind::ec) {
    const std::size_t size = evp::find_curve(curve)->number_size;
    return append_secret(to, "d", number_of(key, OSSL_PKEY_PARAM_PRIV_KEY, size));
  }
  if (!append_secret(to, "d", number_of(key, OSSL_PKEY_PARAM_RSA_D, 0))) return false;
  auto p = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1, 0);
  if (!p) return true;  // a key that came without its factors
  return append_secret(to, "p", std::move(p)) &&
         append_secret(to, "q", number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2, 0)) &&
         append_secret(to, "dp", number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT1, 0)) &&
         append_secret(to, "dq", number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT2, 0)) &&
         append_secret(to, "qi", number_of(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0));
}

// The text of a PEM in OpenSSL's memory, which is wiped there when it ends.
std::string_view text_of(const evp::Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size <= 0 ? std::string_view() : std::string_view(data, static_cast<std::size_t>(size));
}

}  // namespace

KeyResult<std::string> KeyMaterial::public_jwk(const KeyLabels& labels) const {
  if (kind_ == KeyKind::oct) return failed("a symmetric key has no public half");
  const auto members = public_members(key_.get(), kind_, curve_);
  SecretBuffer out(kJwkRoom);
  bool whole = !members.empty();
  for (const Member& one : members) whole = whole && append_member(out, one.name, one.value);
  if (!whole || !append_labels(out, labels)) return failed("the key cannot be written as a JWK");
  return std::string(out.view());
}

KeyResult<SecretBuffer> KeyMaterial::private_jwk(const KeyLabels& labels) const {
  if (!private_) return failed("the key has no private half");
  SecretBuffer out(kJwkRoom);
  bool whole = true;
  if (kind_ == KeyKind::oct) {
    whole = append_member(out, "kty", "oct") &&
            append_secret(out, "k", encode_base64url(secret_.view()));
  } else {
    const auto members = public_members(key_.get(), kind_, curve_);
    whole = !members.empty();
    for (const Member& one : members) whole = whole && append_member(out, one.name, one.value);
    whole = whole && append_private(out, key_.get(), kind_, curve_);
  }
  if (!whole || !append_labels(out, labels)) return failed("the key cannot be written as a JWK");
  return out;
}

// RFC 7638 section 3: the required members in the order of their names, nothing else.
KeyResult<std::string> KeyMaterial::thumbprint() const {
  SecretBuffer text(kJwkRoom);
  bool whole = true;
  if (kind_ == KeyKind::oct) {
    whole = append_secret(text, "k", encode_base64url(secret_.view())) &&
            append_member(text, "kty", "oct");
  } else {
    auto members = public_members(key_.get(), kind_, curve_);
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.name < b.name; });
    whole = !members.empty();
    for (const Member& one : members) whole = whole && append_member(text, one.name, one.value);
  }
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  if (!whole || !text.append("}") ||
      SHA256(evp::bytes(text.view()), text.size(), digest.data()) == nullptr) {
    return failed("OpenSSL made no thumbprint");
  }
  return encode_base64url(digest);
}

KeyResult<std::string> KeyMaterial::public_pem() const {
  const evp::Bio bio(BIO_new(BIO_s_mem()));
  if (key_ == nullptr || bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1)
    return failed("the key cannot be written as PEM");
  return std::string(text_of(bio));
}

KeyResult<SecretBuffer> KeyMaterial::private_pem() const {
  const evp::Bio bio(BIO_new(BIO_s_mem()));
  if (key_ == nullptr || !private_ || bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return failed("the key cannot be written as PEM");
  }
  const std::string_view text = text_of(bio);
  SecretBuffer out(text.size());
  if (!out.append(text)) return failed("there is no memory for the key");
  return out;
}

}  // namespace latchkey::jose
