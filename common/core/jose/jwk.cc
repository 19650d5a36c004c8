// SPDX-License-Identifier: Apache-2.0
//
// Everything that costs (big numbers, points, contexts) happens here, once a key set, so that a
// token pays for none of it. A key is looked at from the cheap to the dear: a 16384-bit modulus is
// refused by its length.
#include "core/jose/jwk.h"

#include <algorithm>
#include <bit>
#include <span>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "core/base/error.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/ecdsa_form.h"
#include "core/jose/ed25519.h"
#include "core/jose/jwk_members.h"
#include "core/jose/rsa_modulus.h"

namespace latchkey::jose {
namespace {

using Why = std::string;
using Step = tl::expected<void, Why>;
using Bytes = std::span<const std::uint8_t>;

tl::unexpected<Why> drop(std::string why) { return tl::unexpected<Why>(std::move(why)); }

constexpr unsigned kRsaBitsLeast = 2'048;  // RFC 7518 sections 3.3 and 3.5
constexpr unsigned kRsaBitsMost = 8'192;   // beyond, a verification costs too much
constexpr std::size_t kRsaExponentBytesMost = 8;

// How an algorithm is said to OpenSSL.
struct AlgorithmPlan {
  Algorithm algorithm;
  KeyType type;
  unsigned bits;       // of the curve; 0 = any
  const char* digest;  // null: the algorithm hashes by itself
  bool pss;
};
constexpr auto kPlans = std::to_array<AlgorithmPlan>({
    {Algorithm::rs256, KeyType::rsa, 0, "SHA256", false},
    {Algorithm::rs384, KeyType::rsa, 0, "SHA384", false},
    {Algorithm::rs512, KeyType::rsa, 0, "SHA512", false},
    {Algorithm::ps256, KeyType::rsa, 0, "SHA256", true},
    {Algorithm::ps384, KeyType::rsa, 0, "SHA384", true},
    {Algorithm::ps512, KeyType::rsa, 0, "SHA512", true},
    {Algorithm::es256, KeyType::ec, 256, "SHA256", false},
    {Algorithm::es384, KeyType::ec, 384, "SHA384", false},
    {Algorithm::es512, KeyType::ec, 521, "SHA512", false},
    {Algorithm::eddsa, KeyType::okp, 255, nullptr, false},
});
static_assert(kPlans.size() == kAlgorithms);

struct Curve {
  std::string_view name;
  unsigned bits;
  Algorithm algorithm;
};
constexpr std::array<Curve, 3> kCurves{{{"P-256", 256, Algorithm::es256},
                                        {"P-384", 384, Algorithm::es384},
                                        {"P-521", 521, Algorithm::es512}}};

struct FreeParams {
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeParams>;

Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A required member that must be canonical base64url: its text (for the thumbprint) and its bytes.
struct Octets {
  std::string_view text;
  std::string bytes;
};
tl::expected<Octets, Why> octets(const JsonValue& jwk, std::string_view name) {
  const auto member = jwk.find(name);
  const auto text = member ? member->as_string() : std::nullopt;
  if (LATCHKEY_FAILS(jwk_member_absent, !text))
    return drop("'" + std::string(name) + "' is absent or no string");
  const std::string_view given = LATCHKEY_CHECKED(text, std::string_view());
  auto bytes = decode_base64url(given);
  if (LATCHKEY_FAILS(jwk_member_encoding, !bytes))
    return drop("'" + std::string(name) + "' is not canonical base64url");
  return Octets{given, LATCHKEY_CHECKED(std::move(bytes), std::string())};
}

// RFC 7518 section 2: Base64urlUInt has no leading zero octet; a second spelling would be a second thumbprint.
tl::expected<Octets, Why> positive_number(const JsonValue& jwk, std::string_view name) {
  auto number = octets(jwk, name);
  if (LATCHKEY_FAILS(jwk_number_form,
                     number && (number->bytes.empty() || number->bytes.front() == 0))) {
    return drop("'" + std::string(name) + "' is empty or has a leading zero octet");
  }
  return number;
}

PublicKey make_key(const char* type, OSSL_PARAM* params) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    return nullptr;
  }
  return PublicKey(key);
}

PublicKey make_rsa_key(Bytes modulus, Bytes exponent) {
  const Owned<BIGNUM> n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Owned<BIGNUM> e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder.get()));
  return make_key("RSA", params.get());
}

// The point is checked twice: when it is decoded, and by the public key check (on the curve, not
// infinity, of the right order; NIST SP 800-56A section 5.6.2.3.3).
PublicKey make_ec_key(std::string_view curve, std::string_view x, std::string_view y) {
  std::string point = "\x04";
  point.append(x).append(y);
  std::string group(curve);
  std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  PublicKey key = make_key("EC", params.data());
  if (key == nullptr) return nullptr;
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (context == nullptr || EVP_PKEY_public_check(context.get()) != 1) return nullptr;
  return key;
}

DigestContext make_verifier(const AlgorithmPlan& plan, EVP_PKEY* key) {
  DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to the context
  if (context == nullptr || EVP_DigestVerifyInit_ex(context.get(), &parameters, plan.digest,
                                                    nullptr, nullptr, key, nullptr) != 1) {
    return nullptr;
  }
  if (plan.pss) {  // RFC 7518 section 3.5: MGF1 with the same hash, a salt as long as the hash
    if (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, plan.digest, nullptr) != 1) {
      return nullptr;
    }
  }
  return context;
}

}  // namespace

// One JWK on its way to a key; each step either goes on or says why the key is dropped.
class JwkParser {
 public:
  explicit JwkParser(const JsonValue& jwk) : json_(jwk) {}

  tl::expected<Jwk, Why> parse() {
    if (LATCHKEY_FAILS(jwk_no_object, !json_.is_object())) return drop("it is no JSON object");
    for (const auto step : {&JwkParser::read_kid, &JwkParser::check_public, &JwkParser::check_use,
                            &JwkParser::check_operations, &JwkParser::read_material,
                            &JwkParser::pin_algorithm, &JwkParser::make_verifiers}) {
      if (auto done = (this->*step)(); !done) {
        ERR_clear_error();
        return drop(std::move(done).error());
      }
    }
    return std::move(jwk_);
  }

 private:
  Step read_kid() {
    LATCHKEY_TRY(jwk_.kid_, jose::read_kid(json_));
    return {};
  }

  // A private or symmetric key that is published is known to everybody.
  Step check_public() {
    for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
      if (LATCHKEY_FAILS(jwk_private_member, json_.find(name)))
        return drop("it holds the private or symmetric member '" + std::string(name) + "'");
    }
    return {};
  }

  Step check_use() { return jose::check_use(json_); }
  Step check_operations() { return jose::check_operations(json_); }

  Step read_material() {
    const auto member = json_.find("kty");
    const auto type = member ? member->as_string() : std::nullopt;
    if (LATCHKEY_FAILS(jwk_kty_absent, !type))
      return drop("'kty' is absent or no string");  // RFC 7517 section 4.1
    const std::string_view name = LATCHKEY_CHECKED(type, "EC");
    if (name == "RSA") return read_rsa();
    if (name == "EC") return read_ec();
    if (LATCHKEY_FAILS(jwk_kty_other, name != "OKP"))
      return drop("its type " + quoted(name) + " is not accepted");
    return read_okp();
  }

  Step read_rsa() {
    auto n = positive_number(json_, "n");
    if (!n) return drop(std::move(n).error());
    auto e = positive_number(json_, "e");
    if (!e) return drop(std::move(e).error());
    const Bytes modulus = as_bytes(n->bytes);
    const Bytes exponent = as_bytes(e->bytes);
    const std::size_t bits =
        modulus.size() * 8 - static_cast<unsigned>(std::countl_zero(modulus.front()));
    if (LATCHKEY_FAILS(jwk_rsa_too_short, bits < kRsaBitsLeast))
      return drop("RSA of " + std::to_string(bits) + " bits is too short");
    if (LATCHKEY_FAILS(jwk_rsa_too_long, bits > kRsaBitsMost))
      return drop("RSA of " + std::to_string(bits) + " bits is too long");
    if (LATCHKEY_FAILS(jwk_rsa_exponent_long, exponent.size() > kRsaExponentBytesMost))
      return drop("its exponent is longer than 64 bits");
    if (LATCHKEY_FAILS(jwk_rsa_exponent_even, exponent.back() % 2 == 0) ||
        LATCHKEY_FAILS(jwk_rsa_exponent_small, exponent.size() == 1 && exponent.front() < 3)) {
      return drop("its exponent is even or less than 3");
    }
    if (const auto flaw = modulus_flaw(modulus)) return drop(std::string(*flaw));
    jwk_.type_ = KeyType::rsa;
    jwk_.bits_ = static_cast<unsigned>(bits);
    jwk_.key_ = make_rsa_key(modulus, exponent);
    for (const AlgorithmPlan& plan : kPlans) {
      if (plan.type == KeyType::rsa) jwk_.algorithms_.insert(plan.algorithm);
    }
    name(R"({"e":")" + std::string(e->text) + R"(","kty":"RSA","n":")" + std::string(n->text) +
         R"("})");
    return {};
  }

  Step read_ec() {
    const auto member = json_.find("crv");
    const auto curve_name = member ? member->as_string() : std::nullopt;
    const auto* curve = std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& candidate) {
      return !LATCHKEY_FAILS(jwk_ec_curve, candidate.name != curve_name);
    });
    if (curve == kCurves.end())
      return drop("its curve " + quoted(curve_name.value_or("")) + " is not accepted");
    auto x = octets(json_, "x");
    if (!x) return drop(std::move(x).error());
    auto y = octets(json_, "y");
    if (!y) return drop(std::move(y).error());
    const std::size_t size = ecdsa_number_size(curve->algorithm);
    // RFC 7518 sections 6.2.1.2 and 6.2.1.3
    if (LATCHKEY_FAILS(jwk_ec_coordinate_size,
                       x->bytes.size() != size || y->bytes.size() != size)) {
      return drop("a coordinate has not the size of the curve");
    }
    jwk_.type_ = KeyType::ec;
    jwk_.bits_ = curve->bits;
    jwk_.key_ = make_ec_key(curve->name, x->bytes, y->bytes);
    if (LATCHKEY_FAILS(jwk_ec_point, jwk_.key_ == nullptr))
      return drop("its point is not on the curve");
    jwk_.algorithms_.insert(curve->algorithm);
    name(R"({"crv":")" + std::string(curve->name) + R"(","kty":"EC","x":")" + std::string(x->text) +
         R"(","y":")" + std::string(y->text) + R"("})");
    return {};
  }

  Step read_okp() {
    const auto member = json_.find("crv");
    const auto curve = member ? member->as_string() : std::nullopt;
    if (LATCHKEY_FAILS(jwk_okp_curve, curve != "Ed25519"))
      return drop("its curve " + quoted(curve.value_or("")) + " is not accepted");
    auto x = octets(json_, "x");
    if (!x) return drop(std::move(x).error());
    if (!is_ed25519_key(as_bytes(x->bytes)))
      return drop("its point is not 32 canonical bytes, or of small order");
    jwk_.type_ = KeyType::okp;
    jwk_.bits_ = 255;
    const Bytes point = as_bytes(x->bytes);
    jwk_.key_ = PublicKey(
        EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, point.data(), point.size()));
    jwk_.algorithms_.insert(Algorithm::eddsa);
    name(R"({"crv":"Ed25519","kty":"OKP","x":")" + std::string(x->text) + R"("})");
    return {};
  }

  // RFC 7638 section 3: the required members in order of their names, nothing else. Their values were canonical
  // base64url, so none needs an escape.
  void name(std::string canonical) {
    const Bytes input = as_bytes(canonical);
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(input.data(), input.size(), digest.data());
    jwk_.thumbprint_ = encode_base64url(digest);
    jwk_.members_ = std::move(canonical);
  }

  // RFC 7517 section 4.4, RFC 8725 section 3.1: where the key names its algorithm, it serves that one only.
  Step pin_algorithm() {
    const auto member = json_.find("alg");
    if (!member) return {};
    const auto text = member->as_string();
    if (LATCHKEY_FAILS(jwk_alg_type, !text)) return drop("'alg' is no string");
    const auto algorithm = find_algorithm(LATCHKEY_CHECKED(text, "ES256"));
    if (LATCHKEY_FAILS(jwk_alg_unfit, !algorithm || !jwk_.allows(*algorithm)))
      return drop("its 'alg' " + quoted(*text) + " is not one for this key");
    if (LATCHKEY_FAILS(jwk_alg_pins, jwk_.algorithms_.size() > 1)) jwk_.algorithms_ = {};
    jwk_.algorithms_.insert(LATCHKEY_CHECKED(algorithm, Algorithm::es256));
    return {};
  }

  Step make_verifiers() {
    if (jwk_.key_ == nullptr) return drop("OpenSSL does not take it");
    for (const AlgorithmPlan& plan : kPlans) {
      if (!jwk_.allows(plan.algorithm)) continue;
      DigestContext& verifier = jwk_.verifiers_[static_cast<std::size_t>(plan.algorithm)];
      verifier = make_verifier(plan, jwk_.key_.get());
      if (verifier == nullptr) return drop("OpenSSL cannot verify with it");
    }
    return {};
  }

  const JsonValue& json_;
  Jwk jwk_;
};

std::string_view key_type_name(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "RSA";
    case KeyType::ec:
      return "EC";
    case KeyType::okp:
      return "OKP";
  }
  return "";
}

tl::expected<Jwk, std::string> Jwk::parse(const JsonValue& jwk) { return JwkParser(jwk).parse(); }

}  // namespace latchkey::jose
