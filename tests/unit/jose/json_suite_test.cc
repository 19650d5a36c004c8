// SPDX-License-Identifier: Apache-2.0
//
// JSONTestSuite (nst/JSONTestSuite) in three roles: header, payload, JWK set (the fourth,
// discovery, stands with the issuer's tests). What must not parse is refused in each; what must
// parse is never refused as JSON, except where our own bounds are stricter, which are named here;
// what may do either must not crash.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "tests/support/signing.h"
#include "tests/support/vectors.h"

namespace latchkey::jose {
namespace {

using testing::compact;

// RFC 8259 leaves duplicate names to the receiver; JOSE lets a receiver refuse them, and we do.
constexpr std::array<std::string_view, 2> kStricter{"y_object_duplicated_key.json",
                                                    "y_object_duplicated_key_and_value.json"};

bool is_json(std::string_view text) {
  static JsonReader reader;
  return reader.read(text).has_value();
}

TEST(JsonSuite, AsHeaderPayloadAndKeySet) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("jsontestsuite");
  Scratch scratch;
  std::size_t ran = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(*testing::vector_path("jsontestsuite"))) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".json") continue;
    ++ran;
    const std::string text = testing::read_file(entry.path());
    const bool good = name.starts_with("y_") &&
                      std::find(kStricter.begin(), kStricter.end(), name) == kStricter.end();
    const bool parses = is_json(text);
    if (!name.starts_with("i_")) {
      EXPECT_EQ(parses, good) << name;
    }
    // As a header and as a key set nothing of the suite is accepted; as a payload, an object is.
    const auto as_header = parse_compact(compact(text, "{}", "sig"), scratch);
    EXPECT_FALSE(as_header) << name;
    EXPECT_FALSE(JwkSet::parse(text)) << name;
    const auto as_payload = parse_compact(compact(R"({"alg":"RS256"})", text, "sig"), scratch);
    if (as_payload) {
      EXPECT_TRUE(parses) << name;
    } else {
      const bool fits = text.size() < limits::kTokenBytes / 2;
      EXPECT_EQ(as_payload.error().reason, fits ? Reason::token_malformed : Reason::token_too_long)
          << name;
    }
    // Inside a header, a payload and a key set that would be good otherwise.
    const bool inside =
        parse_compact(compact(R"({"alg":"RS256","x":)" + text + "}", "{}", "sig"), scratch)
            .has_value();
    const bool in_set = JwkSet::parse(R"({"keys":[],"x":)" + text + "}").has_value();
    if (name.starts_with("n_")) {
      EXPECT_FALSE(inside) << name;
      EXPECT_FALSE(in_set) << name;
    }
    if (good) {
      EXPECT_TRUE(inside) << name;
      EXPECT_TRUE(in_set) << name;
    }
  }
  testing::report_cases("JSONTestSuite as header, payload and key set", ran, 254);
}

}  // namespace
}  // namespace latchkey::jose
