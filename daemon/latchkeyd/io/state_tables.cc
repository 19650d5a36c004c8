// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_tables.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/io/checksum.h"
#include "daemon/latchkeyd/io/state_file.h"
#include "daemon/latchkeyd/io/state_load.h"
#include "daemon/latchkeyd/io/state_rows.h"

namespace latchkey::latchkeyd {

using revocation::kind_name;
using state_rows::milliseconds;
using state_rows::row_sum;
using state_rows::view;

namespace {

// Texts of the statements; the claims columns stand in two tables.
std::string put_sql(std::string_view head) {
  std::string marks;
  for (int i = 0; i < state_rows::kClaimsCount; ++i) marks += ", ?";
  return fmt::format("{}, {}) VALUES (?, ?{}{})", head, state_rows::kClaimsColumns,
                     head.find("service") != std::string_view::npos ? ", ?, ?" : "", marks);
}

}  // namespace

struct StateTables::Statements {
  sqlite::Statement find_binding;
  sqlite::Statement put_binding;
  sqlite::Statement remove_binding;
  sqlite::Statement find_revocation;
  sqlite::Statement get_revocation;
  sqlite::Statement put_revocation;
  sqlite::Statement extend_revocation;
  sqlite::Statement remove_revocation;
  sqlite::Statement list_revocations;
  sqlite::Statement ended_revocations;
  sqlite::Statement put_login;
  sqlite::Statement put_place;
  sqlite::Statement close_login;
  sqlite::Statement put_last_seen;
  sqlite::Statement reseal;
};

void StateTables::DeleteStatements::operator()(Statements* statements) const { delete statements; }

StateTables::StateTables(std::string path, sqlite::Connection connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}

Expected<StateTables> StateTables::open(const std::string& directory) {
  LATCHKEY_TRY(const std::string path, state_file::prepare(directory, kFileName));
  auto connection = sqlite::Connection::open(path);
  if (!connection) return tl::unexpected(state_file::unusable(path, connection.error()));
  StateTables tables(path, *std::move(connection));
  LATCHKEY_TRY_VOID(state_file::migrate(path, tables.connection_));
  if (auto prepared = tables.prepare_all(); !prepared)
    return tl::unexpected(state_file::unusable(path, prepared.error()));
  return tables;
}

sqlite::Result<void> StateTables::prepare_all() {
  const auto prepare = [this](std::string_view sql) { return connection_.prepare(sql); };
  LATCHKEY_TRY(auto find_binding,
               prepare("SELECT issuer, subject, bound_at_ms FROM binding WHERE user = ?"));
  LATCHKEY_TRY(
      auto put_binding,
      prepare("INSERT INTO binding (user, issuer, subject, bound_at_ms) VALUES (?, ?, ?, ?)"));
  LATCHKEY_TRY(auto remove_binding, prepare("DELETE FROM binding WHERE user = ?"));
  LATCHKEY_TRY(auto find_revocation,
               prepare(fmt::format("SELECT {} FROM revocation WHERE kind = ? AND issuer = ? AND "
                                   "value = ? AND before_ms = ?",
                                   state_rows::kRevocationColumns)));
  LATCHKEY_TRY(auto get_revocation, prepare(fmt::format("SELECT {} FROM revocation WHERE id = ?",
                                                        state_rows::kRevocationColumns)));
  LATCHKEY_TRY(auto put_revocation,
               prepare("INSERT INTO revocation (kind, issuer, value, before_ms, created_at_ms, "
                       "comment, end_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  LATCHKEY_TRY(auto extend_revocation, prepare("UPDATE revocation SET end_ms = ? WHERE id = ?"));
  LATCHKEY_TRY(auto remove_revocation, prepare("DELETE FROM revocation WHERE id = ?"));
  LATCHKEY_TRY(auto list_revocations,
               prepare(fmt::format("SELECT {} FROM revocation WHERE id > ? AND (? = '' OR kind = "
                                   "?2) ORDER BY id LIMIT ?",
                                   state_rows::kRevocationColumns)));
  LATCHKEY_TRY(auto ended_revocations,
               prepare("SELECT id FROM revocation WHERE end_ms <= ? ORDER BY end_ms LIMIT ?"));
  LATCHKEY_TRY(auto put_login,
               prepare(put_sql("INSERT OR REPLACE INTO login (id, service, user, started_at_ms")));
  LATCHKEY_TRY(auto put_place,
               prepare("INSERT OR REPLACE INTO login_place (id, rule, rhost, pid, tty, "
                       "logind_session, opened_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  LATCHKEY_TRY(auto close_login, prepare("DELETE FROM login WHERE id = ?"));
  LATCHKEY_TRY(auto put_last_seen,
               prepare(put_sql("INSERT OR REPLACE INTO last_seen (user, seen_at_ms")));
  // SQLite knows no exclusive or, and its sums turn into floating point where they overflow; this
  // does neither.
  LATCHKEY_TRY(
      auto reseal,
      prepare("UPDATE seal SET rows = rows + ?2, sum = (sum | ?3) - (sum & ?3) WHERE name = ?1"));
  statements_.reset(new Statements{
      std::move(find_binding), std::move(put_binding), std::move(remove_binding),
      std::move(find_revocation), std::move(get_revocation), std::move(put_revocation),
      std::move(extend_revocation), std::move(remove_revocation), std::move(list_revocations),
      std::move(ended_revocations), std::move(put_login), std::move(put_place),
      std::move(close_login), std::move(put_last_seen), std::move(reseal)});
  return {};
}

sqlite::Result<void> StateTables::begin(bool durable) {
  // In WAL mode NORMAL writes without waiting for the disk; a later FULL commit brings everything
  // before it along.
  LATCHKEY_TRY_VOID(
      connection_.execute(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  return connection_.execute("BEGIN IMMEDIATE");
}

sqlite::Result<void> StateTables::commit() { return connection_.execute("COMMIT"); }

void StateTables::rollback() {
  // After a full disk SQLite has already done it; a rollback that fails leaves nothing that the
  // next BEGIN would not show.
  if (connection_.in_transaction()) (void)connection_.execute("ROLLBACK");
}

sqlite::Result<void> StateTables::reseal(std::string_view table, std::int64_t rows,
                                         std::uint64_t sum) {
  return statements_->reseal.with(table, rows, static_cast<std::int64_t>(sum)).run();
}

StateOutcome StateTables::bind(const NewBinding& binding, WallTime now) {
  auto& find = statements_->find_binding.with(view(binding.user));
  LATCHKEY_TRY(const bool found, find.step());
  const bool same = found && find.text(0) == binding.issuer && find.text(1) == binding.subject;
  find.reset();
  if (same) return 0;
  if (found) {
    return fail(Reason::subject_conflict,
                fmt::format("the name {} is bound to another subject", binding.user));
  }
  LATCHKEY_TRY_VOID(
      statements_->put_binding
          .with(view(binding.user), view(binding.issuer), view(binding.subject), milliseconds(now))
          .run());
  LATCHKEY_TRY_VOID(
      reseal("binding", 1,
             checksum({binding.user, binding.issuer, binding.subject}, {milliseconds(now)})));
  return 0;
}

StateOutcome StateTables::remove_binding(std::string_view user) {
  auto& find = statements_->find_binding.with(user);
  LATCHKEY_TRY(const bool found, find.step());
  if (!found) return 0;
  const auto sum = checksum({user, find.text(0), find.text(1)}, {find.integer(2)});
  find.reset();
  LATCHKEY_TRY_VOID(statements_->remove_binding.with(user).run());
  LATCHKEY_TRY_VOID(reseal("binding", -1, sum));
  return 1;
}

StateOutcome StateTables::put_login(const Login& login) {
  const claims::ClaimsRecord& claims = login.claims;
  LATCHKEY_TRY_VOID(state_rows::with_claims(statements_->put_login, claims, view(login.id),
                                            view(login.service), view(login.user),
                                            milliseconds(login.started_at))
                        .run());
  const LoginPlace place = login.place.value_or(LoginPlace{});
  const std::optional<std::int64_t> opened =
      login.place ? std::optional(milliseconds(place.opened_at)) : std::nullopt;
  LATCHKEY_TRY_VOID(statements_->put_place
                        .with(view(login.id), view(login.rule), view(login.rhost),
                              std::int64_t{place.pid}, view(place.tty), view(place.session), opened)
                        .run());
  return 0;
}

StateOutcome StateTables::close_login(std::string_view id) {
  LATCHKEY_TRY_VOID(statements_->close_login.with(id).run());
  return connection_.changes();
}

StateOutcome StateTables::put_last_seen(std::string_view user, const LastSeen& seen) {
  LATCHKEY_TRY_VOID(state_rows::with_claims(statements_->put_last_seen, seen.claims, user,
                                            milliseconds(seen.seen_at))
                        .run());
  return 0;
}

StateOutcome StateTables::add_revocation(const revocation::Revocation& revocation) {
  const auto end =
      revocation.end ? std::optional(milliseconds(*revocation.end)) : std::optional<std::int64_t>();
  auto& find =
      statements_->find_revocation.with(kind_name(revocation.kind), view(revocation.issuer),
                                        view(revocation.value), milliseconds(revocation.before));
  LATCHKEY_TRY(const bool found, find.step());
  std::optional<revocation::Revocation> known;
  if (found) known = state_rows::read_revocation(find);
  find.reset();
  if (known) {
    // No end is the latest.
    if (!known->end || (revocation.end && *revocation.end <= *known->end)) return known->id;
    const std::uint64_t before = row_sum(*known);
    known->end = revocation.end;
    LATCHKEY_TRY_VOID(statements_->extend_revocation.with(end, known->id).run());
    LATCHKEY_TRY_VOID(reseal("revocation", 0, before ^ row_sum(*known)));
    return known->id;
  }
  LATCHKEY_TRY_VOID(statements_->put_revocation
                        .with(kind_name(revocation.kind), view(revocation.issuer),
                              view(revocation.value), milliseconds(revocation.before),
                              milliseconds(revocation.created_at), view(revocation.comment), end)
                        .run());
  revocation::Revocation stored = revocation;
  stored.id = connection_.last_insert_id();
  LATCHKEY_TRY_VOID(reseal("revocation", 1, row_sum(stored)));
  return stored.id;
}

sqlite::Result<std::vector<revocation::Revocation>> StateTables::list_revocations(
    const StateStore::RevocationPage& page) {
  const std::string_view kind = page.kind ? kind_name(*page.kind) : std::string_view();
  auto& rows =
      statements_->list_revocations.with(page.after, kind, static_cast<std::int64_t>(page.most));
  std::vector<revocation::Revocation> all;
  while (true) {
    LATCHKEY_TRY(const bool row, rows.step());
    if (!row) break;
    if (auto revocation = state_rows::read_revocation(rows)) all.push_back(*std::move(revocation));
  }
  rows.reset();
  return all;
}

StateOutcome StateTables::forget_revocations(WallTime ended, std::int64_t most) {
  auto& rows = statements_->ended_revocations.with(milliseconds(ended), most);
  std::vector<std::int64_t> ids;
  while (true) {
    LATCHKEY_TRY(const bool row, rows.step());
    if (!row) break;
    ids.push_back(rows.integer(0));
  }
  rows.reset();
  for (const std::int64_t id : ids) {
    LATCHKEY_TRY(const auto removed, remove_revocation(id));
    if (!removed) return removed;
  }
  return static_cast<std::int64_t>(ids.size());
}

StateOutcome StateTables::remove_revocation(std::int64_t id) {
  auto& get = statements_->get_revocation.with(id);
  LATCHKEY_TRY(const bool found, get.step());
  if (!found) return 0;
  const auto revocation = state_rows::read_revocation(get);
  get.reset();
  LATCHKEY_TRY_VOID(statements_->remove_revocation.with(id).run());
  // A row that cannot be read any more leaves a seal that does not fit: the next start says so.
  if (revocation) LATCHKEY_TRY_VOID(reseal("revocation", -1, row_sum(*revocation)));
  return 1;
}

Expected<StoredState> StateTables::load(std::string_view boot_id) {
  return load_state(path_, connection_, boot_id);
}

sqlite::Result<void> StateTables::limit_growth(std::int64_t most) {
  LATCHKEY_TRY(auto count, connection_.prepare("PRAGMA page_count"));
  LATCHKEY_TRY(const bool row, count.with().step());
  const std::int64_t pages = row ? count.integer(0) : 0;
  count.reset();
  return connection_.execute(fmt::format("PRAGMA max_page_count={}", pages + most).c_str());
}

}  // namespace latchkey::latchkeyd
