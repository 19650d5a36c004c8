// SPDX-License-Identifier: Apache-2.0
//
// The shared test vectors: folder LATCHKEY_VECTORS of the environment, else ../shared/vectors
// beside the project; a relative path counts from the project's own folder. Data only; each set is
// a folder of it, and a folder may hold only some of the sets. A test that reads a set prints how
// many cases it ran, which ./test shows; in the default folder a number below the set's README
// fails.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/jose/json.h"

namespace latchkey::testing {

// A file or folder below the vectors; nothing where it is not there.
std::optional<std::filesystem::path> vector_path(std::string_view relative);

// Whether it is the default folder, for which the numbers of cases are known.
bool default_vectors();

// Why it is an error, and no reason to skip, that a set is not there: the default folder, once it
// is there, has every set, and a folder that was named is there and has at least one. Else "".
std::string fault_of_missing(std::string_view relative);

std::string read_file(const std::filesystem::path& path);

// A JSON file of vectors, and the reader that its values live in.
class VectorFile {
 public:
  explicit VectorFile(const std::filesystem::path& path);
  const jose::JsonValue& root() const { return *root_; }

 private:
  jose::JsonReader reader_;
  std::optional<jose::JsonValue> root_;
};

// The text of a member that must be a string; "" where it is absent.
std::string text(const jose::JsonValue& object, std::string_view name);

// The value as JSON text again.
std::string to_json(const jose::JsonValue& value);

// Prints "vectors: SET: N cases"; fails the test in the default folder where N is below `least`.
void report_cases(std::string_view set, std::size_t ran, std::size_t least);

}  // namespace latchkey::testing

// Skips the test with a sentence that names what is missing, or fails where it may not be missing.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): GTEST_SKIP returns from the test itself.
#define LATCHKEY_SKIP_WITHOUT_VECTORS(relative)                                     \
  if (!latchkey::testing::vector_path(relative)) {                                  \
    const std::string fault = latchkey::testing::fault_of_missing(relative);        \
    if (!fault.empty()) FAIL() << fault;                                            \
    GTEST_SKIP() << "test vectors " << (relative)                                   \
                 << " are not there (LATCHKEY_VECTORS, default ../shared/vectors)"; \
  }                                                                                 \
  static_assert(true)
