// SPDX-License-Identifier: Apache-2.0
#include "tests/support/vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include <gtest/gtest.h>

namespace latchkey::testing {
namespace {

std::filesystem::path default_folder() {
  return std::filesystem::path(LATCHKEY_SOURCE_DIR).parent_path() / "shared" / "vectors";
}

bool is_named() {
  const char* named = std::getenv("LATCHKEY_VECTORS");
  return named != nullptr && *named != '\0';
}

// A relative path counts from the project's folder: a test program's own is anywhere in the build.
std::filesystem::path folder() {
  if (!is_named()) return default_folder();
  return std::filesystem::path(LATCHKEY_SOURCE_DIR) / std::getenv("LATCHKEY_VECTORS");
}

constexpr auto kSets =
    std::to_array<std::string_view>({"wycheproof", "rfc7520-cookbook", "rfc-appendix",
                                     "jsontestsuite", "naughty-strings", "attack-tokens"});

std::string quoted_json(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json.append({'\\', c});
    } else if (byte < 0x20) {
      json.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      json.push_back(c);
    }
  }
  return json.append("\"");
}

std::string number_json(const jose::JsonValue& value) {
  if (const auto integer = value.as_integer()) return std::to_string(*integer);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.17g", value.as_number().value_or(std::nan("")));
  return buffer.data();
}

}  // namespace

std::optional<std::filesystem::path> vector_path(std::string_view relative) {
  std::filesystem::path path = folder() / relative;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

bool default_vectors() {
  std::error_code error;  // named by whatever way, it is the default folder
  return std::filesystem::weakly_canonical(folder(), error) ==
         std::filesystem::weakly_canonical(default_folder(), error);
}

std::string fault_of_missing(std::string_view relative) {
  const bool has_one = std::any_of(kSets.begin(), kSets.end(),
                                   [](std::string_view set) { return vector_path(set); });
  if (is_named() && vector_path("") && !has_one)
    return "LATCHKEY_VECTORS names " + folder().string() + ", which has none of the test vectors";
  if (default_vectors() && vector_path(""))
    return "the default folder of test vectors lacks " + std::string(relative);
  return {};
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

VectorFile::VectorFile(const std::filesystem::path& path)
    : reader_(jose::JsonLimits{.bytes = 64U << 20, .depth = 32, .members = 4'096}) {
  const auto root = reader_.read(read_file(path));
  if (!root) {
    ADD_FAILURE() << path << ": " << jose::describe(root.error());
    std::abort();
  }
  root_ = *root;
}

std::string text(const jose::JsonValue& object, std::string_view name) {
  const auto member = object.find(name);
  return member ? std::string(member->as_string().value_or("")) : std::string();
}

std::string to_json(const jose::JsonValue& value) {
  std::string json;
  switch (value.type()) {
    case jose::JsonType::null:
      return "null";
    case jose::JsonType::boolean:
      return *value.as_boolean() ? "true" : "false";
    case jose::JsonType::integer:
    case jose::JsonType::real:
      return number_json(value);
    case jose::JsonType::string:
      return quoted_json(*value.as_string());
    case jose::JsonType::array:
      for (const jose::JsonValue element : value.elements())
        json += (json.empty() ? "[" : ",") + to_json(element);
      return json.empty() ? "[]" : json + "]";
    case jose::JsonType::object:
      for (const jose::JsonMember member : value.members()) {
        json += (json.empty() ? "{" : ",") + quoted_json(member.name) + ":" + to_json(member.value);
      }
      return json.empty() ? "{}" : json + "}";
  }
  return json;
}

void report_cases(std::string_view set, std::size_t ran, std::size_t least) {
  std::cout << "vectors: " << set << ": " << ran << " cases\n";
  // ./test reads it off the report and prints it (counts.py).
  ::testing::Test::RecordProperty("vectors: " + std::string(set), std::to_string(ran));
  if (default_vectors()) {
    EXPECT_GE(ran, least) << set << ": fewer cases than its README says";
  } else {
    EXPECT_GT(ran, 0U) << set;
  }
}

}  // namespace latchkey::testing
