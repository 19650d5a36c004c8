// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_rows.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "daemon/latchkeyd/io/checksum.h"

namespace latchkey::latchkeyd::state_rows {

// clang-format off
const std::string_view kClaimsSchema =
    "issuer TEXT NOT NULL, subject TEXT NOT NULL, token_id TEXT NOT NULL, token_digest TEXT NOT NULL,"
    "key_id TEXT NOT NULL, users TEXT NOT NULL, groups TEXT NOT NULL, client TEXT NOT NULL, session TEXT NOT NULL,"
    "acr TEXT NOT NULL, amr TEXT NOT NULL, auth_time_ms INTEGER, issued_at_ms INTEGER, expires_at_ms INTEGER NOT NULL,"
    "status_uri TEXT NOT NULL DEFAULT '', status_index INTEGER NOT NULL DEFAULT 0, conditions TEXT NOT NULL DEFAULT '', person TEXT NOT NULL DEFAULT ''";
const std::string_view kClaimsColumns =
    "issuer, subject, token_id, token_digest, key_id, users, groups, client, session, acr, amr, auth_time_ms,"
    "issued_at_ms, expires_at_ms, status_uri, status_index, conditions, person";
const std::array<AddedColumn, 4> kAddedColumns = {{
    {"status_uri", "TEXT NOT NULL DEFAULT ''"}, {"status_index", "INTEGER NOT NULL DEFAULT 0"}, {"conditions", "TEXT NOT NULL DEFAULT ''"}, {"person", "TEXT NOT NULL DEFAULT ''"}}};
// clang-format on

std::string encode_list(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& value : list) {
    text += std::to_string(value.size());
    text += ':';
    text += value;
  }
  return text;
}

std::optional<std::vector<std::string>> decode_list(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() || text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
    if (size > text.size()) return std::nullopt;
    list.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return list;
}

std::optional<claims::ClaimsRecord> read_claims(const sqlite::Statement& row, int first) {
  auto users = decode_list(row.text(first + 5));
  auto groups = decode_list(row.text(first + 6));
  auto amr = decode_list(row.text(first + 10));
  auto conditions = decode_list(row.text(first + 16));
  if (!users || !groups || !amr || !conditions) return std::nullopt;
  const auto time = [&](int column) -> std::optional<WallTime> {
    if (row.is_null(column)) return std::nullopt;
    return wall_time(row.integer(column));
  };
  claims::ClaimsRecord claims;
  claims.issuer = row.text(first);
  claims.subject = row.text(first + 1);
  claims.token_id = row.text(first + 2);
  claims.token_digest = row.text(first + 3);
  claims.key_id = row.text(first + 4);
  claims.users = *std::move(users);
  claims.groups = *std::move(groups);
  claims.client = row.text(first + 7);
  claims.session = row.text(first + 8);
  claims.acr = row.text(first + 9);
  claims.amr = *std::move(amr);
  claims.auth_time = time(first + 11);
  claims.issued_at = time(first + 12);
  claims.expires_at = wall_time(row.integer(first + 13));
  claims.status_uri = row.text(first + 14);
  claims.status_index = static_cast<std::uint64_t>(row.integer(first + 15));
  claims.conditions = *std::move(conditions);
  claims.person = row.text(first + 17);
  return claims;
}

std::optional<revocation::Revocation> read_revocation(const sqlite::Statement& row) {
  const auto kind = revocation::find_kind(row.text(1));
  if (!kind) return std::nullopt;
  revocation::Revocation revocation;
  revocation.id = row.integer(0);
  revocation.kind = *kind;
  revocation.issuer = row.text(2);
  revocation.value = row.text(3);
  revocation.before = wall_time(row.integer(4));
  revocation.created_at = wall_time(row.integer(5));
  revocation.comment = row.text(6);
  if (!row.is_null(7)) revocation.end = wall_time(row.integer(7));
  return revocation;
}

// One without an end has the sum that it had in schema 1.
std::uint64_t row_sum(const revocation::Revocation& revocation) {
  if (revocation.end) {
    return checksum({revocation::kind_name(revocation.kind), revocation.issuer, revocation.value,
                     revocation.comment},
                    {revocation.id, milliseconds(revocation.before),
                     milliseconds(revocation.created_at), milliseconds(*revocation.end)});
  }
  return checksum(
      {revocation::kind_name(revocation.kind), revocation.issuer, revocation.value,
       revocation.comment},
      {revocation.id, milliseconds(revocation.before), milliseconds(revocation.created_at)});
}

}  // namespace latchkey::latchkeyd::state_rows
