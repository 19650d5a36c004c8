// SPDX-License-Identifier: Apache-2.0
//
// JWK (RFC 7517, RFC 7518 section 6, RFC 8037 section 2) to OpenSSL's objects. Numbers go there in
// buffers of ours, because OpenSSL's parameter builder does not wipe what it copies.
#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/json.h"
#include "core/jose/signing/evp.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::jose {

static_assert(std::endian::native == std::endian::little,
              "OSSL_PARAM takes numbers in the machine's order, a JWK has them big endian");

namespace {

using evp::failed;
using wire::SecretBuffer;

enum class Order : std::uint8_t { as_written, reversed };

std::string member(std::string_view name) { return "'" + std::string(name) + "'"; }

// A member's bytes, in the order of the JWK or turned round.
KeyResult<SecretBuffer> octets(const JsonValue& jwk, std::string_view name, Order order) {
  const auto value = jwk.find(name);
  const auto text = value ? value->as_string() : std::nullopt;
  if (!text) return failed(member(name) + " is absent or no string");
  SecretBuffer out(base64url_decoded_size(text->size()));
  const auto room = out.room();
  const std::span<std::uint8_t> into(reinterpret_cast<std::uint8_t*>(room.data()), room.size());
  const auto size = decode_base64url(*text, into);
  if (!out.grow(size.value_or(room.size())) || !size)
    return failed(member(name) + " is not canonical base64url");
  if (*size == 0) return failed(member(name) + " is empty");
  if (order == Order::reversed) std::reverse(into.begin(), into.begin() + static_cast<long>(*size));
  return out;
}

unsigned char* data(const SecretBuffer& buffer) {
  // OSSL_PARAM has no const; nothing is written through it here.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  return const_cast<unsigned char*>(evp::bytes(buffer.view()));
}

PublicKey make_key(const char* type, std::vector<OSSL_PARAM> params, bool with_private) {
  params.push_back(OSSL_PARAM_construct_end());
  const evp::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, with_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                        params.data()) != 1) {
    return nullptr;
  }
  return PublicKey(key);
}

struct RsaMember {
  std::string_view name;
  const char* parameter;
};
// RFC 7518 sections 6.3.1 and 6.3.2: public, private exponent, and what goes in together or not at all.
constexpr std::array<RsaMember, 8> kRsaMembers{{{"n", OSSL_PKEY_PARAM_RSA_N},
                                                {"e", OSSL_PKEY_PARAM_RSA_E},
                                                {"d", OSSL_PKEY_PARAM_RSA_D},
                                                {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
                                                {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
                                                {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
                                                {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
                                                {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}}};

}  // namespace

class JwkImport {
 public:
  explicit JwkImport(JsonValue jwk) : jwk_(jwk), private_(jwk.find("d").has_value()) {}

  KeyResult<KeyMaterial> run() {
    if (!jwk_.is_object()) return failed("it is no JSON object");
    if (jwk_.find("keys")) return failed("it is a JWK set; one key is wanted");
    if (auto read = read_labels(); !read) return tl::unexpected(read.error());
    if (auto read = read_operations(); !read) return tl::unexpected(read.error());
    auto key = read_key();
    if (!key) return key;
    key->labels_ = std::move(labels_);
    key->not_for_signing_ = std::move(not_for_signing_);
    return key;
  }

 private:
  KeyResult<void> read_label(std::string_view name, std::optional<std::string>& into) {
    const auto value = jwk_.find(name);
    if (!value) return {};
    const auto text = value->as_string();
    if (!text) return failed(member(name) + " is no string");
    if (text->size() > limits::kKidBytes) return failed(member(name) + " is over 256 bytes long");
    into = std::string(*text);
    return {};
  }

  KeyResult<void> read_labels() {
    if (auto read = read_label("kid", labels_.kid); !read) return read;
    if (auto read = read_label("alg", labels_.alg); !read) return read;
    if (auto read = read_label("use", labels_.use); !read) return read;
    if (labels_.use && *labels_.use != "sig") not_for_signing_ = "the key's 'use' is not 'sig'";
    return {};
  }

  // RFC 7517 section 4.3.
  KeyResult<void> read_operations() {
    const auto operations = jwk_.find("key_ops");
    if (!operations) return {};
    if (!operations->is_array()) return failed("'key_ops' is no array");
    bool sign = false;
    for (const JsonValue operation : operations->elements()) {
      const auto text = operation.as_string();
      if (!text) return failed("'key_ops' holds something that is no string");
      sign = sign || *text == "sign";
    }
    if (!sign) not_for_signing_ = "the key's 'key_ops' do not hold 'sign'";
    return {};
  }

  KeyResult<KeyMaterial> read_key() {
    const auto value = jwk_.find("kty");
    const auto type = value ? value->as_string() : std::nullopt;
    if (!type) return failed("'kty' is absent or no string");
    const auto kind = find_key_kind(*type);
    if (!kind) return failed("the type " + quoted(*type) + " is none of RSA, EC, OKP and oct");
    switch (*kind) {
      case KeyKind::rsa:
        return read_rsa();
      case KeyKind::ec:
        return read_ec();
      case KeyKind::okp:
        return read_okp();
      case KeyKind::oct:
        break;
    }
    const auto secret = octets(jwk_, "k", Order::as_written);
    return secret ? KeyMaterial::symmetric(secret->view()) : tl::unexpected(secret.error());
  }

  KeyResult<KeyMaterial> read_rsa() {
    if (jwk_.find("oth")) return failed("RSA of more than two primes is not taken");
    const bool factors = jwk_.find("p").has_value();
    std::vector<SecretBuffer> numbers;
    std::vector<OSSL_PARAM> params;
    for (const RsaMember& one : kRsaMembers) {
      const bool exponent = one.name == "d";
      const bool open = one.name == "n" || one.name == "e";
      if (!open && !private_) {
        if (jwk_.find(one.name)) return failed(member(one.name) + " is there, and 'd' is not");
        continue;
      }
      if (!open && !exponent && !factors) {
        if (jwk_.find(one.name)) return failed(member(one.name) + " is there, and 'p' is not");
        continue;
      }
      auto number = octets(jwk_, one.name, Order::reversed);
      if (!number) return tl::unexpected(std::move(number).error());
      // RFC 7518 section 2: Base64urlUInt has no leading zero octet.
      if (number->view().back() == '\0') return failed(member(one.name) + " has a leading zero");
      numbers.push_back(*std::move(number));
      params.push_back(
          OSSL_PARAM_construct_BN(one.parameter, data(numbers.back()), numbers.back().size()));
    }
    return finish(make_key("RSA", std::move(params), private_));
  }

  KeyResult<KeyMaterial> read_ec() {
    const evp::Curve* curve = evp::find_curve(curve_name());
    if (curve == nullptr)
      return failed("the curve " + quoted(curve_name()) + " is none of P-256, P-384 and P-521");
    const auto x = coordinate("x", *curve, Order::as_written);
    if (!x) return tl::unexpected(x.error());
    const auto y = coordinate("y", *curve, Order::as_written);
    if (!y) return tl::unexpected(y.error());
    std::string point = "\x04" + std::string(x->view()) + std::string(y->view());
    std::string group = curve->group;
    std::vector<OSSL_PARAM> params{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size())};
    SecretBuffer secret;
    if (private_) {
      auto d = coordinate("d", *curve, Order::reversed);
      if (!d) return tl::unexpected(std::move(d).error());
      secret = *std::move(d);
      params.push_back(
          OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, data(secret), secret.size()));
    }
    return finish(make_key("EC", std::move(params), private_));
  }

  KeyResult<KeyMaterial> read_okp() {
    if (curve_name() != evp::kEd25519)
      return failed("the curve " + quoted(curve_name()) + " is not Ed25519");
    const auto x = octets(jwk_, "x", Order::as_written);
    if (!x) return tl::unexpected(x.error());
    if (x->size() != evp::kEd25519Bytes) return failed("'x' has not the size of the curve");
    if (!private_) {
      return finish(PublicKey(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr,
                                                             evp::bytes(x->view()), x->size())));
    }
    const auto d = octets(jwk_, "d", Order::as_written);
    if (!d) return tl::unexpected(d.error());
    if (d->size() != evp::kEd25519Bytes) return failed("'d' has not the size of the curve");
    PublicKey key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr,
                                                  evp::bytes(d->view()), d->size()));
    std::array<unsigned char, evp::kEd25519Bytes> derived{};
    std::size_t size = derived.size();
    if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), derived.data(), &size) != 1)
      return failed("OpenSSL does not take it");
    if (!std::equal(derived.begin(), derived.end(), evp::bytes(x->view())))
      return failed("its private half does not belong to its public half");
    return finish(std::move(key));
  }

  std::string_view curve_name() const {
    const auto value = jwk_.find("crv");
    return value ? value->as_string().value_or("") : "";
  }

  // RFC 7518 sections 6.2.1.2, 6.2.1.3 and 6.2.2.1: of the curve's size, leading zeros included.
  KeyResult<SecretBuffer> coordinate(std::string_view name, const evp::Curve& curve,
                                     Order order) const {
    auto number = octets(jwk_, name, order);
    if (number && number->size() != curve.number_size)
      return failed(member(name) + " has not the size of the curve");
    return number;
  }

  KeyResult<KeyMaterial> finish(PublicKey key) const {
    if (key == nullptr) return failed("OpenSSL does not take it: its numbers make no key");
    return KeyMaterial::of(std::move(key), private_);
  }

  JsonValue jwk_;
  bool private_;
  KeyLabels labels_;
  std::string not_for_signing_;
};

KeyResult<KeyMaterial> KeyMaterial::from_jwk(std::string_view json) {
  JsonReader reader({.bytes = kKeyTextMost});
  const auto jwk = reader.read(json);
  auto key = jwk ? JwkImport(*jwk).run() : failed(describe(jwk.error()));
  reader.forget();
  return key;
}

}  // namespace latchkey::jose
