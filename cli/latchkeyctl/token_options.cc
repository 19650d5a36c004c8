// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/token_options.h"

#include <CLI/CLI.hpp>

namespace latchkey::cli {
namespace {

constexpr char kVerifyFooter[] =
    "Without --jwks the running daemon is asked for its keys and its configuration, except where "
    "all issuers of a --config have symmetric keys, which are read from their files; the token "
    "itself never leaves this command. Exit status: 0 accepted; 1 refused; 2 wrong usage, or no "
    "verdict could be reached.";
constexpr char kCheckFooter[] =
    "It is the daemon's own engine that answers, with the daemon's configuration, keys, bindings "
    "and "
    "revocations; nothing is written, and the daemon is not told. With --claims and --config no "
    "daemon is needed. Exit status: 0 it would be let in; 1 it would be refused; 2 wrong usage, or "
    "no answer could be reached.";
constexpr char kTokenFooter[] =
    "Tokens come from a file or standard input, never from the command line, where everybody on "
    "the host can read them.";
constexpr char kKeyFormats[] =
    "PEM (PKCS #8, \"RSA PRIVATE KEY\", \"EC PRIVATE KEY\", \"PUBLIC KEY\") or JWK; - is standard "
    "input";

void add_verify(CLI::App& token, const Session& session, VerifyOptions& verify, int& status) {
  CLI::App* app = token.add_subcommand(
      "verify", "Verify a token as the daemon would, and print each check with its outcome");
  app->add_option("FILE", verify.token, "Holds the token; - is standard input")
      ->capture_default_str();
  app->add_option("--jwks", verify.evidence.jwks,
                  "Verify by the JWK set in this file, without asking the daemon")
      ->type_name("FILE");
  app->add_option("--config", verify.evidence.config,
                  "The configuration; default: the daemon's, and with --jwks "
                  "/etc/latchkey/latchkey.yaml")
      ->type_name("FILE");
  app->add_option("--issuer", verify.evidence.issuer,
                  "Only this issuer of the configuration (its short name); with --jwks: whose keys "
                  "they are")
      ->type_name("NAME");
  app->add_option("--user", verify.user,
                  "Also judge a sign-in of this local user: revocation, mapping, account, binding, "
                  "access rules")
      ->type_name("NAME");
  app->add_option("--service", verify.service, "The PAM service of the sign-in; default: sshd")
      ->type_name("NAME");
  app->add_option("--rhost", verify.rhost,
                  "The address that the sign-in comes from, for access rules that ask for networks")
      ->type_name("ADDRESS");
  app->add_option("--now", verify.now,
                  "Ask about another moment: RFC 3339, or seconds since 1970 as in 'exp'; the age "
                  "of the keys does not count then")
      ->type_name("T");
  app->add_option("--root", verify.evidence.root,
                  "With --user: read etc/passwd and etc/group below this folder")
      ->type_name("DIR");
  app->footer(kVerifyFooter);
  app->callback([&] { status = verify_token_command(session, verify); });
}

void add_show(CLI::App& token, const Session& session, std::string& file, int& status) {
  CLI::App* app = token.add_subcommand(
      "show", "Print a token's header and claims, NOT VERIFIED, and never its signature");
  app->add_option("FILE", file, "Holds the token; - is standard input")->capture_default_str();
  app->callback([&] { status = show_token_command(session, file); });
}

void add_claims(CLI::App& app, SignOptions& sign) {
  auto* payload = app.add_option("--payload", sign.payload,
                                 "Sign the bytes of this file as they are; no claims, no typ");
  payload->type_name("FILE");
  app.add_option("--claims", sign.claims, "A JSON object with claims; - is standard input")
      ->type_name("FILE")
      ->excludes(payload);
  app.get_option("--typ")->excludes(payload);
  app.add_option("--iss", sign.issuer, "Issuer")->type_name("URL")->excludes(payload);
  app.add_option("--sub", sign.subject, "Subject")->type_name("TEXT")->excludes(payload);
  app.add_option("--aud", sign.audiences, "Audience; may be given several times")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->excludes(payload);
  app.add_option("--claim", sign.more,
                 "Any other claim, such as 'groups=[\"sre\"]'; may be given several times")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false)
      ->excludes(payload);
  app.add_option("--lifetime", sign.lifetime,
                 "Adds iat, exp and a random jti where the claims have none; 0 adds nothing")
      ->type_name("TIME")
      ->capture_default_str()
      ->excludes(payload);
  app.add_option("--now", sign.now, "The moment of iat: RFC 3339, or seconds since 1970")
      ->type_name("T")
      ->excludes(payload);
}

void add_sign(CLI::App& token, const Session& session, SignOptions& sign, int& status) {
  CLI::App* app = token.add_subcommand(
      "sign", "Sign a token with a key of your own: for service tokens and tests");
  app->add_option(
         "--key", sign.key,
         "The private key: PEM (PKCS #8, \"RSA PRIVATE KEY\", \"EC PRIVATE KEY\") or JWK; - is "
         "standard input")
      ->type_name("FILE")
      ->required();
  app->add_option("--alg", sign.algorithm,
                  "RS256 to RS512, PS256 to PS512, ES256, ES384, ES512, EdDSA, HS256 to HS512; "
                  "default: the key's own, else the first that it can")
      ->type_name("ALG");
  auto* kid = app->add_option("--kid", sign.kid,
                              "Key id for the header; default: the key's own, else its thumbprint");
  kid->type_name("TEXT");
  app->add_flag("--no-kid", sign.no_kid, "Leave the key id out")->excludes(kid);
  app->add_option("--typ", sign.typ, "Type for the header; empty leaves it out")
      ->type_name("TEXT")
      ->capture_default_str();
  add_claims(*app, sign);
  app->add_option("--out", sign.out, "Write the token here (mode 0600) instead of to the output")
      ->type_name("FILE");
  app->add_flag("--force", sign.force, "Replace what is there");
  app->callback([&] { status = sign_token_command(session, sign); });
}

void add_generate(CLI::App& jwk, GenerateOptions& generate, int& status) {
  CLI::App* app = jwk.add_subcommand(
      "generate", "Make a private key; its public half is printed, except with --out -");
  app->add_option("--type", generate.type, "RSA, EC, OKP (Ed25519) or oct (a symmetric key)")
      ->check(CLI::IsMember({"RSA", "EC", "OKP", "oct"}))
      ->capture_default_str();
  app->add_option("--curve", generate.curve, "Of EC: P-256 (the default), P-384 or P-521")
      ->check(CLI::IsMember({"P-256", "P-384", "P-521", "Ed25519"}));
  app->add_option("--bits", generate.bits,
                  "RSA: 2048 to 8192, default 3072; oct: 256 to 8192, default 512")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app->add_option("--alg", generate.algorithm,
                  "The one algorithm of the key; default: the first of its type (RS256, HS256)")
      ->type_name("ALG");
  app->add_option("--kid", generate.kid, "Key id; default: the thumbprint, of oct a random one")
      ->type_name("TEXT");
  app->add_option("--out", generate.out,
                  "Write the private key here, mode 0600; - is standard output")
      ->type_name("FILE")
      ->required();
  app->add_flag("--force", generate.force, "Replace what is there");
  app->callback([&] { status = generate_jwk(generate); });
}

}  // namespace

void add_token(CLI::App& app, const Session& session, TokenOptions& options, int& status) {
  CLI::App* token = app.add_subcommand("token", "Verify, show or sign a token");
  token->require_subcommand(1);
  token->footer(kTokenFooter);
  add_verify(*token, session, options.verify, status);
  add_show(*token, session, options.shown, status);
  add_sign(*token, session, options.sign, status);
}

void add_check(CLI::App& app, const Session& session, TokenOptions& options, int& status) {
  CheckOptions& check = options.check;
  CLI::App* command = app.add_subcommand(
      "check",
      "Say whether somebody could sign in, and why, without a sign-in: each check with its "
      "outcome, the rule that decides, what would have to be different");
  command->add_option("--user", check.user, "The local user who signs in")
      ->type_name("NAME")
      ->required();
  command->add_option("--service", check.service, "The PAM service: sshd, sudo, login ...")
      ->type_name("NAME")
      ->capture_default_str();
  CLI::Option_group* by = command->add_option_group("by", "What is shown");
  by->add_option("--token-file", check.token, "Holds the token; - is standard input")
      ->type_name("FILE");
  by->add_option("--claims", check.claims,
                 "Holds the claims of a token that nobody has yet, as a JSON object; 'iss', 'aud', "
                 "'iat' and 'exp' may be left out; - is standard input")
      ->type_name("FILE");
  by->require_option(1);
  command->add_option("--rhost", check.rhost, "The address that the sign-in comes from")
      ->type_name("ADDRESS");
  command
      ->add_option("--now", check.now,
                   "Ask about another moment: RFC 3339, or seconds since 1970 as in 'exp'")
      ->type_name("T");
  command
      ->add_option("--issuer", check.evidence.issuer,
                   "Only this issuer of the configuration (its short name)")
      ->type_name("NAME");
  command
      ->add_option("--config", check.evidence.config,
                   "The configuration, such as one that is to come; default: the daemon's")
      ->type_name("FILE");
  command
      ->add_option("--root", check.evidence.root, "Read etc/passwd and etc/group below this folder")
      ->type_name("DIR");
  command->footer(kCheckFooter);
  command->callback([&] { status = check_command(session, check); });
}

void add_jwk(CLI::App& app, const Session& session, TokenOptions& options, int& status) {
  CLI::App* jwk = app.add_subcommand("jwk", "Make keys, and turn keys into JWKs");
  jwk->require_subcommand(1);
  add_generate(*jwk, options.generate, status);
  CLI::App* publish = jwk->add_subcommand("public", "Print the public half of a key as a JWK");
  publish->add_option("FILE", options.publish.key, kKeyFormats)->capture_default_str();
  publish
      ->add_option("--kid", options.publish.kid,
                   "Key id; default: the key's own, else its thumbprint")
      ->type_name("TEXT");
  publish->add_option("--alg", options.publish.algorithm, "The one algorithm of the key")
      ->type_name("ALG");
  publish->add_flag("--set", options.publish.set, "Print a JWK set with this one key");
  publish->callback([&] { status = public_jwk(options.publish); });
  CLI::App* thumbprint =
      jwk->add_subcommand("thumbprint", "Print a key's RFC 7638 thumbprint (SHA-256, base64url)");
  thumbprint->add_option("FILE", options.fingered, kKeyFormats)->capture_default_str();
  thumbprint->callback([&] { status = jwk_thumbprint(session, options.fingered); });
}

bool is_token_command(const CLI::App& app) {
  return app.got_subcommand("token") || app.got_subcommand("check") || app.got_subcommand("jwk");
}

}  // namespace latchkey::cli
