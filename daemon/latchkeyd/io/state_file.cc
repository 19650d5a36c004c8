// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "daemon/latchkeyd/io/state_rows.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd::state_file {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr std::int64_t kApplicationId = 0x4C4B'5331;  // "LKS1"
constexpr std::int64_t kSchemaVersion = 2;

// Version 2. `before_ms` is 0 where it means nothing. The claims stand flat, so that a shell can
// read them.
constexpr std::string_view kSchema = R"(
CREATE TABLE seal (
  name TEXT PRIMARY KEY CHECK (name IN ('binding', 'revocation')),
  rows INTEGER NOT NULL CHECK (rows >= 0),
  sum INTEGER NOT NULL
) STRICT;
INSERT INTO seal (name, rows, sum) VALUES ('binding', 0, 0), ('revocation', 0, 0);
CREATE TABLE boot (id TEXT NOT NULL) STRICT;
INSERT INTO boot (id) VALUES ('');
CREATE TABLE binding (
  user TEXT PRIMARY KEY CHECK (user <> ''),
  issuer TEXT NOT NULL CHECK (issuer <> ''),
  subject TEXT NOT NULL CHECK (subject <> ''),
  bound_at_ms INTEGER NOT NULL
) STRICT;
{revocation}CREATE TABLE login (
  id TEXT PRIMARY KEY CHECK (id <> ''),
  service TEXT NOT NULL,
  user TEXT NOT NULL CHECK (user <> ''),
  started_at_ms INTEGER NOT NULL,
  {claims}
) STRICT;
CREATE TABLE last_seen (
  user TEXT PRIMARY KEY CHECK (user <> ''),
  seen_at_ms INTEGER NOT NULL,
  {claims}
) STRICT;
)";

// Version 1 knew tokens, subjects and users, and no end.
constexpr std::string_view kRevocationTable = R"(
CREATE TABLE revocation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('token', 'token_hash', 'session', 'subject', 'key', 'user')),
  issuer TEXT NOT NULL CHECK ((issuer <> '') = (kind IN ('token', 'session', 'subject'))),
  value TEXT NOT NULL CHECK (value <> ''),
  before_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  comment TEXT NOT NULL,
  end_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX revocation_once ON revocation (value, issuer, kind, before_ms);
CREATE INDEX revocation_end ON revocation (end_ms) WHERE end_ms IS NOT NULL;
)";

// The rows keep their ids, and so their sums; and no id is used again.
constexpr std::string_view kMigrate1 = R"(
BEGIN IMMEDIATE;
ALTER TABLE revocation RENAME TO revocation_1;
DROP INDEX revocation_once;
{revocation}
INSERT INTO revocation (id, kind, issuer, value, before_ms, created_at_ms, comment)
  SELECT id, kind, issuer, value, before_ms, created_at_ms, comment FROM revocation_1;
DELETE FROM sqlite_sequence WHERE name = 'revocation';
UPDATE sqlite_sequence SET name = 'revocation' WHERE name = 'revocation_1';
DROP TABLE revocation_1;
PRAGMA user_version=2;
COMMIT;
)";

// Beside version 1 and not a part of it: an older latchkeyd passes it over, and loses by it what it
// does not know. What a login opened, and what let it in.
constexpr const char* kLoginPlace = R"(
CREATE TABLE IF NOT EXISTS login_place (
  id TEXT PRIMARY KEY REFERENCES login (id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  rhost TEXT NOT NULL,
  pid INTEGER NOT NULL,
  tty TEXT NOT NULL,
  logind_session TEXT NOT NULL,
  opened_at_ms INTEGER
) STRICT;
)";

Error refusal(std::string detail) { return Error{Reason::state_unavailable, std::move(detail)}; }

Error system_refusal(const std::string& path, int error_number) {
  return refusal(fmt::format("{}: {}", path, std::system_category().message(error_number)));
}

Expected<void> check_directory(const std::string& path) {
  const ipc::Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0)
    return tl::unexpected(system_refusal(path, errno));
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return tl::unexpected(
        refusal(fmt::format("{} belongs to uid {}, not to latchkeyd", path, status.st_uid)));
  }
  if ((status.st_mode & kOthersWrite) != 0) {
    return tl::unexpected(
        refusal(fmt::format("{} may be written by others (mode {:04o}): chmod go-w it", path,
                            status.st_mode & 07777U)));
  }
  return {};
}

// SQLite would take any file, and would make one that others may read.
Expected<void> check_file(const std::string& path) {
  const ipc::Fd file(::open(
      path.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(errno == ELOOP ? refusal(path + " is a symbolic link")
                                         : system_refusal(path, errno));
  }
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
    return tl::unexpected(refusal(path + " is not a plain file with one name"));
  }
  if (status.st_uid != ::geteuid()) {
    return tl::unexpected(
        refusal(fmt::format("{} belongs to uid {}, not to latchkeyd", path, status.st_uid)));
  }
  if ((status.st_mode & kOthersWrite) != 0) {
    return tl::unexpected(refusal(fmt::format("{} may have been written by others (mode {:04o})",
                                              path, status.st_mode & 07777U)));
  }
  // SQLite's own word for a file system that became read-only is "bad file descriptor".
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
    return tl::unexpected(system_refusal(path, errno));
  }
  if ((status.st_mode & kOthers) != 0 && ::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0) {
    return tl::unexpected(system_refusal(path, errno));
  }
  return {};
}

sqlite::Result<std::int64_t> pragma(sqlite::Connection& connection, std::string_view text) {
  LATCHKEY_TRY(auto statement, connection.prepare(text));
  LATCHKEY_TRY(const bool row, statement.with().step());
  return row ? statement.integer(0) : 0;
}

// The lock is kept until the end: two daemons on one store would each hold half of the revocations.
// It also spares the shared memory file. The waiting is for an administrator's own look into the
// file.
sqlite::Result<void> take(sqlite::Connection& connection) {
  for (const char* sql :
       {"PRAGMA busy_timeout=250", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL", "PRAGMA cache_size=-512", "PRAGMA temp_store=MEMORY",
        "PRAGMA journal_size_limit=4194304", "PRAGMA foreign_keys=ON"}) {
    LATCHKEY_TRY_VOID(connection.execute(sql));
  }
  return {};
}

sqlite::Result<void> create(sqlite::Connection& connection) {
  const std::string claims(state_rows::kClaimsSchema);
  const std::string schema =
      fmt::format(kSchema, fmt::arg("claims", claims), fmt::arg("revocation", kRevocationTable));
  LATCHKEY_TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  LATCHKEY_TRY_VOID(connection.execute(schema.c_str()));
  LATCHKEY_TRY_VOID(
      connection.execute(fmt::format("PRAGMA application_id={}", kApplicationId).c_str()));
  LATCHKEY_TRY_VOID(
      connection.execute(fmt::format("PRAGMA user_version={}", kSchemaVersion).c_str()));
  return connection.execute("COMMIT");
}

// What came later than version 1 of what is kept of a login's or a last sign-in's claims: columns
// that have a default.
sqlite::Result<void> add_columns(sqlite::Connection& connection) {
  for (const std::string_view table : {"login", "last_seen"}) {
    for (const state_rows::AddedColumn& column : state_rows::kAddedColumns) {
      LATCHKEY_TRY(const std::int64_t there,
                   pragma(connection, fmt::format("SELECT count(*) FROM pragma_table_info('{}') "
                                                  "WHERE name = '{}'",
                                                  table, column.name)));
      if (there != 0) continue;
      LATCHKEY_TRY_VOID(connection.execute(
          fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table, column.name, column.type).c_str()));
    }
  }
  return {};
}

sqlite::Result<std::string> quick_check(sqlite::Connection& connection) {
  LATCHKEY_TRY(auto check, connection.prepare("PRAGMA quick_check(1)"));
  LATCHKEY_TRY(const bool row, check.with().step());
  return row ? check.text(0) : std::string("no answer to quick_check");
}

}  // namespace

Error damaged(const std::string& path, std::string_view why) {
  return refusal(
      fmt::format("{} is damaged ({}). It holds this host's revocations and bindings, and a part "
                  "of them must not be lost without "
                  "a word, so latchkeyd does not start with it. Put back a copy, or move the file "
                  "(with its -wal) away to start "
                  "with none and then revoke again what must stay revoked",
                  path, why));
}

Error unusable(const std::string& path, const sqlite::Failure& failure) {
  if (failure.damaged()) return damaged(path, failure.message);
  if (failure.code == SQLITE_BUSY) return refusal(path + " is in use by another process");
  return refusal(fmt::format("{}: {}", path, failure.message));
}

Expected<std::string> prepare(const std::string& directory, std::string_view name) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(directory, error).string();
  if (error) return tl::unexpected(system_refusal(directory, error.value()));
  LATCHKEY_TRY_VOID(check_directory(real));
  std::string path = fmt::format("{}/{}", real, name);
  LATCHKEY_TRY_VOID(check_file(path));
  return path;
}

Expected<void> migrate(const std::string& path, sqlite::Connection& connection) {
  const auto refused = [&](const sqlite::Failure& failure) {
    return tl::unexpected(unusable(path, failure));
  };
  if (auto taken = take(connection); !taken) return refused(taken.error());
  const auto application = pragma(connection, "PRAGMA application_id");
  if (!application) return refused(application.error());
  const auto version = pragma(connection, "PRAGMA user_version");
  if (!version) return refused(version.error());
  const auto objects = pragma(connection, "SELECT count(*) FROM sqlite_schema");
  if (!objects) return refused(objects.error());
  if (*application == 0 && *version == 0 && *objects == 0) {
    if (auto created = create(connection); !created) return refused(created.error());
    if (auto added = connection.execute(kLoginPlace); !added) return refused(added.error());
    return {};
  }
  if (*application != kApplicationId)
    return tl::unexpected(damaged(path, "it is not a database of latchkeyd"));
  if (*version > kSchemaVersion) {
    return tl::unexpected(
        refusal(fmt::format("{} was made by a newer latchkeyd (schema {}, this one knows {})", path,
                            *version, kSchemaVersion)));
  }
  if (*version < 1) return tl::unexpected(damaged(path, "it has no schema version"));
  const auto checked = quick_check(connection);
  if (!checked) return refused(checked.error());
  if (*checked != "ok") return tl::unexpected(damaged(path, *checked));
  if (*version == 1) {
    const std::string sql = fmt::format(kMigrate1, fmt::arg("revocation", kRevocationTable));
    if (auto migrated = connection.execute(sql.c_str()); !migrated) {
      if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
      return refused(migrated.error());
    }
  }
  if (auto added = add_columns(connection); !added) return refused(added.error());
  const auto places =
      pragma(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'login_place'");
  if (!places) return refused(places.error());
  if (*places == 1) return {};
  if (auto added = connection.execute(kLoginPlace); !added) return refused(added.error());
  return {};
}

}  // namespace latchkey::latchkeyd::state_file
