// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/render.h"

#include <vector>

#include <fmt/format.h>

#include "cli/latchkeyctl/layout.h"
#include "core/base/text.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
using ipc::control::BindingRecord;
using ipc::control::CheckRecord;
using ipc::control::ConfigErrorRecord;
using ipc::control::DecisionCounters;
using ipc::control::DecisionRecord;
using ipc::control::DecisionSummary;
using ipc::control::NamesStatus;
using ipc::control::RevocationRecord;
using ipc::control::SessionRecord;
using ipc::control::StatusAnswer;

// Nothing of a host that has no such accounts.
std::string render_names_trouble(const NamesStatus& names) {
  if (!names.makes && names.accounts == 0 && !names.error) return {};
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (names.error) add(clean(*names.error));
  if (names.makes && names.unknown_source)
    add("none is made: nsswitch.conf names " + quoted(*names.unknown_source) +
        ", which latchkeyd cannot ask whose a name is");
  if (!names.lacking.empty())
    add("nobody sees them: nsswitch.conf lacks 'systemd' under " + clean(joined(names.lacking)));
  for (const std::string& group : names.refused_groups) add(clean(group));
  return out;
}

std::string render_status(const StatusAnswer& status, WallTime now, Style style) {
  std::string out = fmt::format("latchkeyd {}  pid {}\n", clean(status.version), status.pid);
  line(out, "running for", render_span(now - status.started_at));
  line(out, "configuration",
       fmt::format("{}, loaded {}", clean(status.config_digest).substr(0, 12),
                   ago(status.config_loaded_at, now)));
  if (status.config_error)
    line(out, "LAST RELOAD", bad("failed: " + clean(*status.config_error), style));
  line(out, "fetchd",
       status.fetch_error ? bad(clean(*status.fetch_error), style) : good("reachable", style));
  line(out, "state",
       status.state_error ? bad(clean(*status.state_error), style) : good("ok", style));
  if (status.sessions_error) line(out, "SESSIONS", bad(clean(*status.sessions_error), style));
  line(out, "conversations",
       fmt::format("{} open, {} workers", status.conversations, status.workers));
  line(out, "logins", fmt::format("{} open", status.logins));
  line(out, "bindings", fmt::format("{}", status.bindings));
  line(out, "revocations", fmt::format("{}", status.revocations));
  if (status.names.makes || status.names.accounts > 0)
    line(out, "accounts",
         fmt::format("{}, {} of them closed", status.names.accounts, status.names.closed));
  line(out, "remembered", fmt::format("{} tokens", status.remembered_tokens));
  const DecisionCounters& count = status.decisions;
  line(out, "decisions",
       fmt::format("{} allowed, {} refused, {} unavailable, {} user unknown, {} not managed",
                   count.allowed, count.refused, count.unavailable, count.user_unknown,
                   count.not_managed));
  if (const auto trouble = render_key_trouble(status.issuers, now); !trouble.empty())
    line(out, "KEYS", bad(trouble, style));
  if (const auto trouble = render_introspection_trouble(status.issuers); !trouble.empty())
    line(out, "ASKING FAILS", bad(trouble, style));
  if (const auto trouble = render_source_trouble(status.revocation_sources); !trouble.empty())
    line(out, "REVOCATIONS", bad(trouble, style));
  if (const auto trouble = render_names_trouble(status.names); !trouble.empty())
    line(out, "ACCOUNTS", bad(trouble, style));
  return out + render_issuer_details(status.issuers, now, style) +
         render_source_details(status.revocation_sources, now, style);
}

std::string render_decision(const DecisionRecord& decision, Style style) {
  const bool allowed = decision.kind == "allowed";
  std::string out =
      fmt::format("request {}  {}  {}\n", clean(decision.id), ipc::format_time(decision.time),
                  allowed ? good("ALLOWED", style) : bad(clean(decision.reason), style));
  line(out, "what",
       fmt::format("{} for {} ({})", clean(decision.operation), or_dash(decision.user),
                   or_dash(decision.service)));
  line(out, "from",
       fmt::format("rhost {}, ruser {}, tty {}, pid {}", or_dash(decision.rhost),
                   or_dash(decision.ruser), or_dash(decision.tty), decision.pid));
  line(out, "class", clean(decision.kind));
  line(out, "meaning", clean(decision.administrator));
  if (!decision.detail.empty()) line(out, "detail", clean(decision.detail));
  if (!decision.rule.empty()) {
    const std::string place = decision.rule_place ? " (" + clean(*decision.rule_place) + ')' : "";
    line(out, "rule", clean(decision.rule) + place);
  }
  if (!decision.issuer.empty()) line(out, "issuer", clean(decision.issuer));
  if (!decision.subject.empty()) line(out, "subject", clean(decision.subject));
  if (!decision.key_id.empty()) line(out, "key", clean(decision.key_id));
  if (decision.clause != "-" && !decision.clause.empty()) line(out, "see", clean(decision.clause));
  return out + "checks\n" + render_checks(decision.checks, style);
}

std::string render_checks(std::span<const CheckRecord> checks, Style style) {
  std::string out;
  for (const CheckRecord& check : checks) {
    const std::string mark = check.outcome == "passed"   ? good("passed     ", style)
                             : check.outcome == "failed" ? bad("FAILED     ", style)
                                                         : "not reached";
    out += fmt::format("  {}  {:<11} {}\n", mark, clean(check.check), clean(check.description));
  }
  return out;
}

std::string emphasis(std::string_view text, bool is_good, Style style) {
  return is_good ? good(text, style) : bad(text, style);
}

std::string detail_line(std::string_view label, std::string_view foreign) {
  std::string out;
  line(out, label, clean(foreign));
  return out;
}

std::string joined(const std::vector<std::string>& foreign) {
  std::string out;
  for (const std::string& word : foreign) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string render_decisions(std::span<const DecisionSummary> decisions) {
  if (decisions.empty()) return "no decisions\n";
  std::vector<std::vector<std::string>> rows{
      {"REQUEST", "TIME", "CALL", "SERVICE", "USER", "FROM", "REASON"}};
  for (const DecisionSummary& decision : decisions) {
    rows.push_back({clean(decision.id), ipc::format_time(decision.time), clean(decision.operation),
                    or_dash(decision.service), or_dash(decision.user),
                    or_dash(decision.rhost.empty() ? decision.ruser : decision.rhost),
                    clean(decision.reason)});
  }
  return table(rows);
}

std::string render_revocations(std::span<const RevocationRecord> revocations) {
  if (revocations.empty()) return "no revocations\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "KIND", "VALUE", "ISSUER", "BEFORE", "MADE", "END", "COMMENT"}};
  for (const RevocationRecord& entry : revocations) {
    rows.push_back({fmt::format("{}", entry.id), clean(entry.kind), or_dash(entry.value),
                    or_dash(entry.issuer), entry.before ? ipc::format_time(*entry.before) : "-",
                    ipc::format_time(entry.created_at),
                    entry.end ? ipc::format_time(*entry.end) : "-", or_dash(entry.comment)});
  }
  return table(rows);
}

std::string render_sessions(std::span<const SessionRecord> sessions, WallTime now) {
  if (sessions.empty()) return "no sessions\n";
  std::vector<std::vector<std::string>> rows{
      {"LOGIN", "STATE", "USER", "SERVICE", "OPENED", "TOKEN ENDS", "FROM", "PID", "SUBJECT"}};
  for (const SessionRecord& entry : sessions) {
    rows.push_back({clean(entry.id), clean(entry.state), or_dash(entry.user),
                    or_dash(entry.service), ago(entry.opened_at, now),
                    ipc::format_time(entry.expires_at), or_dash(entry.rhost),
                    fmt::format("{}", entry.pid), or_dash(entry.subject)});
  }
  return table(rows);
}

std::string render_bindings(std::span<const BindingRecord> bindings) {
  if (bindings.empty()) return "no bindings\n";
  std::vector<std::vector<std::string>> rows{{"USER", "SUBJECT", "ISSUER"}};
  for (const BindingRecord& entry : bindings) {
    rows.push_back({clean(entry.user), clean(entry.subject), clean(entry.issuer)});
  }
  return table(rows);
}

std::string render_config_errors(std::span<const ConfigErrorRecord> errors) {
  std::string out;
  for (const ConfigErrorRecord& error : errors) {
    out += clean(error.file);
    if (error.line > 0) out += fmt::format(":{}:{}", error.line, error.column);
    out += fmt::format(": {}\n", clean(error.message));
  }
  return out;
}

}  // namespace latchkey::cli
