// SPDX-License-Identifier: Apache-2.0
//
// Text that people read and that is generated: the file in the tree must be what the program says.
// LATCHKEY_REWRITE_GOLDEN=1 writes it anew instead of comparing.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::test {

inline std::optional<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// `path` is below the top of the tree.
inline void expect_golden(const std::string& path, std::string_view text) {
  const auto file = std::filesystem::path(LATCHKEY_SOURCE_DIR) / path;
  const char* rewrite = std::getenv("LATCHKEY_REWRITE_GOLDEN");
  if (rewrite != nullptr && *rewrite != '\0') {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
    ASSERT_TRUE(out.flush().good()) << "cannot write " << file;
    return;
  }
  const auto there = read_text(file);
  ASSERT_TRUE(there.has_value()) << path << " is missing; LATCHKEY_REWRITE_GOLDEN=1 writes it";
  EXPECT_EQ(*there, text)
      << path << " is not what the program says; LATCHKEY_REWRITE_GOLDEN=1 writes it anew";
}

}  // namespace latchkey::test
