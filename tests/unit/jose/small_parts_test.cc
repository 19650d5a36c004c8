// SPDX-License-Identifier: Apache-2.0
//
// The pieces under keys and signatures that have a rule of their own.
#include <string>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/ecdsa_form.h"
#include "core/jose/ed25519.h"
#include "core/jose/media_type.h"
#include "core/jose/rsa_modulus.h"
#include "core/jose/token_digest.h"

namespace latchkey::jose {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string der_of(Algorithm algorithm, const std::string& raw) {
  EcdsaDer der;
  const auto size = ecdsa_to_der(algorithm, bytes(raw), der);
  return size ? std::string(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(*size))
              : "refused";
}

std::string number(std::size_t size, std::string_view tail) {
  return std::string(size - tail.size(), '\0').append(tail);
}

struct DerCase {
  std::string_view name;
  Algorithm algorithm;
  std::string raw;
  std::string want;
};

// ITU-T X.690 section 8.3: shortest form, a zero before a set top bit.
TEST(EcdsaForm, WritesTheShortestDer) {
  using namespace std::string_literals;
  const std::string high = "\x80" + std::string(47, '\1');
  const std::string p521 = "\1" + std::string(65, '\x11');
  const DerCase cases[] = {
      {"smallest numbers", Algorithm::es256, number(32, "\1") + number(32, "\2"),
       "\x30\x06\x02\x01\x01\x02\x01\x02"},
      {"a zero before the top bit", Algorithm::es256, number(32, "\x80") + number(32, "\x7f"),
       "\x30\x07\x02\x02\0\x80\x02\x01\x7f"s},
      {"a zero inside stays", Algorithm::es256, number(32, "\1\0"s) + number(32, "\1"),
       "\x30\x07\x02\x02\1\0\x02\x01\x01"s},
      {"P-384, longest", Algorithm::es384, high + high,
       "\x30\x66\x02\x31\0"s + high + "\x02\x31\0"s + high},
      {"P-521, length in two bytes", Algorithm::es512, p521 + p521,
       "\x30\x81\x88\x02\x42" + p521 + "\x02\x42" + p521},
      {"no ECDSA", Algorithm::rs256, number(32, "\1") + number(32, "\2"), "refused"},
      {"no ECDSA: EdDSA", Algorithm::eddsa, number(32, "\1") + number(32, "\2"), "refused"},
      {"the size of another curve", Algorithm::es384, number(32, "\1") + number(32, "\2"),
       "refused"},
  };
  for (const DerCase& c : cases) EXPECT_EQ(der_of(c.algorithm, c.raw), c.want) << c.name;
}

// RFC 7518 section 3.4 with SEC 1 section 4.1.4: 1 <= r, s <= n - 1, at each end of the range on each curve.
TEST(EcdsaForm, HoldsTheRange) {
  const struct {
    Algorithm algorithm;
    std::string_view order;  // base64url
  } curves[] = {
      {Algorithm::es256, "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"},
      {Algorithm::es384, "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz"},
      {Algorithm::es512,
       "Af__________________________________________-lGGh4O_L5Zrf8wBSPcJpdA7tcm4iZxHrrtvtx6ROGQJ"},
  };
  for (const auto& curve : curves) {
    const std::string order = *decode_base64url(curve.order);
    const std::size_t size = order.size();
    ASSERT_EQ(size, ecdsa_number_size(curve.algorithm));
    std::string last = order;
    last.back() = static_cast<char>(last.back() - 1);
    std::string beyond = order;
    beyond.back() = static_cast<char>(beyond.back() + 1);
    const std::string one = number(size, "\1");
    const std::string zero(size, '\0');
    for (const std::string& good : {one, last}) {
      EXPECT_NE(der_of(curve.algorithm, good + one), "refused");
      EXPECT_NE(der_of(curve.algorithm, one + good), "refused");
    }
    for (const std::string& bad : {zero, order, beyond, std::string(size, '\xff')}) {
      EXPECT_EQ(der_of(curve.algorithm, bad + one), "refused");
      EXPECT_EQ(der_of(curve.algorithm, one + bad), "refused");
    }
  }
}

std::string little_endian(std::string_view head, char fill, std::string_view tail) {
  return std::string(head) + std::string(32 - head.size() - tail.size(), fill) + std::string(tail);
}

// RFC 8032 section 5.1.7: S + L would verify as well.
TEST(Ed25519, TheSecondHalfIsBelowTheOrder) {
  const std::string r(32, 'r');
  const std::string head = "\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14";
  std::string below = head;
  below[0] = '\xec';
  std::string above = head;
  above[0] = '\xee';
  EXPECT_TRUE(is_ed25519_signature(bytes(r + little_endian(below, '\0', "\x10"))));
  EXPECT_FALSE(is_ed25519_signature(bytes(r + little_endian(head, '\0', "\x10")))) << "S = L";
  EXPECT_FALSE(is_ed25519_signature(bytes(r + little_endian(above, '\0', "\x10"))));
  EXPECT_FALSE(is_ed25519_signature(bytes(r + std::string(32, '\xff'))));
  EXPECT_TRUE(is_ed25519_signature(bytes(r + std::string(32, '\0'))));
  EXPECT_FALSE(is_ed25519_signature(bytes(std::string(63, '\0'))));
  EXPECT_FALSE(is_ed25519_signature(bytes(std::string(65, '\0'))));
  EXPECT_FALSE(is_ed25519_signature({}));
}

TEST(Ed25519, KeysOfSmallOrderOrOddSpellingAreRefused) {
  const std::string order8 =
      "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33"
      "\x39\xb1\x38\x02\x88"
      "\x6d\x53\xfc\x05";
  std::string order8_negative = order8;
  order8_negative.back() = static_cast<char>(order8_negative.back() | '\x80');
  const std::string refused[] = {
      std::string(32, '\0'),           // order 4
      std::string(31, '\0') + '\x80',  // the same, other sign
      little_endian("\1", '\0', ""),   // the identity
      order8,
      order8_negative,
      little_endian("\xec", '\xff', "\x7f"),  // -1, order 2
      little_endian("\xed", '\xff', "\x7f"),  // the prime: 0 in another spelling
      little_endian("\xee", '\xff', "\x7f"),  // 1 in another spelling
      std::string(32, '\xff'),
      std::string(31, 'k'),
      std::string(33, 'k'),
      "",
  };
  for (const std::string& key : refused) EXPECT_FALSE(is_ed25519_key(bytes(key)));
  EXPECT_TRUE(
      is_ed25519_key(bytes(*decode_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))));
  EXPECT_TRUE(is_ed25519_key(bytes(little_endian("\2", '\0', ""))));
}

TEST(RsaModulus, FlawsAreNamed) {
  EXPECT_EQ(modulus_flaw({}), "its modulus is even");
  EXPECT_EQ(modulus_flaw(bytes("\x04")), "its modulus is even");
  EXPECT_EQ(modulus_flaw(bytes("\x02\xef")), "its modulus has a small factor") << "751";
  EXPECT_EQ(modulus_flaw(bytes("\x02\xf9")), std::nullopt) << "761";
  // 65537 itself is a power of 65537 modulo every prime.
  EXPECT_EQ(modulus_flaw(bytes(std::string_view("\x01\x00\x01", 3))),
            "its modulus has the ROCA fingerprint (CVE-2017-15361)");
}

TEST(MediaType, CaseAndPrefixDoNotCount) {
  EXPECT_TRUE(is_media_type("at+jwt", "at+jwt"));
  EXPECT_TRUE(is_media_type("AT+JWT", "at+jwt"));
  EXPECT_TRUE(is_media_type("application/at+jwt", "at+jwt"));
  EXPECT_TRUE(is_media_type("Application/At+Jwt", "at+jwt"));
  EXPECT_FALSE(is_media_type("text/at+jwt", "at+jwt"));
  EXPECT_FALSE(is_media_type("application/application/at+jwt", "at+jwt"));
  EXPECT_FALSE(is_media_type("at+jwt ", "at+jwt"));
  EXPECT_FALSE(is_media_type("at+jw", "at+jwt"));
  EXPECT_FALSE(is_media_type("", "at+jwt"));
  EXPECT_FALSE(is_media_type("application/", ""));
  EXPECT_FALSE(is_media_type("\xe2\x84\xaawt", "kwt")) << "the Kelvin sign is no k";
}

TEST(TokenDigest, IsSha256OfTheWholeToken) {
  Scratch scratch;
  // FIPS 180-2 appendix B.1, and the empty text.
  EXPECT_EQ(digest_token("abc", scratch)->hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_token("", scratch)->hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_token("abc", scratch), digest_token("abc", scratch));
  EXPECT_NE(digest_token("abc", scratch), digest_token("abd", scratch));
}

}  // namespace
}  // namespace latchkey::jose
