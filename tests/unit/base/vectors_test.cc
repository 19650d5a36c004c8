// SPDX-License-Identifier: Apache-2.0
//
// Which folder of test vectors is read, and when its absence is an error: a run that was told where
// they are and has read none must not be green.
#include "tests/support/vectors.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::testing {
namespace {

constexpr const char* kVariable = "LATCHKEY_VECTORS";

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* before = std::getenv(kVariable)) before_ = before;
  }
  void TearDown() override {
    if (before_) {
      setenv(kVariable, before_->c_str(), 1);
    } else {
      unsetenv(kVariable);
    }
  }
  static void name(const std::string& folder) { setenv(kVariable, folder.c_str(), 1); }

  test::TemporaryFolder root;

 private:
  std::optional<std::string> before_;
};

TEST_F(Vectors, ARelativePathCountsFromTheProject) {
  name("tests/support");
  const auto path = vector_path("vectors.h");
  ASSERT_TRUE(path);
  EXPECT_TRUE(std::filesystem::equivalent(
      *path, std::filesystem::path(LATCHKEY_SOURCE_DIR) / "tests/support/vectors.h"));
  name("../shared/vectors");
  EXPECT_TRUE(default_vectors());
}

TEST_F(Vectors, AFolderThatIsNotThereIsASkip) {
  name(root / "nowhere");
  EXPECT_EQ(fault_of_missing("wycheproof"), "");
}

TEST_F(Vectors, ANamedFolderWithoutAnySetIsAnError) {
  name(root.path());
  EXPECT_NE(fault_of_missing("wycheproof"), "");
}

TEST_F(Vectors, ANamedFolderWithSomeSetsIsReadForThese) {
  std::filesystem::create_directories(root / "jsontestsuite");
  name(root.path());
  EXPECT_EQ(fault_of_missing("wycheproof"), "");
}

TEST_F(Vectors, TheDefaultFolderLacksNothingOnceItIsThere) {
  unsetenv(kVariable);
  EXPECT_EQ(fault_of_missing("no such set").empty(), !vector_path("").has_value());
}

}  // namespace
}  // namespace latchkey::testing
