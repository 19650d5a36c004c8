// SPDX-License-Identifier: Apache-2.0
#include "cli/common/wrong_usage.h"

#include <algorithm>
#include <set>
#include <vector>

namespace latchkey::cli {
namespace {

constexpr std::string_view kEmpty = "is given and empty";

// As one types it: "--jwks", or for an argument its name in the help, "FILE".
std::string name_of(const CLI::Option& option) { return option.get_name(); }

// The options of the program and of the commands that were typed, the innermost first.
void collect(const CLI::App& app, std::vector<const CLI::Option*>& into) {
  for (const CLI::App* command : app.get_subcommands()) collect(*command, into);
  for (const CLI::Option* option : app.get_options()) into.push_back(option);
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// Whether a text holds the name as a word of its own. What else the text holds is not looked at.
bool mentions(std::string_view text, std::string_view name) {
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool starts = at == 0 || !is_name_letter(text[at - 1]);
    const std::size_t end = at + name.size();
    if (starts && (end == text.size() || !is_name_letter(text[end]))) return true;
  }
  return false;
}

const CLI::Option* concerned(const CLI::App& app, const CLI::ParseError& problem) {
  std::vector<const CLI::Option*> all;
  collect(app, all);
  const std::string text = problem.what();
  // CLI11 puts the name first where a value is no good, and last where it is of the wrong kind.
  const auto found = std::find_if(all.begin(), all.end(), [&](const CLI::Option* option) {
    return text.starts_with(name_of(*option) + ":");
  });
  if (found != all.end()) return *found;
  const auto named = std::find_if(all.begin(), all.end(), [&](const CLI::Option* option) {
    return mentions(text, name_of(*option));
  });
  return named == all.end() ? nullptr : *named;
}

}  // namespace

void refuse_empty_values(CLI::App& app, std::initializer_list<std::string_view> may_be_empty) {
  for (CLI::Option* option : app.get_options({})) {
    const std::string name = option->get_name();
    const bool exempt =
        std::find(may_be_empty.begin(), may_be_empty.end(), name) != may_be_empty.end();
    if (exempt || option->get_items_expected_max() == 0) continue;
    option->check(CLI::Validator(
        [](const std::string& value) { return std::string(value.empty() ? kEmpty : ""); }, ""));
  }
  for (CLI::App* command : app.get_subcommands({})) refuse_empty_values(*command, may_be_empty);
}

std::string wrong_usage(const CLI::App& app, const CLI::ParseError& problem) {
  if (dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr)
    return "there are more arguments than the command takes, or an option that it does not have";
  // These are made of names alone.
  if (dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr ||
      dynamic_cast<const CLI::ExcludesError*>(&problem) != nullptr ||
      dynamic_cast<const CLI::RequiresError*>(&problem) != nullptr) {
    return problem.what();
  }
  const CLI::Option* option = concerned(app, problem);
  if (option == nullptr) return "an option or argument is not as the command takes it";
  const std::string name = name_of(*option);
  if (problem.what() == name + ": " + std::string(kEmpty)) return name + " " + std::string(kEmpty);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&problem) != nullptr) {
    return name + (option->get_items_expected_max() == 0 ? " takes no value"
                                                         : " takes one value, and is given once");
  }
  const std::string type = option->get_type_name();
  return name + " does not take this value" + (type.empty() ? "" : "; it takes " + type);
}

}  // namespace latchkey::cli
