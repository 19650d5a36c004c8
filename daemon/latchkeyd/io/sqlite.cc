// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/sqlite.h"

#include <sqlite3.h>

#include <system_error>
#include <utility>

namespace latchkey::latchkeyd::sqlite {
namespace {

constexpr int kPrimaryCode = 0xFF;

Failure failure_of(sqlite3* connection, int code) {
  Failure failure{code & kPrimaryCode,
                  connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code)};
  // "disk I/O error" and "unable to open database file" say little without the system's own words.
  const int system = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  if (system != 0 && (failure.code == SQLITE_IOERR || failure.code == SQLITE_CANTOPEN)) {
    failure.message += ": " + std::system_category().message(system);
  }
  return failure;
}

}  // namespace

bool Failure::damaged() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Failure Statement::failure(int code) const {
  return failure_of(sqlite3_db_handle(statement_.get()), code);
}

void Statement::begin() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bound_ = 0;
  bind_code_ = SQLITE_OK;
}

void Statement::bind(std::string_view text) {
  // An empty view may have no address, and SQLite would read that as NULL.
  const char* bytes = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), ++bound_, bytes, text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::bind(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  const int code = sqlite3_bind_null(statement_.get(), ++bound_);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

Result<bool> Statement::step() {
  if (bind_code_ != SQLITE_OK) return tl::unexpected(failure(bind_code_));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Failure failed = failure(code);
  reset();
  return tl::unexpected(std::move(failed));
}

Result<void> Statement::run() {
  while (true) {
    auto row = step();
    if (!row) return tl::unexpected(std::move(row).error());
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Connection::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Failure Connection::failure(int code) const { return failure_of(connection_.get(), code); }

Result<Connection> Connection::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Connection connection(raw);  // SQLite makes one for a failure, too
  if (code != SQLITE_OK) return tl::unexpected(failure_of(raw, code));
  // What an attacker could have put into the file must not run: no functions or triggers of the
  // schema's own.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  return connection;
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return Statement(statement);
}

std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

std::int64_t Connection::changes() const { return sqlite3_changes64(connection_.get()); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

}  // namespace latchkey::latchkeyd::sqlite
