// SPDX-License-Identifier: Apache-2.0
//
// How values become columns of latchkey.sqlite and come back: claims, lists of strings, kinds, and
// the sums that seal a table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/validated_claims.h"
#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/io/sqlite.h"

namespace latchkey::latchkeyd::state_rows {

// A list as netstrings, "3:sre6:docker": any bytes, and still readable in a shell.
std::string encode_list(const std::vector<std::string>& list);
std::optional<std::vector<std::string>> decode_list(std::string_view text);

inline std::int64_t milliseconds(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime wall_time(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

inline std::string_view view(const std::string& text) { return text; }

// The claims columns, as schema and as a list of names, in the order in which
// `bind_claims` and `read_claims` take them.
extern const std::string_view kClaimsSchema;
extern const std::string_view kClaimsColumns;
// Of them, those that a store of before may lack; an older latchkeyd leaves them at their defaults.
struct AddedColumn {
  std::string_view name;
  std::string_view type;
};
extern const std::array<AddedColumn, 4> kAddedColumns;
inline constexpr int kClaimsCount = 18;

// Binds `first` and then the claims.
template <typename... First>
sqlite::Statement& with_claims(sqlite::Statement& statement, const claims::ClaimsRecord& claims,
                               First... first) {
  const auto ms = [](const std::optional<WallTime>& time) {
    return time ? std::optional<std::int64_t>(milliseconds(*time)) : std::nullopt;
  };
  const std::string users = encode_list(claims.users);
  const std::string groups = encode_list(claims.groups);
  const std::string amr = encode_list(claims.amr);
  const std::string conditions = encode_list(claims.conditions);
  return statement.with(first..., view(claims.issuer), view(claims.subject), view(claims.token_id),
                        view(claims.token_digest), view(claims.key_id), view(users), view(groups),
                        view(claims.client), view(claims.session), view(claims.acr), view(amr),
                        ms(claims.auth_time), ms(claims.issued_at), milliseconds(claims.expires_at),
                        view(claims.status_uri), static_cast<std::int64_t>(claims.status_index),
                        view(conditions), view(claims.person));
}

// The claims that stand from column `first` on; nothing where a list in them cannot be read.
std::optional<claims::ClaimsRecord> read_claims(const sqlite::Statement& row, int first);

// A row of `SELECT kRevocationColumns`; nothing where its kind is none of ours.
inline constexpr std::string_view kRevocationColumns =
    "id, kind, issuer, value, before_ms, created_at_ms, comment, end_ms";
std::optional<revocation::Revocation> read_revocation(const sqlite::Statement& row);

// What a row adds to its table's seal.
std::uint64_t row_sum(const revocation::Revocation& revocation);

}  // namespace latchkey::latchkeyd::state_rows
