// SPDX-License-Identifier: Apache-2.0
//
// Where the test vectors lie: $LATCHKEY_VECTORS, else ../shared/vectors beside the tree. A test
// that does not find its vectors says so and is skipped, which the count of the run shows.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace latchkey::test {

inline std::filesystem::path vectors_folder() {
  const char* told = std::getenv("LATCHKEY_VECTORS");
  if (told != nullptr && *told != '\0') return told;
  return std::filesystem::path(LATCHKEY_SOURCE_DIR).parent_path() / "shared" / "vectors";
}

inline std::optional<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace latchkey::test
