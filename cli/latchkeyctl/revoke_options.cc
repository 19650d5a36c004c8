// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/revoke_options.h"

#include <vector>

#include <CLI/CLI.hpp>

#include "cli/latchkeyctl/commands.h"
#include "core/revocation/list_manifest.h"

namespace latchkey::cli {
namespace {

// The key first.
std::vector<CLI::Option*> add_writer(CLI::App& app, StreamWriterOptions& writer) {
  std::vector<CLI::Option*> all;
  all.push_back(app.add_option("--key", writer.key,
                               "The writer's private key, of this stream alone: PEM or JWK. Its "
                               "notes are kept beside it")
                    ->type_name("FILE"));
  all.push_back(app.add_option("--stream", writer.stream,
                               "The short name of the stream; default: the only one that is "
                               "configured")
                    ->type_name("NAME"));
  all.push_back(app.add_option("--config", writer.config, "The configuration that names the stream")
                    ->type_name("FILE")
                    ->default_str(kHostConfig));
  all.push_back(app.add_option("--redis-user", writer.user,
                               "The writer's user of Redis; default: as configured")
                    ->type_name("NAME"));
  all.push_back(app.add_option("--password-file", writer.password_file,
                               "The file with that user's password; default: as configured")
                    ->type_name("FILE"));
  return all;
}

void add_names(CLI::App& revoke, Revocation& typed) {
  const auto add = [&](const char* name, std::string& value, const char* type, const char* what) {
    return revoke.add_option(name, value, what)->type_name(type);
  };
  const std::vector<CLI::Option*> names = {
      add("--jti", typed.token_id, "J", "Token id: the issuer's token id claim (jti)"),
      add("--token-hash", typed.token_hash, "H",
          "A token by its SHA-256 in hexadecimal: one that has no id"),
      add("--token-file", typed.token_file, "FILE",
          "The same, of the token in that file; - is standard input"),
      add("--sid", typed.session, "S", "Provider session (sid): all its tokens"),
      add("--subject", typed.subject, "S", "Subject (sub): all its tokens issued before T"),
      add("--kid", typed.kid, "K", "Signing key, by its kid in the issuer's key set of now"),
      add("--thumbprint", typed.thumbprint, "T",
          "Signing key, by its RFC 7638 SHA-256 thumbprint: all that it signed"),
      add("--user", typed.user, "NAME", "Local user name, whatever it shows (token or key)")};
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) names[i]->excludes(names[j]);
  add("--issuer", typed.issuer, "I",
      "The issuer (iss, or its short name), with --jti, --sid, --subject and --kid");
  add("--before", typed.before, "T",
      "With --subject: RFC 3339 time; default: now by the issuer's clock, that is, now and the "
      "leeway which the configuration grants it");
  add("--end,--until", typed.end, "T",
      "RFC 3339 time from which it is forgotten. Without it a token and a subject are forgotten "
      "when neither a token of theirs nor its claims (max_claims_age) can let anybody in any more, "
      "where the issuer has a max_token_age; a later end is brought forward to that");
  add("--reason,--comment", typed.comment, "TEXT", "Free text for the list and the journal");
}

void add_revoke(CLI::App& app, const Session& session, RevokeOptions& options, int& status) {
  CLI::App* revoke = app.add_subcommand("revoke",
                                        "Refuse a token, a session, a subject, a signing key or a "
                                        "local user from now on; returns when every worker of the "
                                        "daemon heeds it");
  add_names(*revoke, options.revocation);
  auto* fleet = revoke->add_flag("--fleet", options.fleet,
                                 "On every host that reads a revocation stream, without asking "
                                 "this host's daemon (but about a --kid); returns when Redis has "
                                 "it");
  for (CLI::Option* each : add_writer(*revoke, options.writer)) each->needs(fleet);
  revoke->callback([&] {
    status = options.fleet ? revoke_fleet(session, options.revocation, options.writer)
                           : revoke_one(session, options.revocation);
  });
}

void add_local(CLI::App& app, const Session& session, RevokeOptions& options, int& status) {
  CLI::App* revocations = app.add_subcommand(
      "revocations", "What was revoked on this host: list, remove, many at once");
  revocations->require_subcommand(1);
  revocations->footer(
      "Text is one JSON object a line: {\"kind\":\"token\",\"issuer\":\"https://id.example.com\","
      "\"value\":\"5a0f\",\"end\":\"2026-01-01T00:00:00Z\",\"reason\":\"stolen\"}; kind is token, "
      "token_hash, session, subject (with \"before\"), key or user.");
  const auto add_kind = [&](CLI::App* command) {
    command->add_option("--kind", options.kind, "Only this kind")
        ->check(CLI::IsMember({"token", "token_hash", "session", "subject", "key", "user"}));
  };
  CLI::App* list = revocations->add_subcommand("list", "Print them by rising id");
  add_kind(list);
  list->callback([&] { status = list_revocations(session, options.kind); });
  CLI::App* out = revocations->add_subcommand("export", "Print them as text, for 'import'");
  add_kind(out);
  out->callback([&] { status = export_revocations(session, options.kind); });
  CLI::App* in = revocations->add_subcommand(
      "import",
      "Revoke what each line of text says; returns when all of it is in force. At a line that is "
      "refused it ends, and says how many before it are in force; all of it may be given again");
  in->add_option("FILE", options.file, "The text; - is standard input")->capture_default_str();
  in->callback([&] { status = import_revocations(session, options.file); });
  CLI::App* remove =
      revocations->add_subcommand("remove", "Take one back; returns when every worker heeds it");
  remove->add_option("ID", options.number, "As `revocations list` shows it")->required();
  remove->callback([&] { status = remove_revocation(session, options.number); });
}

void add_snapshot(CLI::App& app, const Session& session, SnapshotOptions& options, int& status) {
  CLI::App* snapshot = app.add_subcommand(
      "snapshot", "What a revocation stream has said so far, as a list that stands for it");
  snapshot->require_subcommand(1);
  snapshot->footer(
      "Exit status: 0 done; 1 it could not be done, or something of the stream is missing; 64 "
      "wrong usage; 69 Redis could not be reached.");
  CLI::App* make = snapshot->add_subcommand(
      "make",
      "Read the whole stream and sign the next snapshot in DIR, which a web server serves as a "
      "list's; again before --max-age is over");
  make->add_option("DIR", options.folder, "The folder of the snapshot")->required();
  add_writer(*make, options.writer).front()->required();
  make->add_option("--max-age", options.max_age,
                   "For how long hosts take it for the state of things where they hear no beat; "
                   "60s to 30d")
      ->type_name("TIME")
      ->capture_default_str();
  make->add_option("--round-end", options.round_end,
                   "Round ends up to multiples of this: entries of one end share a chunk")
      ->type_name("TIME")
      ->capture_default_str();
  make->add_option("--take-back", options.take_back,
                   "Leave out what this text names, one JSON object a line as of 'revocations "
                   "import': what was revoked by mistake")
      ->type_name("FILE");
  make->add_flag("--anew", options.anew,
                 "Where DIR is lost or older than the last snapshot that this key signed: make the "
                 "next version of what the stream holds, not of DIR. Refused where something of "
                 "the stream is missing, as it is after a trim");
  make->add_option("--version", options.version,
                   "Make this version, above that of all hosts: where DIR and the key's notes are "
                   "lost, or somebody else signed greater ones. Refused like --anew")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, revocation::list_limits::kVersion));
  make->add_option("--former-keys", options.former_keys,
                   "A JWK set. The snapshot in DIR may be signed by one of them: a key of the "
                   "stream that was taken away")
      ->type_name("FILE");
  make->callback([&] { status = snapshot_make(session, options); });
  CLI::App* trim = snapshot->add_subcommand("trim",
                                            "Remove from Redis what the snapshot in DIR covers; "
                                            "after that snapshot is on the web server");
  trim->add_option("DIR", options.folder, "The folder of the snapshot")->required();
  add_writer(*trim, options.writer).front()->required();
  trim->add_option("--keep", options.keep, "But for what is younger than this")
      ->type_name("TIME")
      ->capture_default_str();
  trim->callback([&] { status = snapshot_trim(session, options); });
}

}  // namespace

void add_revocations(CLI::App& app, const Session& session, RevokeOptions& options, int& status) {
  add_revoke(app, session, options, status);
  CLI::App* beat = app.add_subcommand(
      "beat",
      "Tell the hosts that read a revocation stream that it is whole: for a timer, four times in "
      "--max-age. A host that hears none for that long calls the stream stale");
  add_writer(*beat, options.beat.writer).front()->required();
  beat->add_option("--max-age", options.beat.max_age,
                   "For how long hosts take it for the state of things; 60s to 30d")
      ->type_name("TIME")
      ->capture_default_str();
  beat->add_flag("--over-gap", options.beat.over_gap,
                 "Also where the stream shows that something is missing in it, and have hosts and "
                 "snapshots wait for that no longer: once, where it is known to be lost and was "
                 "revoked again");
  beat->add_option("--snapshot", options.beat.snapshot,
                   "The folder of the stream's snapshot, where this writer's machine has it: what "
                   "it covers may be gone from the stream")
      ->type_name("DIR");
  beat->callback([&] { status = stream_beat(session, options.beat); });
  add_snapshot(app, session, options.snapshot, status);
  add_local(app, session, options, status);
}

}  // namespace latchkey::cli
