// SPDX-License-Identifier: Apache-2.0
#include "core/jose/symmetric_key.h"

#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/json.h"
#include "core/jose/jwk_members.h"
#include "core/jose/leavings.h"

namespace latchkey::jose {
namespace {

constexpr std::size_t kKeyBytesMost = 1'024;

tl::unexpected<std::string> drop(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

// The secret on its way from the text to OpenSSL.
class Secret {
 public:
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  bool decode(std::string_view text) {
    const auto size = decode_base64url(text, bytes_);
    size_ = size.value_or(0);
    return size.has_value();
  }
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, kKeyBytesMost> bytes_{};
  std::size_t size_ = 0;
};

// A reader whose texts are secrets.
class SecretReader {
 public:
  SecretReader() : reader_(JsonLimits{.bytes = limits::kSymmetricKeyFileBytes}) {}
  SecretReader(const SecretReader&) = delete;
  SecretReader& operator=(const SecretReader&) = delete;
  ~SecretReader() { reader_.forget(); }

  JsonReader& operator*() { return reader_; }

 private:
  JsonReader reader_;
};

MacContext make_context(std::span<const std::uint8_t> key, SymmetricAlgorithm algorithm) {
  std::string digest = algorithm == SymmetricAlgorithm::hs256   ? "SHA256"
                       : algorithm == SymmetricAlgorithm::hs384 ? "SHA384"
                                                                : "SHA512";
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (hmac == nullptr) return nullptr;
  MacContext context(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);  // the context holds on to it
  const std::array<OSSL_PARAM, 2> params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_end()};
  if (context == nullptr ||
      EVP_MAC_init(context.get(), key.data(), key.size(), params.data()) != 1) {
    return nullptr;
  }
  return context;
}

tl::unexpected<Error> unfit(SymmetricAlgorithm algorithm) {
  return fail(Reason::key_unfit,
              "the key does not allow " + std::string(algorithm_name(algorithm)));
}

// RFC 7517 section 4.4: a key that names its algorithm serves that one.
tl::expected<void, std::string> check_algorithm(const JsonValue& jwk,
                                                SymmetricAlgorithm algorithm) {
  const auto member = jwk.find("alg");
  if (LATCHKEY_FAILS(symmetric_alg_other,
                     member && member->as_string() != algorithm_name(algorithm)))
    return drop("its 'alg' is not " + std::string(algorithm_name(algorithm)));
  return {};
}

}  // namespace

tl::expected<SymmetricKey, std::string> SymmetricKey::parse(std::string_view text,
                                                            SymmetricAlgorithm algorithm) {
  auto key = read(text, algorithm);
  wipe_leavings();
  return key;
}

tl::expected<SymmetricKey, std::string> SymmetricKey::read(std::string_view text,
                                                           SymmetricAlgorithm algorithm) {
  SecretReader reader;
  const auto jwk = (*reader).read(text);
  if (!jwk) return drop(std::string(describe(jwk.error())));
  const auto type = jwk->find("kty");
  if (LATCHKEY_FAILS(symmetric_type, !type || type->as_string() != "oct"))
    return drop("it is no JWK with \"kty\":\"oct\"");
  auto kid = read_kid(*jwk);
  if (!kid) return drop(std::move(kid).error());
  for (const auto& done :
       {check_use(*jwk), check_operations(*jwk), check_algorithm(*jwk, algorithm)}) {
    if (!done) return drop(done.error());
  }
  const auto member = jwk->find("k");
  const auto k = member ? member->as_string() : std::nullopt;
  Secret secret;
  if (LATCHKEY_FAILS(symmetric_key_absent, !k) ||
      LATCHKEY_FAILS(symmetric_key_form, !secret.decode(k.value_or(""))))
    return drop("'k' is absent, not canonical base64url, or longer than 1024 bytes");
  // RFC 7518 section 3.2, RFC 8725 section 3.5.
  if (const std::size_t least = hash_bytes(algorithm);
      LATCHKEY_FAILS(symmetric_too_short, secret.bytes().size() < least)) {
    return drop("the key has " + std::to_string(secret.bytes().size()) + " bytes, " +
                std::string(algorithm_name(algorithm)) + " needs " + std::to_string(least));
  }
  MacContext context = make_context(secret.bytes(), algorithm);
  if (context == nullptr) {
    ERR_clear_error();
    return drop("OpenSSL does not take it");
  }
  return SymmetricKey(algorithm, *std::move(kid), std::move(context));
}

std::string_view SymmetricKey::id() const {
  constexpr std::array<std::string_view, kSymmetricAlgorithms> kIds{
      "symmetric-HS256", "symmetric-HS384", "symmetric-HS512"};
  return kIds[static_cast<std::size_t>(algorithm_)];
}

Expected<void> SymmetricKey::fits(SymmetricAlgorithm algorithm,
                                  std::optional<std::string_view> kid) const {
  if (LATCHKEY_FAILS(mac_kid_other, kid && kid_ != *kid))
    return fail(Reason::key_unknown, "key " + quoted(*kid));
  if (LATCHKEY_FAILS(mac_key_algorithm, algorithm != algorithm_)) return unfit(algorithm);
  return {};
}

Expected<void> SymmetricKey::check(SymmetricAlgorithm algorithm, std::string_view input,
                                   std::span<const std::uint8_t> signature) const {
  if (LATCHKEY_FAILS(mac_check_algorithm, algorithm != algorithm_)) return unfit(algorithm);
  auto verdict = compare(algorithm, input, signature);
  wipe_registers();  // OpenSSL copied the key to work with it
  return verdict;
}

Expected<void> SymmetricKey::compare(SymmetricAlgorithm algorithm, std::string_view input,
                                     std::span<const std::uint8_t> signature) const {
  const MacContext work(EVP_MAC_CTX_dup(context_.get()));
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  if (work == nullptr || EVP_MAC_update(work.get(), bytes, input.size()) != 1 ||
      EVP_MAC_final(work.get(), mac.data(), &size, mac.size()) != 1 ||
      size != hash_bytes(algorithm)) {
    ERR_clear_error();
    return fail(Reason::internal_error, "OpenSSL could not compute the HMAC");
  }
  // The length is no secret, every byte of the HMAC is one.
  const std::size_t shown = std::min(signature.size(), size);
  const bool same = CRYPTO_memcmp(mac.data(), signature.data(), shown) == 0;
  OPENSSL_cleanse(mac.data(), mac.size());  // it would make a token whole; no test sees it
  if (LATCHKEY_FAILS(mac_size, signature.size() != size) || LATCHKEY_FAILS(mac_invalid, !same))
    return fail(Reason::signature_invalid);
  return {};
}

}  // namespace latchkey::jose
