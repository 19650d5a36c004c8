// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_load.h"

#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/io/checksum.h"
#include "daemon/latchkeyd/io/state_file.h"
#include "daemon/latchkeyd/io/state_rows.h"

namespace latchkey::latchkeyd {
namespace {

class Loader {
 public:
  Loader(const std::string& path, sqlite::Connection& connection)
      : path_(path), connection_(connection) {}

  Expected<void> bindings(StoredState& state) {
    Seal seal;
    std::map<std::string, accounts::Subject, std::less<>> by_user;
    LATCHKEY_TRY_VOID(
        each("SELECT user, issuer, subject, bound_at_ms FROM binding",
             [&](const sqlite::Statement& row) {
               const std::string user = row.text(0);
               accounts::Subject subject{row.text(1), row.text(2)};
               seal.add(checksum({user, subject.issuer, subject.subject}, {row.integer(3)}));
               by_user.emplace(user, std::move(subject));
               return true;
             }));
    state.bindings = accounts::Bindings(std::move(by_user));
    return compare("binding", seal);
  }

  Expected<void> revocations(StoredState& state) {
    Seal seal;
    const std::string sql =
        fmt::format("SELECT {} FROM revocation ORDER BY id", state_rows::kRevocationColumns);
    LATCHKEY_TRY_VOID(each(sql, [&](const sqlite::Statement& row) {
      auto revocation = state_rows::read_revocation(row);
      if (!revocation) return false;
      seal.add(state_rows::row_sum(*revocation));
      state.revocations.push_back(*std::move(revocation));
      return true;
    }));
    return compare("revocation", seal);
  }

  Expected<void> logins(StoredState& state) {
    const std::string sql = fmt::format(
        "SELECT id, service, user, started_at_ms, {}, rule, rhost, pid, tty, "
        "logind_session, opened_at_ms FROM login LEFT JOIN login_place USING (id) "
        "ORDER BY started_at_ms",
        state_rows::kClaimsColumns);
    return each(sql, [&](const sqlite::Statement& row) {
      auto claims = state_rows::read_claims(row, 4);
      if (!claims) return false;
      Login login{.id = row.text(0),
                  .service = row.text(1),
                  .user = row.text(2),
                  .claims = *std::move(claims),
                  .started_at = state_rows::wall_time(row.integer(3))};
      constexpr int kPlace = 4 + state_rows::kClaimsCount;
      if (!row.is_null(kPlace)) {
        login.rule = row.text(kPlace);
        login.rhost = row.text(kPlace + 1);
      }
      if (!row.is_null(kPlace + 5)) {
        login.place = LoginPlace{.pid = static_cast<std::int32_t>(row.integer(kPlace + 2)),
                                 .tty = row.text(kPlace + 3),
                                 .session = row.text(kPlace + 4),
                                 .opened_at = state_rows::wall_time(row.integer(kPlace + 5))};
      }
      state.logins.push_back(std::move(login));
      return true;
    });
  }

  Expected<void> last_seen(StoredState& state) {
    const std::string sql =
        fmt::format("SELECT user, seen_at_ms, {} FROM last_seen ORDER BY seen_at_ms",
                    state_rows::kClaimsColumns);
    return each(sql, [&](const sqlite::Statement& row) {
      auto claims = state_rows::read_claims(row, 2);
      if (!claims) return false;
      state.last_seen.emplace_back(
          row.text(0), LastSeen{*std::move(claims), state_rows::wall_time(row.integer(1))});
      return true;
    });
  }

 private:
  struct Seal {
    std::int64_t rows = 0;
    std::uint64_t sum = 0;
    void add(std::uint64_t row) {
      ++rows;
      sum ^= row;
    }
  };

  // `take` says whether the row could be read.
  Expected<void> each(const std::string& sql,
                      const std::function<bool(const sqlite::Statement&)>& take) {
    auto statement = connection_.prepare(sql);
    if (!statement) return tl::unexpected(state_file::unusable(path_, statement.error()));
    statement->with();
    while (true) {
      const auto row = statement->step();
      if (!row) return tl::unexpected(state_file::unusable(path_, row.error()));
      if (!*row) return {};
      if (!take(*statement))
        return tl::unexpected(state_file::damaged(path_, "a row cannot be read"));
    }
  }

  Expected<void> compare(std::string_view table, const Seal& seen) {
    bool equal = false;
    LATCHKEY_TRY_VOID(each("SELECT name, rows, sum FROM seal", [&](const sqlite::Statement& row) {
      if (row.text(0) == table) {
        equal =
            row.integer(1) == seen.rows && static_cast<std::uint64_t>(row.integer(2)) == seen.sum;
      }
      return true;
    }));
    if (equal) return {};
    return tl::unexpected(
        state_file::damaged(path_, fmt::format("the rows of '{}' do not fit their seal", table)));
  }

  const std::string& path_;
  sqlite::Connection& connection_;
};

// That of which the logins are that the store holds.
enum class Boot : std::uint8_t { same, another, unknown };

// A disk that takes no writing must not keep a host from starting with what it knows: the old
// logins are then dropped from memory only.
sqlite::Result<Boot> which_boot(sqlite::Connection& connection, std::string_view boot_id) {
  LATCHKEY_TRY(auto get, connection.prepare("SELECT id FROM boot"));
  LATCHKEY_TRY(const bool row, get.with().step());
  if (!row) return Boot::another;
  // As versions of before kept it: empty where they did not know it, else with dashes.
  std::string known(get.text(0));
  // Dropping them would take sessions that live out of reach of every revocation.
  if (known.empty()) return Boot::unknown;
  std::string now(boot_id);
  std::erase(known, '-');
  std::erase(now, '-');
  return known == now ? Boot::same : Boot::another;
}

sqlite::Result<void> begin_boot(sqlite::Connection& connection, std::string_view boot_id,
                                Boot before) {
  LATCHKEY_TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  if (before == Boot::another) LATCHKEY_TRY_VOID(connection.execute("DELETE FROM login"));
  LATCHKEY_TRY(auto put, connection.prepare("UPDATE boot SET id = ?"));
  LATCHKEY_TRY_VOID(put.with(boot_id).run());
  return connection.execute("COMMIT");
}

}  // namespace

Expected<StoredState> load_state(const std::string& path, sqlite::Connection& connection,
                                 std::string_view boot_id) {
  StoredState state;
  Loader loader(path, connection);
  LATCHKEY_TRY_VOID(loader.bindings(state));
  LATCHKEY_TRY_VOID(loader.revocations(state));
  LATCHKEY_TRY_VOID(loader.last_seen(state));
  const auto boot =
      boot_id.empty() ? sqlite::Result<Boot>(Boot::same) : which_boot(connection, boot_id);
  if (!boot) return tl::unexpected(state_file::unusable(path, boot.error()));
  if (*boot != Boot::same) {
    if (auto begun = begin_boot(connection, boot_id, *boot); !begun && connection.in_transaction())
      (void)connection.execute("ROLLBACK");
    if (*boot == Boot::another) return state;
  }
  LATCHKEY_TRY_VOID(loader.logins(state));
  return state;
}

}  // namespace latchkey::latchkeyd
