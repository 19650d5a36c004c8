// SPDX-License-Identifier: Apache-2.0
//
// Sources of revocations as text: each with what it is worth now.
#include <fmt/format.h>

#include "cli/latchkeyctl/layout.h"
#include "cli/latchkeyctl/render.h"

namespace latchkey::cli {

using ipc::control::RevocationSourceStatus;

namespace {

std::string refused_text(const RevocationSourceStatus& source) {
  if (source.refuses.empty()) return "nobody is refused because of that";
  if (source.uri)
    return (source.refuses.front() == "*" ? "every service refuses"
                                          : join(source.refuses) + " refuse") +
           std::string(" tokens that refer to it");
  if (source.refuses.size() == 1 && source.refuses.front() == "*")
    return "every service refuses everybody";
  return join(source.refuses) + " refuse everybody";
}

std::string state_text(const RevocationSourceStatus& source, Style style) {
  if (source.state == "fresh") return good("fresh", style);
  return bad(
      fmt::format("{}: {}", source.state == "stale" ? "STALE" : "ABSENT", refused_text(source)),
      style);
}

std::string detail(const RevocationSourceStatus& source, WallTime now, Style style) {
  std::string out = fmt::format("\nrevocations {}  ({})\n", clean(source.name), clean(source.kind));
  line(out, "state", state_text(source, style));
  if (source.issuer) line(out, "issuer", clean(*source.issuer));
  if (source.uri) line(out, "list", clean(*source.uri));
  if (source.version) line(out, "version", fmt::format("{}", *source.version));
  if (source.uri) {
    line(out, "entries",
         fmt::format("{} of {} bits, {} kB", source.base_entries, source.bits.value_or(0),
                     source.bytes / 1'000));
  } else {
    line(out, "entries",
         fmt::format("{} at the last merge, {} changes since, {} kB", source.base_entries,
                     source.delta_entries, source.bytes / 1'000));
  }
  if (source.age_s && source.max_age_s) {
    line(out, "age",
         fmt::format("{} of {} at most", render_span(std::chrono::seconds(*source.age_s)),
                     render_span(std::chrono::seconds(*source.max_age_s))));
  }
  if (source.next_fetch_at)
    line(out, "next fetch", "in " + render_span(*source.next_fetch_at - now));
  if (source.last_error) {
    line(out, "last error",
         bad(clean(*source.last_error), style) + " (" + ago(source.attempted_at, now) + ")");
  }
  return out;
}

}  // namespace

std::string render_source_trouble(std::span<const RevocationSourceStatus> sources) {
  std::string out;
  for (const RevocationSourceStatus& source : sources) {
    if (source.state == "fresh") continue;
    out += fmt::format("{}{} is {}: {}", out.empty() ? "" : "; ", clean(source.name),
                       clean(source.state), refused_text(source));
  }
  return out;
}

std::string render_source_details(std::span<const RevocationSourceStatus> sources, WallTime now,
                                  Style style) {
  std::string out;
  for (const RevocationSourceStatus& source : sources) out += detail(source, now, style);
  return out;
}

}  // namespace latchkey::cli
