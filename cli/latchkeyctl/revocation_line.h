// SPDX-License-Identifier: Apache-2.0
//
// Revocations as text: one JSON object a line,
//
//   {"kind":"token","issuer":"https://id.example.com","value":"5a0f…","end":"2026-01-01T00:00:00Z","reason":"stolen"}
//
// kind is token, token_hash, session, subject, key or user; value the token id, the token's SHA-256
// in hexadecimal, `sid`, `sub`, the key's RFC 7638 thumbprint, or the name; issuer goes with token,
// session and subject; before with subject. Times are RFC 3339. Lists, snapshots and the local
// store are written and read so.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/jose/json.h"
#include "core/revocation/entry.h"

namespace latchkey::cli {

inline constexpr std::size_t kRevocationLineBytes = 16'384;

struct RevocationLine {
  revocation::EntryKind kind = revocation::EntryKind::token;
  std::string issuer;  // empty: none
  std::string value;
  std::optional<WallTime> before;
  std::optional<WallTime> end;
  std::string reason;  // no control characters; may be empty
};

// Reads one line after the other.
class RevocationLineReader {
 public:
  // The error is about the line ("has a member that is no string") and quotes nothing of it.
  tl::expected<RevocationLine, std::string> read(std::string_view line);

 private:
  jose::JsonReader reader_{{.bytes = kRevocationLineBytes}};
};

// Whether there is nothing in it.
bool is_blank(std::string_view line);

// The line, with its line feed, in ASCII.
std::string write_revocation_line(const RevocationLine& line);

}  // namespace latchkey::cli
