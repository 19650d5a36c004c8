// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signature.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/jwk_set.h"
#include "core/jose/select_key.h"
#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using testing::compact;
using testing::jwk_set;
using testing::signing_key;
using testing::SigningKey;

constexpr std::string_view kPayload = R"({"iss":"https://id.example","sub":"u"})";

constexpr Algorithm kAll[] = {
    Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
    Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};

// The reason that a token meets with the one key of a set.
Reason verdict(const std::string& token, const std::string& jwk) {
  static Scratch scratch;
  const auto set = JwkSet::parse(jwk_set({jwk}));
  if (!set || set->empty()) return Reason::keys_missing;
  const auto jws = parse_compact(token, scratch);
  if (!jws) return jws.error().reason;
  const auto verified = verify_signature(*jws, set->keys()[0], scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

TEST(Signature, VerifiesInEveryAlgorithm) {
  for (const Algorithm algorithm : kAll) {
    const SigningKey& key = signing_key(algorithm);
    EXPECT_EQ(verdict(key.token(kPayload), key.jwk()), Reason::allowed)
        << algorithm_name(algorithm);
    EXPECT_EQ(verdict(key.token(kPayload), key.plain_jwk()), Reason::allowed)
        << algorithm_name(algorithm);
  }
}

TEST(Signature, FailsWhenAnyCharacterOfTheTokenChanges) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa}) {
    const SigningKey& key = signing_key(algorithm);
    const std::string token = key.token(kPayload);
    const std::string jwk = key.jwk();
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_NE(verdict(changed, jwk), Reason::allowed) << algorithm_name(algorithm) << " at " << i;
    }
  }
}

TEST(Signature, AnotherKeyOfTheSameKindDoesNotVerify) {
  for (const Algorithm algorithm : {Algorithm::ps256, Algorithm::es512, Algorithm::eddsa}) {
    const SigningKey other = SigningKey::generate(algorithm, "other");
    EXPECT_EQ(verdict(other.token(kPayload), signing_key(algorithm).jwk()),
              Reason::signature_invalid)
        << algorithm_name(algorithm);
  }
}

// RFC 8725 section 3.1: what the header says is compared with the key, never the other way round.
TEST(Signature, TheHeaderCannotChooseTheAlgorithm) {
  for (const Algorithm signer : kAll) {
    for (const Algorithm header : kAll) {
      const SigningKey& key = signing_key(signer);
      const std::string text = R"({"alg":")" + std::string(algorithm_name(header)) + "\"}";
      const Reason pinned = verdict(key.token(text, kPayload), key.jwk());
      EXPECT_EQ(pinned, signer == header ? Reason::allowed : Reason::key_unfit)
          << algorithm_name(signer) << " as " << algorithm_name(header);
      // A key without `alg` allows its family; the signature was made by another member of it.
      const Reason plain = verdict(key.token(text, kPayload), key.plain_jwk());
      EXPECT_EQ(plain == Reason::allowed, signer == header)
          << algorithm_name(signer) << " as " << algorithm_name(header);
    }
  }
}

TEST(Signature, PssWithAnotherSaltLengthOrHashIsRefused) {
  const SigningKey& key = signing_key(Algorithm::ps256);
  const std::string header = R"({"alg":"PS256"})";
  const std::string input = key.token(header, kPayload);
  const std::string signed_part = input.substr(0, input.rfind('.'));
  EXPECT_EQ(verdict(compact(header, kPayload, key.sign(signed_part)), key.plain_jwk()),
            Reason::allowed);
  EXPECT_EQ(
      verdict(compact(header, kPayload, key.sign(signed_part, Algorithm::ps384)), key.plain_jwk()),
      Reason::signature_invalid);
  EXPECT_EQ(
      verdict(compact(header, kPayload, key.sign(signed_part, Algorithm::rs256)), key.plain_jwk()),
      Reason::signature_invalid);
}

struct Case {
  std::string_view name;
  std::string signature;
};

// CVE-2022-21449 and its kin: whatever the message, these must not verify.
TEST(Signature, PsychicSignaturesAreRefused) {
  const std::string header = R"({"alg":"ES256"})";
  const SigningKey& key = signing_key(Algorithm::es256);
  const std::string token = key.token(header, kPayload);
  const std::string good = key.sign(token.substr(0, token.rfind('.')));
  const std::string zero(32, '\0');
  const std::string one = std::string(31, '\0') + '\1';
  const std::string order = "\xff\xff\xff\xff" + std::string(4, '\0') + std::string(8, '\xff') +
                            "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
  ASSERT_EQ(order.size(), 32U);
  const std::string r = good.substr(0, 32);
  const std::string s = good.substr(32);
  const Case cases[] = {
      {"empty", ""},
      {"r = s = 0", zero + zero},
      {"r = 0", zero + s},
      {"s = 0", r + zero},
      {"r = s = n", order + order},
      {"r = n", order + s},
      {"s = n", r + order},
      {"r = s = 1", one + one},
      {"63 bytes", good.substr(0, 63)},
      {"65 bytes", good + '\0'},
      {"leading zero", '\0' + good},
      {"128 bytes", good + good},
      {"r and s swapped", s + r},
      {"all ones", std::string(64, '\xff')},
  };
  ASSERT_EQ(verdict(compact(header, kPayload, good), key.jwk()), Reason::allowed);
  for (const Case& c : cases) {
    EXPECT_EQ(verdict(compact(header, kPayload, c.signature), key.jwk()), Reason::signature_invalid)
        << c.name;
  }
}

TEST(Signature, OddRsaAndEd25519SignaturesAreRefused) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::ps256, Algorithm::eddsa}) {
    const SigningKey& key = signing_key(algorithm);
    const std::string header = R"({"alg":")" + std::string(algorithm_name(algorithm)) + "\"}";
    const std::string token = key.token(header, kPayload);
    const std::string good = key.sign(token.substr(0, token.rfind('.')));
    ASSERT_EQ(verdict(compact(header, kPayload, good), key.jwk()), Reason::allowed);
    const Case cases[] = {{"empty", ""},
                          {"cut by one byte", good.substr(0, good.size() - 1)},
                          {"leading zero added", '\0' + good},
                          {"trailing zero added", good + '\0'},
                          {"all zero", std::string(good.size(), '\0')},
                          {"all ones", std::string(good.size(), '\xff')},
                          {"the first byte alone", good.substr(0, 1)}};
    for (const Case& c : cases) {
      EXPECT_EQ(verdict(compact(header, kPayload, c.signature), key.jwk()),
                Reason::signature_invalid)
          << algorithm_name(algorithm) << ' ' << c.name;
    }
  }
}

// A signature whose size or range cannot be right is refused before OpenSSL is asked.
TEST(Signature, OfAnotherFormNeverReachesOpenssl) {
  Scratch scratch;
  for (const Algorithm algorithm : kAll) {
    const auto set = JwkSet::parse(jwk_set({signing_key(algorithm).jwk()}));
    ASSERT_TRUE(set);
    const auto detail = [&](std::size_t size) {
      const std::vector<std::uint8_t> signature(size, 1);
      const auto done = check_signature(algorithm, set->keys()[0], "a.b", signature, scratch);
      return done ? "accepted" : done.error().detail;
    };
    const std::string other = "the signature is not of the key's form";
    const Jwk& key = set->keys()[0];
    const std::size_t size = key.type() == KeyType::okp  ? 64
                             : key.type() == KeyType::ec ? 2 * ((key.bits() + 7) / 8)
                                                         : (key.bits() + 7) / 8;
    EXPECT_EQ(detail(size), "") << algorithm_name(algorithm) << ": of the form, and wrong";
    EXPECT_EQ(detail(size - 1), other) << algorithm_name(algorithm);
    EXPECT_EQ(detail(size + 1), other) << algorithm_name(algorithm);
    EXPECT_EQ(detail(0), other) << algorithm_name(algorithm);
  }
}

TEST(Signature, IsGoneFromTheScratchAfterwards) {
  const SigningKey& key = signing_key(Algorithm::rs256);
  const auto set = JwkSet::parse(jwk_set({key.jwk()}));
  ASSERT_TRUE(set);
  Scratch scratch;
  const std::string token = key.token(kPayload);
  const auto jws = parse_compact(token, scratch);
  ASSERT_TRUE(jws);
  ASSERT_NE(scratch.signature(kSignatureBytes)[0] | scratch.signature(kSignatureBytes)[1] |
                scratch.signature(kSignatureBytes)[2],
            0);
  EXPECT_TRUE(verify_signature(*jws, set->keys()[0], scratch));
  for (const std::uint8_t byte : scratch.signature(kSignatureBytes)) ASSERT_EQ(byte, 0);
  EXPECT_FALSE(verify_signature(*jws, set->keys()[0], scratch)) << "one parse, one verification";
}

TEST(Signature, ManyThreadsShareOneKeySet) {
  std::vector<std::string> tokens;
  std::string text = R"({"keys":[)";
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa}) {
    tokens.push_back(signing_key(algorithm).token(kPayload));
    text += (text.back() == '}' ? "," : "") + signing_key(algorithm).jwk();
  }
  const auto set = JwkSet::parse(text + "]}");
  ASSERT_TRUE(set);
  std::vector<int> good(4, 0);
  std::vector<std::thread> threads;
  for (int& count : good) {
    threads.emplace_back([&tokens, &set, &count] {
      Scratch scratch;
      for (int i = 0; i < 60; ++i) {
        const auto jws = parse_compact(tokens[static_cast<std::size_t>(i) % 3], scratch);
        const auto key = select_key(*jws, *set);
        if (key && verify_signature(*jws, **key, scratch)) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : good) EXPECT_EQ(count, 60);
}

}  // namespace
}  // namespace latchkey::jose
