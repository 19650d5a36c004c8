// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_options.h"

#include <CLI/CLI.hpp>

namespace latchkey::cli {
namespace {

constexpr char kFooter[] =
    "A list is a folder that any web server serves: manifest.jwt and chunks/. Text is one JSON "
    "object a line: {\"kind\":\"token\",\"issuer\":\"https://id.example.com\",\"value\":\"5a0f\","
    "\"end\":\"2026-01-01T00:00:00Z\",\"reason\":\"stolen\"}; kind is token, token_hash, session, "
    "subject (with \"before\"), key or user. Exit status: 0 done, or the same; 1 it could not be "
    "done, readers would refuse it, or they differ; 2 the list is stale; 64 wrong usage.";

void add_folder(CLI::App& app, std::string& folder) {
  app.add_option("DIR", folder, "The folder of the list")->required();
}

void add_build(CLI::App& list, const Session& session, ListBuildOptions& build, int& status) {
  CLI::App* app = list.add_subcommand(
      "build",
      "Make the next version: the text is all that is revoked, and what is not in it any "
      "more is taken back. Signed by 'list sign'");
  add_folder(*app, build.folder);
  app->add_option("--from", build.from, "The text; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_option("--round-end", build.round_end,
                  "Round ends up to multiples of this: entries of one end share a chunk")
      ->type_name("TIME")
      ->capture_default_str();
  app->add_flag("--full", build.full, "Begin a new chain, also where a change would do");
  app->add_option(
         "--least", build.least,
         "Refuse a text with fewer entries, such as one that a broken pipe cut; 0: nothing "
         "may be revoked any more")
      ->type_name("N")
      ->capture_default_str();
  app->callback([&] { status = list_build(session, build); });
}

void add_sign(CLI::App& list, const Session& session, ListSignOptions& sign, int& status) {
  CLI::App* app = list.add_subcommand(
      "sign",
      "Sign the version that was built; again before --max-age is over, though nothing "
      "changes");
  add_folder(*app, sign.folder);
  app->add_option("--issuer", sign.issuer, "The name of the list, as its readers are configured")
      ->type_name("I")
      ->required();
  app->add_option("--key", sign.key,
                  "The private key, of lists alone: PEM or JWK; - is standard "
                  "input")
      ->type_name("FILE")
      ->required();
  app->add_option("--max-age", sign.max_age,
                  "For how long readers take it for the state of things; 60s to 30d")
      ->type_name("TIME")
      ->capture_default_str();
  app->add_option("--now", sign.now, "The moment of iat: RFC 3339, or seconds since 1970")
      ->type_name("T");
  app->callback([&] { status = list_sign(session, sign); });
}

void add_verify(CLI::App& list, const Session& session, ListVerifyOptions& verify, int& status) {
  CLI::App* app = list.add_subcommand(
      "verify",
      "Check signature, bounds and every chunk as a reader does, and that all ways lead "
      "to one set");
  add_folder(*app, verify.folder);
  app->add_option("--issuer", verify.issuer, "The name of the list")->type_name("I")->required();
  app->add_option("--keys", verify.keys, "The JWK set of its readers")
      ->type_name("FILE")
      ->required();
  app->add_option("--now", verify.now, "Ask about another moment")->type_name("T");
  app->callback([&] { status = list_verify(session, verify); });
}

void add_diff(CLI::App& list, const Session& session, ListDiffOptions& diff, int& status) {
  CLI::App* app = list.add_subcommand(
      "diff",
      "Print what the second list has and the first has not (+), and the other way (-), by "
      "digest; neither signature is looked at");
  app->add_option("FROM", diff.from, "The folder of a list")->required();
  app->add_option("TO", diff.to, "The folder of another")->required();
  app->callback([&] { status = list_diff(session, diff); });
}

}  // namespace

void add_list(CLI::App& app, const Session& session, ListOptions& options, int& status) {
  CLI::App* list = app.add_subcommand("list", "Make, sign and check signed revocation lists");
  list->require_subcommand(1);
  list->footer(kFooter);
  add_build(*list, session, options.build, status);
  add_sign(*list, session, options.sign, status);
  add_verify(*list, session, options.verify, status);
  add_diff(*list, session, options.diff, status);
}

}  // namespace latchkey::cli
