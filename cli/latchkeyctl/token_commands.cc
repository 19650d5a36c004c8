// SPDX-License-Identifier: Apache-2.0
//
// token verify and token show.
#include "cli/latchkeyctl/token_commands.h"

#include <optional>

#include <unistd.h>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/shown_token.h"
#include "cli/latchkeyctl/verdict.h"

namespace latchkey::cli {

int trouble(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kTrouble;
}

int verify_token_command(const Session& session, const VerifyOptions& options) {
  if (options.token == kStandardInput && options.evidence.jwks == kStandardInput)
    return trouble("token and keys cannot both come from standard input");
  if (options.user.empty() && !options.service.empty())
    return trouble("--service says where somebody signs in: --user NAME says who");
  const auto now = parse_moment(options.now);
  if (!now)
    return trouble(
        "--now takes an RFC 3339 time such as 2026-03-01T09:30:00Z, or seconds as in 'exp'");
  std::optional<SignIn> sign_in;
  if (!options.user.empty())
    sign_in = SignIn{options.user, options.service.empty() ? "sshd" : options.service};

  const auto token = read_token(options.token);
  if (!token) return trouble(token.error());
  EvidenceOrder order = options.evidence;
  order.sign_in = sign_in.has_value();
  if (!options.now.empty()) order.other_now = *now;
  auto evidence = gather(session, order, *now);
  if (!evidence) return kTrouble;

  Verdict verdict = verify_token(token->view(), evidence->snapshot, sign_in, *now);
  verdict.keys = std::move(evidence->keys);
  verdict.notes.insert(verdict.notes.end(), evidence->notes.begin(), evidence->notes.end());
  const Style style = ::isatty(STDOUT_FILENO) == 1 ? Style::colour : Style::plain;
  const int printed =
      print(session.json ? verdict_json(verdict) + "\n" : render_verdict(verdict, style));
  return printed == kOk ? exit_status(verdict) : kTrouble;
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
