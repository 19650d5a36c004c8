// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/render.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/base/text.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using namespace ipc::control;
using std::chrono::duration_cast;

std::string paint(std::string_view text, std::string_view colour, Style style) {
  if (style == Style::plain) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", colour, text);
}

std::string good(std::string_view text, Style style) { return paint(text, "32", style); }
std::string bad(std::string_view text, Style style) { return paint(text, "1;31", style); }

std::string or_dash(std::string_view text) { return text.empty() ? "-" : clean(text); }

void line(std::string& out, std::string_view label, std::string_view value) {
  out += fmt::format("  {:<14} {}\n", label, value);
}

// Columns as wide as their widest cell; the last one is not padded.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    out += text + "\n";
  }
  return out;
}

std::string ago(const std::optional<WallTime>& moment, WallTime now) {
  if (!moment) return "never";
  return render_span(now - *moment) + " ago";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + clean(word);
  return out;
}

void issuer_keys(std::string& out, const IssuerStatus& issuer) {
  for (const KeyStatus& key : issuer.keys) {
    line(out, "key", fmt::format("{} ({})", or_dash(key.kid), join(key.algorithms)));
  }
  for (const DroppedKeyStatus& key : issuer.dropped) {
    line(out, "key dropped", fmt::format("{}: {}", or_dash(key.kid), clean(key.why)));
  }
}

void issuer_introspection(std::string& out, const IntrospectionStatus& asked, WallTime now,
                          Style style) {
  line(out, "introspection",
       fmt::format("{}: {} active, {} inactive, {} under way", clean(asked.mode), asked.active,
                   asked.inactive, asked.under_way));
  line(out, "last answer", ago(asked.answered_at, now));
  if (asked.failed + asked.invalid + asked.withheld > 0) {
    line(out, "unanswered",
         fmt::format("{} failed, {} were no answers, {} not asked because of a limit", asked.failed,
                     asked.invalid, asked.withheld));
  }
  if (asked.last_error) {
    line(out, "asking fails",
         bad(clean(*asked.last_error), style) + " (" + ago(asked.failed_at, now) + ")");
  }
}

std::string issuer_text(const IssuerStatus& issuer, WallTime now, Style style) {
  std::string out = fmt::format("\nissuer {}  {}\n", clean(issuer.name), clean(issuer.issuer));
  if (issuer.stale) {
    line(out, "keys",
         bad(issuer.keys.empty() ? "NONE: logins of this issuer are unavailable"
                                 : "STALE: logins of this issuer are unavailable",
             style));
  } else {
    line(out, "keys", good(fmt::format("{} usable", issuer.keys.size()), style));
  }
  line(out, "source", clean(issuer.source));
  line(out, "fetched", ago(issuer.fetched_at, now));
  if (issuer.next_fetch_at)
    line(out, "next fetch", "in " + render_span(*issuer.next_fetch_at - now));
  if (issuer.last_error) {
    line(out, "last error",
         bad(clean(*issuer.last_error), style) + " (" + ago(issuer.attempted_at, now) + ")");
  }
  if (issuer.introspection) issuer_introspection(out, *issuer.introspection, now, style);
  issuer_keys(out, issuer);
  return out;
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out = printable(text);
  for (auto at = out.find("\\\""); at != std::string::npos; at = out.find("\\\"", at + 1))
    out.erase(at, 1);
  return out;
}

std::string render_span(std::chrono::milliseconds span) {
  const auto seconds = std::max<std::int64_t>(0, duration_cast<std::chrono::seconds>(span).count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3'600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3'600 % 24);
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
  line(out, "conversations",
       fmt::format("{} open, {} workers", status.conversations, status.workers));
  line(out, "logins", fmt::format("{} open", status.logins));
  line(out, "bindings", fmt::format("{}", status.bindings));
  line(out, "revocations", fmt::format("{}", status.revocations));
  line(out, "remembered", fmt::format("{} tokens", status.remembered_tokens));
  const DecisionCounters& count = status.decisions;
  line(out, "decisions",
       fmt::format("{} allowed, {} refused, {} unavailable, {} user unknown, {} not managed",
                   count.allowed, count.refused, count.unavailable, count.user_unknown,
                   count.not_managed));
  for (const IssuerStatus& issuer : status.issuers) out += issuer_text(issuer, now, style);
  return out;
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
  if (!decision.rule.empty()) line(out, "rule", clean(decision.rule));
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
      {"ID", "KIND", "VALUE", "ISSUER", "BEFORE", "MADE", "COMMENT"}};
  for (const RevocationRecord& entry : revocations) {
    rows.push_back({fmt::format("{}", entry.id), clean(entry.kind), or_dash(entry.value),
                    or_dash(entry.issuer), entry.before ? ipc::format_time(*entry.before) : "-",
                    ipc::format_time(entry.created_at), or_dash(entry.comment)});
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
