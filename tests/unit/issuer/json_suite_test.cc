// SPDX-License-Identifier: Apache-2.0
//
// JSONTestSuite (nst/JSONTestSuite) as a discovery document: the fourth role beside header, payload
// and JWK set. A text that must not parse is refused alone and inside a document that would be good
// otherwise; one that must parse spoils no document that it stands in.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "core/issuer/metadata.h"
#include "tests/support/vectors.h"

namespace latchkey::issuer {
namespace {

// RFC 8259 leaves duplicate names to the receiver; we refuse them.
constexpr std::array<std::string_view, 2> kStricter{"y_object_duplicated_key.json",
                                                    "y_object_duplicated_key_and_value.json"};

TEST(JsonSuite, AsDiscoveryDocument) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("jsontestsuite");
  IssuerConfig config;
  config.issuer = "https://id.example";
  const std::string members =
      R"("issuer":"https://id.example","jwks_uri":"https://id.example/keys")";
  ASSERT_TRUE(parse_metadata("{" + members + "}", config));
  std::size_t ran = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(*testing::vector_path("jsontestsuite"))) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".json") continue;
    ++ran;
    const std::string text = testing::read_file(entry.path());
    EXPECT_FALSE(parse_metadata(text, config)) << name << ": none of them names an issuer";
    std::string document = "{" + members;
    document.append(",\"x\":").append(text).append("}");
    const bool inside = parse_metadata(document, config).has_value();
    const bool stricter = std::find(kStricter.begin(), kStricter.end(), name) != kStricter.end();
    if (name.starts_with("n_") || stricter) {
      EXPECT_FALSE(inside) << name;
    } else if (name.starts_with("y_")) {
      EXPECT_TRUE(inside) << name;
    }
  }
  testing::report_cases("JSONTestSuite as discovery document", ran, 254);
}

}  // namespace
}  // namespace latchkey::issuer
