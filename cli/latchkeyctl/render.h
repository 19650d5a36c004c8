// SPDX-License-Identifier: Apache-2.0
//
// What latchkeyctl prints for people: answers of the daemon as text. No input or output; golden
// files keep the texts. Everything foreign (names, subjects, key ids) is escaped to one printable
// line.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "ipc/control.h"

namespace latchkey::cli {

// ANSI emphasis only where the reader is a terminal.
enum class Style { plain, colour };

// Pieces of such a text, for the commands that make their own. `good` decides the colour.
std::string emphasis(std::string_view text, bool good, Style style);
std::string detail_line(std::string_view label, std::string_view foreign);
std::string joined(const std::vector<std::string>& foreign);  // by blanks; still to be escaped
std::string render_checks(std::span<const ipc::control::CheckRecord> checks, Style style);

// What of them is not fresh, and whom that shuts out; empty where all is well.
std::string render_source_trouble(std::span<const ipc::control::RevocationSourceStatus> sources);
std::string render_source_details(std::span<const ipc::control::RevocationSourceStatus> sources,
                                  WallTime now, Style style);

// What keeps accounts from being made or seen; empty where nothing does.
std::string render_names_trouble(const ipc::control::NamesStatus& names);

std::string render_status(const ipc::control::StatusAnswer& status, WallTime now, Style style);
std::string render_issuers(std::span<const ipc::control::IssuerStatus> issuers, WallTime now,
                           Style style);
std::string render_issuer_details(std::span<const ipc::control::IssuerStatus> issuers, WallTime now,
                                  Style style);
// Whose keys are stale, or missing, in one line; empty where nobody's are.
std::string render_key_trouble(std::span<const ipc::control::IssuerStatus> issuers, WallTime now);
// The same of issuers that do not answer questions about tokens.
std::string render_introspection_trouble(std::span<const ipc::control::IssuerStatus> issuers);
std::string render_refreshed(std::span<const ipc::control::RefreshedIssuer> issuers, WallTime now,
                             Style style);
std::string render_decision(const ipc::control::DecisionRecord& decision, Style style);
std::string render_decisions(std::span<const ipc::control::DecisionSummary> decisions);
std::string render_revocations(std::span<const ipc::control::RevocationRecord> revocations);
std::string render_sessions(std::span<const ipc::control::SessionRecord> sessions, WallTime now);
std::string render_bindings(std::span<const ipc::control::BindingRecord> bindings);
std::string render_config_errors(std::span<const ipc::control::ConfigErrorRecord> errors);

// Foreign text as one printable line; quotes stay as they are, since sentences of the daemon have
// them.
std::string clean(std::string_view text);

// The same JSON in ASCII: what is not is escaped (RFC 8259 section 7), so that nothing moves a
// cursor or hides. For JSON whose texts are UTF-8.
std::string ascii_json(std::string_view json);

// "3 min", "2 h 5 min", "4 d 3 h"; negative spans are "0 s".
std::string render_span(std::chrono::milliseconds span);

}  // namespace latchkey::cli
