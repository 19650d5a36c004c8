// SPDX-License-Identifier: Apache-2.0
#include "core/config/manual.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/keys.h"
#include "core/config/parse.h"
#include "tests/support/golden.h"

namespace latchkey::config {
namespace {

TEST(CommentedExample, IsTheShippedFile) {
  test::expect_golden("config/latchkey.yaml", commented_example());
}

TEST(CommentedExample, ParsesWithoutAWarning) {
  const std::vector<SourceText> sources = {{"config/latchkey.yaml", commented_example()}};
  const auto config = parse(sources);
  if (!config) {
    for (const auto& error : config.error()) ADD_FAILURE() << describe(error);
    return;
  }
  for (const auto& warning : config->warnings) ADD_FAILURE() << describe(warning);
  EXPECT_EQ(config->issuers.size(), 1U);
  EXPECT_EQ(config->access.size(), 2U);
}

TEST(CommentedExample, NamesEveryKey) {
  const auto text = commented_example();
  for (const auto& key : keys()) {
    EXPECT_NE(text.find(std::string(key.name) + ':'), std::string::npos) << path(key);
  }
}

TEST(Reference, IsTheDocument) { test::expect_golden("docs/CONFIGURATION.md", reference()); }

}  // namespace
}  // namespace latchkey::config
