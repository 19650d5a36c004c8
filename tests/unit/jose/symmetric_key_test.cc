// SPDX-License-Identifier: Apache-2.0
#include "core/jose/symmetric_key.h"

#include <pthread.h>
#include <sys/mman.h>

#include <functional>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/jwk_set.h"
#include "core/jose/signature.h"
#include "tests/support/memory_scan.h"
#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using ::testing::HasSubstr;
using testing::mac_token;
using testing::oct_jwk;

constexpr std::string_view kHeader = R"({"alg":"HS256"})";

std::string secret(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(i * 7 + 3));
  return out;
}

Reason verdict(const std::string& token, const SymmetricKey& key) {
  Scratch scratch;
  const auto mac = parse_compact_mac(token, scratch);
  if (!mac) return mac.error().reason;
  const auto verified = verify_mac(*mac, key, scratch);
  for (const std::uint8_t byte : scratch.signature(kSignatureBytes))
    EXPECT_EQ(byte, 0) << "an HMAC was left behind";
  return verified ? Reason::allowed : verified.error().reason;
}

struct Case {
  std::string_view name;
  std::string text;
  std::string_view why;  // empty: it is a key
  SymmetricAlgorithm algorithm = SymmetricAlgorithm::hs256;
};

TEST(SymmetricKey, IsOneJwkOfTheTypeOct) {
  using enum SymmetricAlgorithm;
  const std::string good = secret(32);
  const std::string k = encode_base64url(good);
  const Case cases[] = {
      {"taken", oct_jwk(good), ""},
      {"taken: a line break behind it", oct_jwk(good) + "\n", ""},
      {"taken: everything said",
       oct_jwk(good, R"(,"kid":"a","alg":"HS256","use":"sig","key_ops":["verify","sign"])"), ""},
      {"dropped: a byte short for HS256", oct_jwk(secret(31)), "31 bytes, HS256 needs 32"},
      {"taken: HS384", oct_jwk(secret(48)), "", hs384},
      {"dropped: a byte short for HS384", oct_jwk(secret(47)), "47 bytes", hs384},
      {"taken: HS512", oct_jwk(secret(64)), "", hs512},
      {"dropped: a byte short for HS512", oct_jwk(secret(63)), "63 bytes", hs512},
      {"dropped: the empty key", oct_jwk(""), "0 bytes"},
      {"taken: 1024 bytes", oct_jwk(secret(1'024)), ""},
      {"dropped: 1025 bytes", oct_jwk(secret(1'025)), "longer than 1024"},
      {"dropped: no k", R"({"kty":"oct"})", "'k' is absent"},
      {"dropped: k is a number", R"({"kty":"oct","k":5})", "'k' is absent"},
      {"dropped: padding", R"({"kty":"oct","k":")" + k + R"(="})", "canonical"},
      {"dropped: bits behind the end",
       R"({"kty":"oct","k":")" + k.substr(0, k.size() - 1) + R"(9"})", "canonical"},
      {"dropped: for another algorithm", oct_jwk(secret(64), R"(,"alg":"HS512")"),
       "'alg' is not HS256"},
      {"dropped: alg is no string", oct_jwk(good, R"(,"alg":1)"), "'alg' is not"},
      {"dropped: use", oct_jwk(good, R"(,"use":"enc")"), "'use'"},
      {"dropped: key_ops", oct_jwk(good, R"(,"key_ops":["sign"])"), "'key_ops'"},
      {"dropped: kid is no string", oct_jwk(good, R"(,"kid":1)"), "'kid'"},
      {"dropped: a kid of 257 bytes", oct_jwk(good, R"(,"kid":")" + std::string(257, 'a') + '"'),
       "'kid'"},
      {"dropped: no kty", R"({"k":")" + k + R"("})", "oct"},
      {"dropped: a public key", testing::signing_key(Algorithm::rs256).jwk(), "oct"},
      {"dropped: a set", testing::jwk_set({oct_jwk(good)}), "oct"},
      {"dropped: a duplicate name", R"({"kty":"oct","k":")" + k + R"(","k":")" + k + R"("})",
       "duplicate"},
      {"dropped: raw bytes", good, ""},
      {"dropped: PEM", "-----BEGIN PUBLIC KEY-----\n", "the JSON text"},
      {"dropped: nothing", "", "empty"},
      {"dropped: longer than 8192 bytes", oct_jwk(good) + std::string(8'192, ' '), "too long"},
  };
  for (const Case& c : cases) {
    const auto key = SymmetricKey::parse(c.text, c.algorithm);
    const bool taken = c.name.starts_with("taken");
    ASSERT_EQ(key.has_value(), taken) << c.name << (key ? "" : ": " + key.error());
    if (taken) continue;
    EXPECT_THAT(key.error(), HasSubstr(std::string(c.why))) << c.name;
    EXPECT_EQ(key.error().find(k.substr(0, 8)), std::string::npos) << c.name << ": quotes the key";
  }
}

// RFC 7518 section 3.2.
TEST(SymmetricKey, VerifiesItsOwnAlgorithmAndNothingElse) {
  using enum SymmetricAlgorithm;
  for (const SymmetricAlgorithm of : {hs256, hs384, hs512}) {
    const auto key = SymmetricKey::parse(oct_jwk(secret(64)), of);
    ASSERT_TRUE(key);
    for (const SymmetricAlgorithm by : {hs256, hs384, hs512}) {
      const std::string header = R"({"alg":")" + std::string(algorithm_name(by)) + R"("})";
      const std::string token = mac_token(by, secret(64), header, "{}");
      EXPECT_EQ(code(verdict(token, *key)), by == of ? "allowed" : "key_unfit") << header;
    }
  }
}

TEST(SymmetricKey, RefusesEveryOtherHmac) {
  const auto key = SymmetricKey::parse(oct_jwk(secret(32)), SymmetricAlgorithm::hs256);
  ASSERT_TRUE(key);
  const std::string good = mac_token(SymmetricAlgorithm::hs256, secret(32), kHeader, "{}");
  ASSERT_EQ(code(verdict(good, *key)), "allowed");
  const std::string input = good.substr(0, good.rfind('.') + 1);
  const std::string mac = *decode_base64url(good.substr(input.size()));
  for (std::size_t i = 0; i < mac.size(); ++i) {
    std::string other = mac;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_EQ(code(verdict(input + encode_base64url(other), *key)), "signature_invalid") << i;
    EXPECT_EQ(code(verdict(input + encode_base64url(mac.substr(0, i)), *key)), "signature_invalid")
        << "cut after " << i;
  }
  EXPECT_EQ(code(verdict(input + encode_base64url(mac + '\0'), *key)), "signature_invalid");
  EXPECT_EQ(code(verdict(mac_token(SymmetricAlgorithm::hs256, secret(33), kHeader, "{}"), *key)),
            "signature_invalid");
  EXPECT_EQ(code(verdict(mac_token(SymmetricAlgorithm::hs512, secret(32), kHeader, "{}"), *key)),
            "signature_invalid");
}

TEST(SymmetricKey, FitsByKidAsAKeyOfASetDoes) {
  const auto named =
      SymmetricKey::parse(oct_jwk(secret(32), R"(,"kid":"a")"), SymmetricAlgorithm::hs256);
  const auto nameless = SymmetricKey::parse(oct_jwk(secret(32)), SymmetricAlgorithm::hs256);
  ASSERT_TRUE(named && nameless);
  constexpr auto kHs256 = SymmetricAlgorithm::hs256;
  EXPECT_TRUE(named->fits(kHs256, "a"));
  EXPECT_TRUE(named->fits(kHs256, std::nullopt));
  EXPECT_TRUE(nameless->fits(kHs256, std::nullopt));
  EXPECT_EQ(code(named->fits(kHs256, "A").error().reason), "key_unknown");
  EXPECT_EQ(code(nameless->fits(kHs256, "a").error().reason), "key_unknown");
  EXPECT_EQ(code(named->fits(SymmetricAlgorithm::hs384, "a").error().reason), "key_unfit");
}

// RFC 7515 appendix A.1.
TEST(SymmetricKey, Rfc7515AppendixA1) {
  const auto key = SymmetricKey::parse(
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
      SymmetricAlgorithm::hs256);
  ASSERT_TRUE(key);
  EXPECT_EQ(code(verdict("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                         "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                         "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
                         "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                         *key)),
            "allowed");
}

// Runs work on a stack of the test's own, and tells how often that stack, as it is left, holds the
// bytes. Elsewhere the dead stack is passed over: here it is known whose it is.
std::size_t left_on_the_stack(const std::function<void()>& work, std::string_view bytes) {
  constexpr std::size_t kSize = std::size_t{1} << 20U;
  void* stack = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return 99;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstack(&attributes, stack, kSize);
  pthread_t thread{};
  const auto run = [](void* what) -> void* {
    [[maybe_unused]] volatile char
        depth[65'536];  // so deep that the end of the thread does not write over it
    depth[0] = 0;
    (*static_cast<const std::function<void()>*>(what))();
    depth[1] = 0;
    return nullptr;
  };
  const int failed =
      ::pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work));
  if (failed == 0) ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
  const std::string_view left(static_cast<const char*>(stack), kSize);
  std::size_t count = failed == 0 ? 0 : 99;
  for (auto at = left.find(bytes); at != std::string_view::npos; at = left.find(bytes, at + 1))
    ++count;
  ::munmap(stack, kSize);
  return count;
}

TEST(SymmetricKey, LeavesNothingOfTheSecretOnTheStack) {
  if (!testing::kMemoryCanBeScanned) GTEST_SKIP() << "a sanitizer keeps stacks of its own";
  const std::string bytes = secret(64);
  const std::string jwk = oct_jwk(bytes);
  std::optional<SymmetricKey> key;
  const auto parse = [&] {
    auto parsed = SymmetricKey::parse(jwk, SymmetricAlgorithm::hs256);
    if (parsed) key.emplace(*std::move(parsed));
  };
  EXPECT_EQ(left_on_the_stack(parse, std::string_view(bytes).substr(16, 24)), 0U);
  ASSERT_TRUE(key);
}

TEST(SymmetricKey, HasNoWayIntoASetAndNoneOutOfOne) {
  const auto set =
      JwkSet::parse(testing::jwk_set({oct_jwk(secret(64), R"(,"kid":"s","alg":"HS256")")}));
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->empty());
  Scratch scratch;
  EXPECT_EQ(
      code(parse_compact(mac_token(SymmetricAlgorithm::hs256, secret(32), kHeader, "{}"), scratch)
               .error()
               .reason),
      "algorithm_unsupported");
  EXPECT_EQ(code(parse_compact_mac(testing::signing_key(Algorithm::es256).token("{}"), scratch)
                     .error()
                     .reason),
            "algorithm_unsupported");
  for (const std::string_view name : {"none", "hs256", "HS1", "HS256 ", "HS2566"}) {
    const std::string header = R"({"alg":")" + std::string(name) + R"("})";
    EXPECT_EQ(code(parse_compact_mac(mac_token(SymmetricAlgorithm::hs256, secret(32), header, "{}"),
                                     scratch)
                       .error()
                       .reason),
              "algorithm_unsupported")
        << name;
  }
}

}  // namespace
}  // namespace latchkey::jose
