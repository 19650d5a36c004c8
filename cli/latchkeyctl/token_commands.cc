// SPDX-License-Identifier: Apache-2.0
//
// token verify, token show and check.
#include "cli/latchkeyctl/token_commands.h"

#include <optional>

#include <unistd.h>

#include "cli/latchkeyctl/claims_file.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/shown_token.h"
#include "cli/latchkeyctl/supposed_token.h"
#include "cli/latchkeyctl/verdict.h"
#include "ipc/time_text.h"

namespace latchkey::cli {

int trouble(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kTrouble;
}

namespace {

constexpr char kBadMoment[] =
    "--now takes an RFC 3339 time such as 2026-03-01T09:30:00Z, or seconds as in 'exp'";

int show(const Session& session, const Verdict& verdict) {
  const Style style = ::isatty(STDOUT_FILENO) == 1 ? Style::colour : Style::plain;
  const int printed =
      print(session.json ? verdict_json(verdict) + "\n" : render_verdict(verdict, style));
  return printed == kOk ? exit_status(verdict) : kTrouble;
}

template <typename Texts>
void append(std::vector<std::string>& notes, Texts&& more) {
  notes.insert(notes.end(), more.begin(), more.end());
}

// A real token, by what the order gathers.
int verify_file(const Session& session, const std::string& file, const EvidenceOrder& order,
                const std::optional<SignIn>& sign_in, WallTime now) {
  const auto token = read_token(file);
  if (!token) return trouble(token.error());
  auto evidence = gather(session, order, now);
  if (!evidence) return kTrouble;
  Verdict verdict = verify_token(token->view(), evidence->snapshot, sign_in, now);
  verdict.keys = std::move(evidence->keys);
  append(verdict.notes, evidence->notes);
  return show(session, verdict);
}

}  // namespace

int verify_token_command(const Session& session, const VerifyOptions& options) {
  if (options.token == kStandardInput && options.evidence.jwks == kStandardInput)
    return trouble("token and keys cannot both come from standard input");
  if (options.user.empty() && !(options.service.empty() && options.rhost.empty()))
    return trouble("--service and --rhost say where somebody signs in: --user NAME says who");
  const auto now = parse_moment(options.now);
  if (!now) return trouble(kBadMoment);
  std::optional<SignIn> sign_in;
  if (!options.user.empty())
    sign_in = SignIn{options.user, options.service.empty() ? "sshd" : options.service,
                     options.rhost, ipc::utc_offset(*now)};

  EvidenceOrder order = options.evidence;
  order.sign_in = sign_in.has_value();
  if (!options.now.empty()) order.other_now = *now;
  return verify_file(session, options.token, order, sign_in, *now);
}

int check_command(const Session& session, const CheckOptions& options) {
  const auto now = parse_moment(options.now);
  if (!now) return trouble(kBadMoment);
  EvidenceOrder order = options.evidence;
  order.without_daemon = "--claims FILE with --config FILE needs no daemon where there is none";
  order.sign_in = true;
  if (!options.now.empty()) order.other_now = *now;
  const SignIn sign_in{options.user, options.service, options.rhost, ipc::utc_offset(*now)};
  if (options.claims.empty()) return verify_file(session, options.token, order, sign_in, *now);
  auto claims = read_claims(options.claims, "--claims");
  if (!claims) return trouble(claims.error());
  order.keys = false;
  const auto evidence = gather(session, order, *now);
  if (!evidence) return kTrouble;
  const auto supposed = suppose(*std::move(claims), evidence->snapshot, *now);
  if (!supposed) return trouble(supposed.error());
  Verdict verdict = verify_token(supposed->token.view(), supposed->snapshot, sign_in, *now);
  verdict.decision.key_id.clear();
  verdict.notes.emplace_back(
      "no provider signed these claims: a key was made for this check, and what is said of header, "
      "keys and signature holds for no real token");
  append(verdict.notes, supposed->notes);
  append(verdict.notes, evidence->notes);
  return show(session, verdict);
}

int show_token_command(const Session& session, const std::string& file) {
  const auto token = read_token(file);
  if (!token) return trouble(token.error());
  const auto text =
      session.json ? show_token_json(token->view()) : show_token_text(token->view(), wall_now());
  if (!text) return trouble(text.error());
  return print(*text) == kOk ? kOk : kTrouble;
}

}  // namespace latchkey::cli
