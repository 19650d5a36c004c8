// SPDX-License-Identifier: Apache-2.0
//
// Issuers and their keys as text: a table to see at a glance who is in trouble, and then all that
// is known of each.
#include <vector>

#include <fmt/format.h>

#include "cli/latchkeyctl/layout.h"

namespace latchkey::cli {

using ipc::control::DroppedKeyStatus;
using ipc::control::IntrospectionStatus;
using ipc::control::IssuerStatus;
using ipc::control::KeyStatus;
using ipc::control::RefreshedIssuer;

namespace {

// Old keys that still serve while their provider cannot be reached.
bool old(const IssuerStatus& issuer) { return issuer.freshness == "stale"; }

// Its opaque tokens need none of its keys.
bool opaque_only(const IssuerStatus& issuer) {
  return issuer.introspection && issuer.introspection->mode == "opaque_only";
}

std::string left(const std::optional<WallTime>& until, WallTime now) {
  return until ? render_span(*until - now) : std::string("-");
}

std::string state_word(const IssuerStatus& issuer, Style style) {
  if (issuer.stale) return bad(issuer.keys.empty() ? "NO KEYS" : "TOO OLD", style);
  if (old(issuer)) return bad("STALE", style);
  return good("ok", style);
}

bool fails(const std::optional<IntrospectionStatus>& asked) {
  return asked && asked->state == "fails";
}

// What a failure means for logins.
std::string_view without_answers(const IntrospectionStatus& asked) {
  if (asked.mode != "required") return "its opaque tokens are refused";
  return asked.down == "signature"
             ? "while nobody is there, signatures decide alone; else its tokens are refused"
             : "its tokens are refused";
}

std::string introspection_word(const std::optional<IntrospectionStatus>& asked) {
  if (!asked) return "-";
  return clean(asked->mode) + (fails(asked) ? " FAILS" : "");
}

std::string keys_text(const IssuerStatus& issuer, WallTime now, Style style) {
  if (issuer.stale) {
    return bad(fmt::format("{}: {}", issuer.keys.empty() ? "NONE" : "TOO OLD",
                           opaque_only(issuer) ? "signed tokens of this issuer are refused"
                                               : "logins of this issuer are unavailable"),
               style);
  }
  if (old(issuer)) {
    return bad(fmt::format("STALE: {} usable, for {} more; then logins are unavailable",
                           issuer.keys.size(), left(issuer.serves_until, now)),
               style);
  }
  return good(fmt::format("{} usable", issuer.keys.size()), style);
}

void key_lines(std::string& out, const IssuerStatus& issuer) {
  for (const KeyStatus& key : issuer.keys) {
    line(out, "key",
         fmt::format("{}  {} ({})", or_dash(key.kid), or_dash(key.type), join(key.algorithms)));
  }
  for (const DroppedKeyStatus& key : issuer.dropped) {
    line(out, "key dropped", fmt::format("{}: {}", or_dash(key.kid), clean(key.why)));
  }
}

void introspection_lines(std::string& out, const IntrospectionStatus& asked, WallTime now,
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

std::string detail(const IssuerStatus& issuer, WallTime now, Style style) {
  std::string out = fmt::format("\nissuer {}  {}\n", clean(issuer.name), clean(issuer.issuer));
  line(out, "keys", keys_text(issuer, now, style));
  if (!issuer.provider.empty()) line(out, "provider", clean(issuer.provider));
  line(out, "source",
       clean(issuer.source) + (issuer.place.empty() ? "" : "  " + clean(issuer.place)));
  line(out, "fetched", ago(issuer.fetched_at, now));
  if (issuer.next_fetch_at) line(out, "next fetch", "in " + left(issuer.next_fetch_at, now));
  if (issuer.last_error) {
    line(out, "last error",
         bad(clean(*issuer.last_error), style) + " (" + ago(issuer.attempted_at, now) + ")");
  }
  if (issuer.introspection) introspection_lines(out, *issuer.introspection, now, style);
  key_lines(out, issuer);
  return out;
}

}  // namespace

std::string render_issuer_details(std::span<const IssuerStatus> issuers, WallTime now,
                                  Style style) {
  std::string out;
  for (const IssuerStatus& issuer : issuers) out += detail(issuer, now, style);
  return out;
}

// The colour stands in the last column, where nothing is padded.
std::string render_issuers(std::span<const IssuerStatus> issuers, WallTime now, Style style) {
  std::vector<std::vector<std::string>> rows{{"ISSUER", "PROVIDER", "SOURCE", "KEYS", "DROPPED",
                                              "AGE", "NEXT FETCH", "INTROSPECTION", "STATE"}};
  for (const IssuerStatus& issuer : issuers) {
    rows.push_back({clean(issuer.name), or_dash(issuer.provider), clean(issuer.source),
                    fmt::format("{}", issuer.keys.size()), fmt::format("{}", issuer.dropped.size()),
                    issuer.fetched_at ? render_span(now - *issuer.fetched_at) : "-",
                    left(issuer.next_fetch_at, now), introspection_word(issuer.introspection),
                    state_word(issuer, style)});
  }
  return table(rows) + render_issuer_details(issuers, now, style);
}

std::string render_key_trouble(std::span<const IssuerStatus> issuers, WallTime now) {
  std::string out;
  for (const IssuerStatus& issuer : issuers) {
    if (!issuer.stale && !old(issuer)) continue;
    const std::string what = old(issuer)
                                 ? "STALE, serving for " + left(issuer.serves_until, now) + " more"
                             : opaque_only(issuer) ? "signed tokens are refused"
                                                   : "logins unavailable";
    out += (out.empty() ? "" : "; ") + clean(issuer.name) + ": " + what;
  }
  return out;
}

std::string render_introspection_trouble(std::span<const IssuerStatus> issuers) {
  std::string out;
  for (const IssuerStatus& issuer : issuers) {
    if (!issuer.introspection || !fails(issuer.introspection)) continue;
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", clean(issuer.name),
                       without_answers(*issuer.introspection));
  }
  return out;
}

std::string render_refreshed(std::span<const RefreshedIssuer> issuers, WallTime now, Style style) {
  std::string out;
  for (const RefreshedIssuer& issuer : issuers) {
    std::string text;
    if (issuer.outcome == "changed") {
      text = good("there is a new key set", style);
    } else if (issuer.outcome == "unchanged") {
      text = good("the keys are the same", style);
    } else if (issuer.outcome == "too_soon") {
      const auto again =
          issuer.again_at ? std::optional(std::max(*issuer.again_at, now + std::chrono::seconds(1)))
                          : std::nullopt;
      text = bad("not asked: too soon after the last time; again in " + left(again, now), style);
    } else {
      text = bad("failed: " + or_dash(issuer.error.value_or("")), style);
    }
    line(out, clean(issuer.issuer), text);
  }
  return out;
}

}  // namespace latchkey::cli
