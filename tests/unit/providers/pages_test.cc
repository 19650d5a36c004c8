// SPDX-License-Identifier: Apache-2.0
//
// The pages of docs/providers are true: each configuration loads, expands to what the page says,
// and signs in whom the page says by the page's own token.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "core/config/parse.h"
#include "core/config/presets.h"
#include "tests/unit/providers/page.h"

namespace latchkey::testing {
namespace {

TEST(ProviderPages, ThereIsOneForEachProviderWithATokenAndWhatThePresetSays) {
  for (const config::Provider& provider : config::providers()) {
    const std::string name(provider.name);
    const Scene& first = scene(name);
    EXPECT_EQ(parsed(first)->issuers.front().config.provider, name);
    EXPECT_FALSE(first.expands_to.empty()) << name;
    EXPECT_FALSE(first.tokens.empty()) << name;
    const std::string text = page_text(name);
    EXPECT_NE(text.find("| stable id | "), std::string::npos) << name;
    EXPECT_NE(text.find("## Traps"), std::string::npos) << name;
    EXPECT_NE(page_text("README").find("(" + name + ".md)"), std::string::npos) << name;
  }
}

// Words between backquotes or not: the page may mark them up.
TEST(ProviderPages, NameTheStableIdOfTheTable) {
  for (const config::Provider& provider : config::providers()) {
    std::string text = page_text(std::string(provider.name));
    text.erase(std::remove(text.begin(), text.end(), '`'), text.end());
    EXPECT_NE(text.find("| stable id | " + std::string(provider.stable_id)), std::string::npos)
        << provider.name << ": " << provider.stable_id;
  }
}

TEST(ProviderPages, EveryConfigurationLoadsWithoutAWarning) {
  for (const Scene& each : scenes()) {
    const auto config = parsed(each);
    for (const auto& warning : config->warnings) ADD_FAILURE() << describe(warning);
  }
}

TEST(ProviderPages, SayWhatThePresetsExpandTo) {
  for (const Scene& each : scenes()) {
    if (each.expands_to.empty()) continue;
    EXPECT_EQ(expansion(*parsed(each)), each.expands_to) << each.page;
  }
}

TEST(ProviderPages, EveryTokenDoesWhatItsPageSays) {
  for (const Scene& each : scenes()) {
    for (const PageToken& token : each.tokens) {
      const Decision decision = sign_in(each, token);
      EXPECT_EQ(code(decision.reason), token.reason) << each.page << ": " << decision.detail;
      if (token.reason != "allowed" || !decision.identity) continue;
      EXPECT_EQ(decision.identity->user, token.user) << each.page;
      EXPECT_EQ(decision.identity->groups, token.groups) << each.page;
    }
  }
}

// What the marks of the dump come from is no part of the meaning.
TEST(ProviderPages, AnExpandedConfigurationMeansTheSameWithoutItsPreset) {
  for (const Scene& each : scenes()) {
    const auto config = parsed(each);
    for (const std::string& text : {config::dump(*config), config::marked_dump(*config)}) {
      const std::vector<config::SourceText> again = {{each.page, text}};
      const auto reparsed = config::parse(again);
      ASSERT_TRUE(reparsed) << each.page << ": " << describe(reparsed.error().front()) << text;
      EXPECT_EQ(reparsed->digest, config->digest) << each.page;
    }
  }
}

}  // namespace
}  // namespace latchkey::testing
