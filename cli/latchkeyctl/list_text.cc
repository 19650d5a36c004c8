// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_text.h"

#include <string_view>

#include "cli/latchkeyctl/revocation_line.h"

namespace latchkey::cli {
namespace {

using revocation::EntryKind;
template <typename T>
using Step = tl::expected<T, std::string>;

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

Step<revocation::NameDigest> digest_of(const RevocationLine& line, const revocation::Names& names) {
  std::optional<revocation::NameDigest> digest;
  if (line.kind == EntryKind::token_hash) {
    digest = revocation::digest_of_token_hash(line.value);
    if (!digest) return failed("'value' is no SHA-256 in 64 lower-case hexadecimal digits");
  } else if (line.kind == EntryKind::key) {
    digest = revocation::digest_of_key(line.value);
    if (!digest) return failed("'value' is no RFC 7638 thumbprint");
  } else {
    digest = names.digest(line.kind, line.issuer, line.value);
    if (!digest) return failed("could not be digested: there is no memory");
  }
  return *digest;
}

// Seconds are what a manifest can say.
WallTime rounded(WallTime end, std::chrono::seconds round_end) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(end.time_since_epoch());
  const auto over = seconds % round_end;
  return WallTime(over.count() == 0 ? seconds : seconds + round_end - over);
}

Step<ListRow> row_of(const RevocationLine& line, std::chrono::seconds round_end,
                     const revocation::Names& names, Reasons& reasons) {
  ListRow row;
  row.entry.kind = line.kind;
  auto digest = digest_of(line, names);
  if (!digest) return failed(digest.error());
  row.entry.digest = *digest;
  if (line.before.has_value() != (line.kind == EntryKind::subject))
    return failed("'before' goes with 'subject', and has to");
  row.entry.before = line.before.value_or(WallTime{});
  if (line.end) row.entry.end = rounded(*line.end, round_end);
  row.reason = reasons.keep(line.reason);
  return row;
}

}  // namespace

Step<ListRows> read_list_text(std::istream& in, std::chrono::seconds round_end, Reasons& reasons) {
  ListRows rows;
  RevocationLineReader reader;
  const revocation::Names names;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (is_blank(line)) continue;
    const auto read = reader.read(line);
    const auto row =
        read ? row_of(*read, round_end, names, reasons) : Step<ListRow>(failed(read.error()));
    if (!row) return failed("line " + std::to_string(number) + ": " + row.error());
    rows.push_back(*row);
  }
  if (in.bad()) return failed("could not be read to its end");
  settle(rows);
  return rows;
}

}  // namespace latchkey::cli
