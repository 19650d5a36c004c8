// SPDX-License-Identifier: Apache-2.0
//
// What is said of a wrong command line: the name of the option, never what was typed. It may be a
// token or a key that got into the wrong place, and CLI11 writes it into its errors.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace latchkey::cli {

// Makes an option (or argument) of this program and its commands that is given and empty an error:
// the unset variable of a script must not mean "not given". Those named may be empty.
void refuse_empty_values(CLI::App& app, std::initializer_list<std::string_view> may_be_empty = {});

// One sentence, of the program's own words only. For a problem of what app.parse() was given.
std::string wrong_usage(const CLI::App& app, const CLI::ParseError& problem);

}  // namespace latchkey::cli
