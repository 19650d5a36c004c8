// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/commands.h"
#include "config_files/load.h"
#include "core/base/text.h"
#include "core/config/dump.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

json list(const std::vector<config::ConfigError>& errors) {
  json out = json::array();
  for (const config::ConfigError& error : errors) {
    out.push_back({{"file", error.file},
                   {"line", error.line},
                   {"column", error.column},
                   {"message", error.message}});
  }
  return out;
}

std::vector<ipc::control::ConfigErrorRecord> records(
    const std::vector<config::ConfigError>& errors) {
  std::vector<ipc::control::ConfigErrorRecord> out;
  out.reserve(errors.size());
  for (const config::ConfigError& error : errors)
    out.push_back({error.file, error.line, error.column, error.message});
  return out;
}

// One line each on standard error; what the file quotes was escaped by the parser.
void complain(const char* kind, const std::vector<config::ConfigError>& errors) {
  for (const config::ConfigError& error : errors) {
    std::fprintf(stderr, "%s%s\n", kind, config::describe(error).c_str());
  }
}

// JSON with replaced bytes where a file is no UTF-8: a report must not fail on what it reports.
int print_json(const json& report) {
  return print(report.dump(-1, ' ', true, json::error_handler_t::replace) + "\n");
}

}  // namespace

int check_config(const Session& session, const std::string& file, const KeyFiles& key_files) {
  if (const auto missing = missing_file("FILE", file); missing && file != kHostConfig)
    return report(session, std::vector<ipc::control::ConfigErrorRecord>{}, *missing);
  auto config = config_files::load(file);
  if (config) {
    auto errors = key_files(*config);
    if (!errors.empty()) config = tl::unexpected(std::move(errors));
  }
  if (session.json) {
    const int written =
        print_json({{"valid", config.has_value()},
                    {"errors", list(config ? config_files::Errors{} : config.error())},
                    {"warnings", list(config ? config->warnings : config_files::Errors{})}});
    return written != kOk || config ? written : kNegative;
  }
  if (!config) {
    complain("", config.error());
    std::fprintf(stderr, "latchkeyctl: %zu error%s\n", config.error().size(),
                 config.error().size() == 1 ? "" : "s");
    return kNegative;
  }
  complain("warning: ", config->warnings);
  return print("valid: " + std::to_string(config->issuers.size()) + " issuer(s), " +
               std::to_string(config->access.size()) + " access rule(s), digest " +
               config->digest.substr(0, 12) + "\n");
}

int dump_config_file(const Session& session, const std::string& file) {
  if (const auto missing = missing_file("FILE", file))
    return report(session, std::vector<ipc::control::ConfigErrorRecord>{}, *missing);
  const auto config = config_files::load(file);
  if (!config) return report(session, records(config.error()), file + " is invalid");
  if (session.json)
    return print_json({{"yaml", config::marked_dump(*config)}, {"digest", config->digest}});
  return print(config::marked_dump(*config));
}

}  // namespace latchkey::cli
