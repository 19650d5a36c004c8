// SPDX-License-Identifier: Apache-2.0
//
// The little of SQLite that the state store uses, as values: a connection, a prepared statement, a
// failure. Foreign strings only ever travel as bound parameters. Not for two threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace latchkey::latchkeyd::sqlite {

struct Failure {
  int code = 0;         // SQLITE_…, without the extended part
  std::string message;  // one line of SQLite's own

  bool damaged() const;  // the file is no database, or what is in it contradicts itself
};

template <typename T>
using Result = tl::expected<T, Failure>;

// A prepared statement. `with()` begins a new use of it. A use that was not read to its end is
// ended by `reset()`: until then it holds back checkpoints.
class Statement {
 public:
  // Ends the last use and binds all parameters in order: std::string_view (as TEXT; any bytes),
  // integers, and optional integers, whose nothing is NULL.
  template <typename... Values>
  Statement& with(const Values&... values) {
    begin();
    (bind(values), ...);
    return *this;
  }

  // To the next row; false after the last one.
  Result<bool> step();
  // Steps to the end and forgets the rows.
  Result<void> run();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

  void reset();

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void begin();
  void bind(std::string_view text);
  void bind(std::int64_t value);
  void bind(std::optional<std::int64_t> value);
  Failure failure(int code) const;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int bind_code_ = 0;  // of the first parameter that could not be bound
};

class Connection {
 public:
  // Opens or makes the database at `path`, whose folder exists. A symbolic link anywhere in the
  // path is refused.
  static Result<Connection> open(const std::string& path);

  // Statements without parameters and of our own making only.
  Result<void> execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;
  // Whether a transaction is open; SQLite ends one by itself after some failures (a full disk).
  bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Connection(sqlite3* connection) : connection_(connection) {}
  Failure failure(int code) const;

  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace latchkey::latchkeyd::sqlite
