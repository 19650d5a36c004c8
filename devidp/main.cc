// SPDX-License-Identifier: Apache-2.0
//
// latchkey-devidp: a small OpenID provider for the demo and the tests. It gives tokens to whoever
// can read its folder, listens on the loopback interface only, and is never installed.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devidp/files.h"
#include "devidp/key_store.h"
#include "devidp/minter.h"
#include "devidp/provider.h"
#include "devidp/server.h"

namespace latchkey::devidp {
namespace {

// Everything that the command line may say.
struct CommandLine {
  std::string folder;
  ServeOrder serve;
  MintOrder mint;
  std::vector<std::string> algorithms{"RS256", "ES256", "EdDSA"};
  std::string algorithm = "ES256";
  std::string lifetime = "1h";
  std::string issued_ago = "0s";
  std::vector<std::string> claims;
  std::vector<std::string> without;
  std::string kid;
  bool no_kid = false;
  bool no_typ = false;
  std::string out;
  std::string withdrawn;
  bool keep_old = false;
};

// "90s", "15m", "1h", "2d".
std::optional<std::chrono::seconds> duration(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits > 9 || digits + 1 != text.size()) return std::nullopt;
  const std::chrono::seconds count(std::stol(text));
  switch (text[digits]) {
    case 's':
      return count;
    case 'm':
      return count * 60;
    case 'h':
      return count * 3'600;
    case 'd':
      return count * 86'400;
    default:
      return std::nullopt;
  }
}

std::string check_duration(const std::string& text) {
  return duration(text) ? std::string() : text + ": a number and s, m, h or d";
}

std::string check_algorithm(const std::string& name) {
  return jose::find_algorithm(name) ? std::string() : name + ": no algorithm of ours";
}

int report(const Result<void>& result) {
  if (result) return EX_OK;
  std::fprintf(stderr, "latchkey-devidp: %s\n", result.error().c_str());
  return EX_UNAVAILABLE;
}

// Runs `change` on the folder's keys, alone.
template <typename Change>
Result<void> with_keys(const std::string& folder, Change change) {
  if (auto made = make_folder(folder); !made) return made;
  const auto lock = FolderLock::take(folder);
  if (!lock) return tl::unexpected(lock.error());
  auto keys = KeyStore::open(folder);
  if (!keys) return tl::unexpected(keys.error());
  return change(*keys);
}

Result<void> run_serve(CommandLine& line) {
  line.serve.folder = line.folder;
  auto prepared = with_keys(line.folder, [&](KeyStore& keys) -> Result<void> {
    if (!keys.keys().empty()) return {};  // a provider that comes back keeps its keys
    for (const std::string& name : line.algorithms) {
      if (auto made = keys.ensure(*jose::find_algorithm(name)); !made) return made;
    }
    return {};
  });
  return prepared ? serve(line.serve) : prepared;
}

Result<void> deliver(const CommandLine& line, const std::string& token) {
  if (!line.out.empty()) return write_file(line.out, token + "\n", 0600);
  std::printf("%s\n", token.c_str());
  return {};
}

// "name=json"
Result<ClaimOverride> claim_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    return failed("--claim " + text + ": NAME=JSON is wanted");
  }
  return ClaimOverride{text.substr(0, equals), text.substr(equals + 1)};
}

Result<void> complete_order(CommandLine& line) {
  MintOrder& order = line.mint;
  const auto issuer = read_file(issuer_file(line.folder));
  if (!issuer) return failed(issuer.error() + " (has the provider been started on this folder?)");
  order.issuer = issuer->substr(0, issuer->find('\n'));
  // CLI11 has checked these three.
  order.algorithm = jose::find_algorithm(line.algorithm).value_or(order.algorithm);
  order.lifetime = duration(line.lifetime).value_or(order.lifetime);
  order.issued_ago = duration(line.issued_ago).value_or(order.issued_ago);
  if (order.audiences.empty()) order.audiences = {"ssh://demo"};
  if (!line.kid.empty()) order.kid = line.kid;
  if (line.no_kid) order.kid = "";
  if (line.no_typ) order.typ.clear();
  for (const std::string& text : line.claims) {
    auto claim = claim_override(text);
    if (!claim) return tl::unexpected(claim.error());
    order.claims.push_back(*std::move(claim));
  }
  for (const std::string& name : line.without) order.claims.push_back({name, {}});
  return {};
}

Result<void> run_mint(CommandLine& line) {
  if (auto completed = complete_order(line); !completed) return completed;
  return with_keys(line.folder, [&](KeyStore& keys) -> Result<void> {
    if (line.mint.key.empty()) {
      if (auto made = keys.ensure(line.mint.algorithm); !made) return made;
    } else if (const StoredKey* key = keys.find(line.mint.key)) {
      line.mint.algorithm = key->algorithm;
    }
    const auto token = mint(line.mint, keys, std::chrono::system_clock::now());
    return token ? deliver(line, *token) : tl::unexpected(token.error());
  });
}

Result<void> run_rotate(const CommandLine& line) {
  return with_keys(line.folder, [&](KeyStore& keys) {
    return keys.rotate(line.keep_old ? KeyStore::Old::serve : KeyStore::Old::withdraw);
  });
}

Result<void> run_withdraw(const CommandLine& line) {
  return with_keys(line.folder, [&](KeyStore& keys) { return keys.withdraw(line.withdrawn); });
}

CLI::App* add_command(CLI::App& app, CommandLine& line, const char* name, const char* description) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--state", line.folder, "The provider's folder; made where it is missing")
      ->required()
      ->type_name("DIR");
  return command;
}

void add_serve(CLI::App& app, CommandLine& line, int& status) {
  CLI::App* serve = add_command(
      app, line, "serve",
      "Serve discovery and keys over https on the loopback interface. Writes the issuer's URL "
      "to DIR/issuer and prints it; DIR/ca.pem is the CA to trust, DIR/jwks.json the key set");
  serve->add_option("--address", line.serve.address, "Where to listen, within 127.0.0.0/8")
      ->capture_default_str();
  serve->add_option("--host", line.serve.host,
                    "Name in the issuer's URL and the certificate; default: the address");
  serve->add_option("--port", line.serve.port, "0: a free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65'535));
  serve->add_option("--max-age", line.serve.max_age_s, "Send Cache-Control: max-age=SECONDS")
      ->type_name("SECONDS");
  serve->add_option("--alg", line.algorithms, "Keys that a new folder starts with, by comma")
      ->delimiter(',')
      ->check(check_algorithm)
      ->capture_default_str();
  serve->callback([&] { status = report(run_serve(line)); });
}

void add_faults(CLI::App& mint, CommandLine& line) {
  mint.add_flag("--expired", line.mint.expired, "exp an hour ago");
  mint.add_flag("--not-yet", line.mint.not_yet, "nbf in an hour");
  auto* faults = mint.add_option_group("fault", "At most one of:");
  faults->require_option(0, 1);
  const auto add = [&](const char* name, Fault fault, const char* description) {
    faults->add_flag_callback(
        name, [&line, fault] { line.mint.fault = fault; }, description);
  };
  add("--bad-signature", Fault::bad_signature, "One bit of the signature is turned");
  add("--alg-none", Fault::alg_none, "alg none, no signature");
  add("--foreign-key", Fault::foreign_key, "Signed by an unknown key under the known kid");
  add("--hs256-with-public-key", Fault::hs256_with_public_key,
      "HMAC keyed with the PEM of the public key");
}

void add_mint(CLI::App& app, CommandLine& line, int& status) {
  CLI::App* mint =
      add_command(app, line, "mint", "Make a token, with or without the provider running");
  mint->add_option("--user", line.mint.user, "preferred_username")->required();
  mint->add_option("--sub", line.mint.subject, "Default: devidp|USER");
  mint->add_option("--groups", line.mint.groups, "By comma")->delimiter(',');
  mint->add_option("--aud", line.mint.audiences, "May be repeated; default: ssh://demo")
      ->allow_extra_args(false);
  mint->add_option("--client", line.mint.client, "client_id")->capture_default_str();
  mint->add_option("--lifetime", line.lifetime, "30s, 15m, 1h, 2d")
      ->check(check_duration)
      ->capture_default_str();
  mint->add_option("--issued-ago", line.issued_ago,
                   "iat and the start of the lifetime lie so far back")
      ->check(check_duration);
  mint->add_option("--alg", line.algorithm,
                   "RS256 … ES512, EdDSA; a key is made where there is none")
      ->check(check_algorithm)
      ->capture_default_str();
  mint->add_option("--key", line.mint.key, "Sign with this key, current or not")->type_name("KID");
  mint->add_option("--claim", line.claims, "Set a claim; may be repeated")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
  mint->add_option("--without", line.without, "Leave a claim out; may be repeated")
      ->allow_extra_args(false);
  mint->add_option("--size", line.mint.size, "Pad the token to exactly so many bytes")
      ->type_name("BYTES");
  auto* kid = mint->add_option("--kid", line.kid, "Header's kid instead of the key's");
  mint->add_flag("--no-kid", line.no_kid, "No kid in the header")->excludes(kid);
  auto* typ = mint->add_option("--typ", line.mint.typ, "Header's typ")->capture_default_str();
  mint->add_flag("--no-typ", line.no_typ, "No typ in the header")->excludes(typ);
  mint->add_option("--out", line.out, "Write it to this file (0600) instead of standard output")
      ->type_name("FILE");
  add_faults(*mint, line);
  mint->callback([&] { status = report(run_mint(line)); });
}

void add_key_commands(CLI::App& app, CommandLine& line, int& status) {
  CLI::App* rotate =
      add_command(app, line, "rotate", "Make new keys; the old ones leave the key set");
  rotate->add_flag("--keep-old", line.keep_old, "Go on serving the old ones");
  rotate->callback([&] { status = report(run_rotate(line)); });
  CLI::App* withdraw = add_command(app, line, "withdraw", "Take one key out of the key set");
  withdraw->add_option("KID", line.withdrawn)->required();
  withdraw->callback([&] { status = report(run_withdraw(line)); });
}

int run(int argc, char** argv) {
  CommandLine line;
  int status = EX_OK;
  CLI::App app("A small OpenID provider for demo and tests. Never for anything else.",
               "latchkey-devidp");
  app.set_version_flag("--version", "latchkey-devidp " LATCHKEY_VERSION);
  app.require_subcommand(1);
  add_serve(app, line, status);
  add_mint(app, line, status);
  add_key_commands(app, line, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  return status;
}

}  // namespace
}  // namespace latchkey::devidp

int main(int argc, char** argv) { return latchkey::devidp::run(argc, argv); }
