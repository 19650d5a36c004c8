// SPDX-License-Identifier: Apache-2.0
//
// latchkey: what users run. Finds the token that they already have and takes it through the
// unmodified ssh, scp, sftp, rsync and sudo.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/common/no_cores.h"
#include "cli/common/wrong_usage.h"
#include "cli/latchkey/run_tool.h"
#include "cli/latchkey/token_source.h"
#include "cli/latchkey/user_config.h"

namespace {

using latchkey::cli::FoundToken;
using latchkey::cli::ToolRun;
using latchkey::cli::UserConfig;

// sysexits(3), as the manual page lists them; a tool's own status is passed on.
constexpr int kUsage = 64;
constexpr int kNoToken = 66;
constexpr int kBadConfig = 78;

struct Options {
  std::string token_file;
  bool verbose = false;
};

int usage(const std::string& what) {
  std::fprintf(stderr, "latchkey: %s; see --help\n", what.c_str());
  return kUsage;
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<UserConfig> user_config() {
  auto config = latchkey::cli::load_user_config(
      latchkey::cli::user_config_path(variable("XDG_CONFIG_HOME"), variable("HOME")));
  if (config) return *std::move(config);
  for (const std::string& line : config.error())
    std::fprintf(stderr, "latchkey: %s\n", line.c_str());
  return std::nullopt;
}

std::string expand_home(const std::string& path) {
  const auto home = variable("HOME");
  if (home && path.starts_with("~/")) return *home + path.substr(1);
  return path;
}

std::optional<FoundToken> token(const Options& options, const UserConfig& config) {
  const std::string file =
      options.token_file.empty() ? expand_home(config.token_file) : options.token_file;
  auto found = latchkey::cli::find_token({file, variable, ::geteuid()});
  if (!found) {
    std::fprintf(stderr, "latchkey: %s\n", found.error().c_str());
    return std::nullopt;
  }
  if (options.verbose)
    std::fprintf(stderr, "latchkey: using the token from %s\n", found->where.c_str());
  return *std::move(found);
}

int print_token(const Options& options) {
  const auto config = user_config();
  if (!config) return kBadConfig;
  const auto found = token(options, *config);
  if (!found) return kNoToken;
  const std::string_view text = found->token.view();
  const bool done = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                    std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!done) std::fprintf(stderr, "latchkey: the token could not be written\n");
  return done ? 0 : 74;
}

int run(const Options& options, const std::string& program, std::vector<std::string> arguments) {
  const auto config = user_config();
  if (!config) return kBadConfig;
  const auto found = token(options, *config);
  if (!found) return kNoToken;
  // `ssh -G` runs what the user's configuration says (Match exec): nothing that we start inherits
  // the token.
  ::unsetenv("BEARER_TOKEN");
  const ToolRun tool{program, std::move(arguments), config->hosts, options.verbose};
  return latchkey::cli::run_tool(tool, found->token.view());
}

constexpr char kNoFile[] = "the name of a file is wanted, not nothing";

// Our own options may also stand right behind the tool's name (`latchkey ssh --token-file F host`).
// False where one is given and is no name: the empty variable of a script must not become the token
// of somewhere else.
bool take_own_options(std::vector<std::string>& arguments, Options& options) {
  constexpr std::string_view kAssigned = "--token-file=";
  while (!arguments.empty()) {
    const std::string first = arguments.front();
    if (first == "--token-file" && arguments.size() > 1) {
      options.token_file = arguments[1];
      arguments.erase(arguments.begin(), arguments.begin() + 2);
    } else if (first.starts_with(kAssigned)) {
      options.token_file = first.substr(kAssigned.size());
      arguments.erase(arguments.begin());
    } else {
      return true;
    }
    if (options.token_file.empty()) return false;
  }
  return true;
}

constexpr std::array<std::pair<const char*, const char*>, 5> kTools{{
    {"ssh", "Run ssh; its prompts for a token are answered, all others are yours"},
    {"scp", "Run scp in the same way"},
    {"sftp", "Run sftp in the same way"},
    {"rsync", "Run rsync over ssh in the same way"},
    {"sudo", "Run sudo -A in the same way, for the sudo of this host"},
}};

// How many of the words are ours: up to and with the name of a tool. What follows belongs to that
// tool, word for word.
int own_words(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--token-file") ++i;
    if (word.starts_with("-")) continue;
    const bool tool = std::any_of(kTools.begin(), kTools.end(),
                                  [&](const auto& known) { return word == known.first; });
    return tool ? i + 1 : argc;
  }
  return argc;
}

constexpr char kFooter[] =
    "The token is taken from the first of: --token-file, token_file of the configuration, "
    "$BEARER_TOKEN,\n"
    "$BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_u$UID, /tmp/bt_u$UID (WLCG bearer token discovery).\n"
    "It is given only to accounts that the command line asks for and, where "
    "~/.config/latchkey/config.yaml lists\n"
    "'hosts', only to those.\n\n"
    "Exit status: that of the tool; 64 wrong usage, 66 no usable token, 78 bad configuration, 127 "
    "tool not found.";

}  // namespace

int main(int argc, char** argv) {
  latchkey::cli::no_cores();
  CLI::App app("Signs in to Linux hosts with the token that you already have.", "latchkey");
  app.footer(kFooter);
  app.set_version_flag("--version", "latchkey " LATCHKEY_VERSION);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  Options options;
  app.add_option("--token-file", options.token_file,
                 "Read the token from FILE ('-' is standard input)")
      ->type_name("FILE");
  app.add_flag("-v,--verbose", options.verbose,
               "Say where the token comes from and which accounts may get it");

  int status = kUsage;
  app.add_subcommand("token", "Print the token")->callback([&] { status = print_token(options); });
  const int ours = own_words(argc, argv);
  for (const auto& [name, text] : kTools) {
    CLI::App* tool = app.add_subcommand(name, text);
    tool->set_help_flag();
    tool->callback([&, program = std::string(name)] {
      std::vector<std::string> arguments(argv + ours, argv + argc);
      status = take_own_options(arguments, options)
                   ? run(options, program, std::move(arguments))
                   : usage(std::string("--token-file: ") + kNoFile);
    });
  }
  latchkey::cli::refuse_empty_values(app);
  try {
    app.parse(ours, argv);
  } catch (const CLI::RequiredError& problem) {
    // CLI11 misses the command before it minds the word that is none.
    if (app.remaining(true).empty()) return usage(latchkey::cli::wrong_usage(app, problem));
    return usage("there is no such command or option");
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);
    return usage(latchkey::cli::wrong_usage(app, problem));
  }
  return status;
}
