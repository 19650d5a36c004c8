// SPDX-License-Identifier: Apache-2.0
#include "core/jose/select_key.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using testing::compact;
using testing::jwk_set;
using testing::signing_key;

std::string ec(std::string_view extra) { return signing_key(Algorithm::es256).plain_jwk(extra); }
std::string other_ec(std::string_view extra) {
  return testing::SigningKey::generate(Algorithm::es256, "").plain_jwk(extra);
}
std::string rsa(std::string_view extra) { return signing_key(Algorithm::rs256).plain_jwk(extra); }

struct Case {
  std::string_view name;
  std::string header;
  std::string set;
  Reason want;
  std::string kid = {};  // of the key that was found
};

TEST(SelectKey, OneKeyFitsOrTheTokenIsRefused) {
  const std::string two = jwk_set({ec(R"(,"kid":"e")"), rsa(R"(,"kid":"r")")});
  const std::string clef = jwk_set({ec(R"(,"kid":"\uD834\uDD1E")")});
  const std::string both = jwk_set({ec(R"(,"kid":"k")"), rsa(R"(,"kid":"k")")});
  const Case cases[] = {
      {"found by kid", R"({"alg":"ES256","kid":"e"})", two, Reason::allowed, "e"},
      {"found by kid: the other one", R"({"alg":"RS256","kid":"r"})", two, Reason::allowed, "r"},
      {"found by kid and type", R"({"alg":"ES256","kid":"k"})", both, Reason::allowed, "k"},
      {"unfit: the kid's key is of another family", R"({"alg":"RS256","kid":"e"})", two,
       Reason::key_unfit},
      {"unfit: another curve", R"({"alg":"ES384","kid":"e"})", two, Reason::key_unfit},
      {"unfit: both keys of the kid", R"({"alg":"EdDSA","kid":"k"})", both, Reason::key_unfit},
      {"unfit: the key pins another algorithm", R"({"alg":"PS256","kid":"r"})",
       jwk_set({rsa(R"(,"kid":"r","alg":"RS256")")}), Reason::key_unfit},
      {"unfit: the key was dropped", R"({"alg":"ES256","kid":"e"})",
       jwk_set({ec(R"(,"kid":"e","use":"enc")")}), Reason::key_unfit},
      {"unknown: no such kid", R"({"alg":"ES256","kid":"x"})", two, Reason::key_unknown},
      {"unknown: case counts", R"({"alg":"ES256","kid":"E"})", two, Reason::key_unknown},
      {"found by kid: beyond the Basic Multilingual Plane, by escape and as it is, RFC 7515 "
       "section "
       "10.13",
       "{\"alg\":\"ES256\",\"kid\":\"\xF0\x9D\x84\x9E\"}", clef, Reason::allowed,
       "\xF0\x9D\x84\x9E"},
      {"unknown: another one with the same high surrogate",
       R"({"alg":"ES256","kid":"\uD834\uDD1F"})", clef, Reason::key_unknown},
      {"unknown: equal up to a NUL", R"({"alg":"ES256","kid":"e\u0000"})", two,
       Reason::key_unknown},
      {"unknown: a kid never finds a key without one", R"({"alg":"ES256","kid":"e"})",
       jwk_set({ec("")}), Reason::key_unknown},
      {"unknown: an empty kid is a kid", R"({"alg":"ES256","kid":""})", jwk_set({ec("")}),
       Reason::key_unknown},
      {"found: an empty kid", R"({"alg":"ES256","kid":""})", jwk_set({ec(R"(,"kid":"")")}),
       Reason::allowed, ""},
      {"unknown: an empty kid is not that of a dropped key without one",
       R"({"alg":"ES256","kid":""})", jwk_set({R"({"kty":"oct"})"}), Reason::key_unknown},
      {"unknown: an empty set", R"({"alg":"ES256","kid":"e"})", jwk_set({}), Reason::key_unknown},
      {"found without kid: a single key", R"({"alg":"ES256"})", jwk_set({ec("")}), Reason::allowed},
      {"found without kid: a single key that has one", R"({"alg":"ES256"})",
       jwk_set({ec(R"(,"kid":"e")")}), Reason::allowed, "e"},
      {"found without kid: one of several fits", R"({"alg":"ES256"})", two, Reason::allowed, "e"},
      {"ambiguous without kid: two fit", R"({"alg":"ES256"})",
       jwk_set({ec(R"(,"kid":"a")"), other_ec(R"(,"kid":"b")")}), Reason::key_ambiguous},
      {"found without kid: the same key twice", R"({"alg":"ES256"})", jwk_set({ec(""), ec("")}),
       Reason::allowed},
      {"found without kid: the same key under two names", R"({"alg":"ES256"})",
       jwk_set({ec(R"(,"kid":"a")"), ec(""), ec(R"(,"kid":"b")")}), Reason::allowed, "a"},
      {"unknown without kid: none fits", R"({"alg":"ES384"})", two, Reason::key_unknown},
      {"unknown without kid: an empty set", R"({"alg":"ES256"})", jwk_set({}), Reason::key_unknown},
  };
  Scratch scratch;
  for (const Case& c : cases) {
    const auto set = JwkSet::parse(c.set);
    ASSERT_TRUE(set) << c.name;
    const std::string token = compact(c.header, "{}", "sig");
    const auto jws = parse_compact(token, scratch);
    ASSERT_TRUE(jws) << c.name << ": " << jws.error().detail;
    const auto key = select_key(*jws, *set);
    EXPECT_EQ(code(key ? Reason::allowed : key.error().reason), code(c.want)) << c.name;
    if (key) {
      EXPECT_EQ((*key)->kid().value_or(""), c.kid) << c.name;
    }
  }
}

}  // namespace
}  // namespace latchkey::jose
