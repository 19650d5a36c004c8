// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/oracle/schedule.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/jose/base64url.h"

namespace latchkey::faults {
namespace {

constexpr std::string_view kKidMarker = "A-KID-THAT-IS-MADE-ANEW-EACH-TIME";
constexpr std::size_t kSources = 2'048;  // of a source that ends in a dot

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "oracle: %s\n", what.c_str());
  std::exit(2);
}

std::string read_token(const std::string& path) {
  std::ifstream file(path);
  if (!file) give_up("cannot read " + path);
  std::string token(std::istreambuf_iterator<char>(file), {});
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

}  // namespace

Schedule::Schedule(const std::string& path, unsigned seed) : random_(seed) {
  std::ifstream file(path);
  if (!file) give_up("cannot read " + path);
  for (std::string line; std::getline(file, line);) add(line);
  if (classes_.empty()) give_up("no classes in " + path);
}

void Schedule::add(const std::string& line) {
  const std::vector<std::string> fields = fields_of(line);
  if (fields.size() != 6) give_up("not six fields: " + line);
  auto found = std::find_if(classes_.begin(), classes_.end(),
                            [&](const Class& kind) { return kind.name == fields[0]; });
  if (found == classes_.end()) {
    classes_.push_back({.name = fields[0],
                        .weight = static_cast<unsigned>(std::stoul(fields[1])),
                        .service = fields[2],
                        .user = fields[3],
                        .source = fields[4],
                        .tokens = {}});
    found = std::prev(classes_.end());
  }
  found->tokens.push_back(read_token(fields[5]));
}

std::optional<Login> Schedule::next() {
  unsigned total = 0;
  for (const Class& kind : classes_) total += kind.weight;
  if (total == 0) return std::nullopt;
  unsigned drawn = std::uniform_int_distribution<unsigned>(0, total - 1)(random_);
  std::size_t index = 0;
  while (drawn >= classes_[index].weight) drawn -= classes_[index++].weight;
  const Class& kind = classes_[index];
  Login login{.kind = index, .token = token_of(kind), .rhost = kind.source};
  if (kind.source.ends_with('.')) {
    const std::size_t number = made_ % kSources;
    login.rhost += std::to_string(number / 256) + "." + std::to_string(number % 256);
  }
  ++made_;
  return login;
}

std::string Schedule::token_of(const Class& kind) {
  const std::string& text = kind.tokens[made_ % kind.tokens.size()];
  const std::size_t line_end = text.find('\n');
  if (line_end == std::string::npos) return text;
  std::string header = text.substr(0, line_end);
  const std::size_t at = header.find(kKidMarker);
  if (at == std::string::npos) give_up("no marker in the header of " + kind.name);
  std::array<char, 17> kid{};
  std::snprintf(kid.data(), kid.size(), "%08x%08x", static_cast<unsigned>(random_()),
                static_cast<unsigned>(random_()));
  header.replace(at, kKidMarker.size(), kid.data());
  return jose::encode_base64url(header) + "." + text.substr(line_end + 1);
}

void Schedule::obey(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string verb;
  std::string name;
  unsigned weight = 0;
  if (!(words >> verb >> name >> weight) || verb != "weight") return;
  for (Class& kind : classes_) {
    if (kind.name == name) kind.weight = weight;
  }
}

}  // namespace latchkey::faults
