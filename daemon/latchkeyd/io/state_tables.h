// SPDX-License-Identifier: Apache-2.0
//
// The tables of latchkey.sqlite and what is done to them, one step at a time, on one thread
// (docs/decisions: "What a damaged state store means"). Bindings and revocations are sealed: beside
// each table stand its number of rows and a sum over their contents, changed in the same
// transaction, so that a row that was lost or altered on the disk is seen at the next start instead
// of being a revocation that nobody heeds. Never holds a token; a token's SHA-256 at most.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/latchkeyd/io/sqlite.h"
#include "daemon/latchkeyd/io/storage.h"

namespace latchkey::latchkeyd {

// What an operation gave: 0, an id or a count; or the refusal that the table's content demands. The
// outer failure of a `sqlite::Result` is the database's own and leaves the transaction of no use.
using StateOutcome = sqlite::Result<Expected<std::int64_t>>;

class StateTables {
 public:
  static constexpr std::string_view kFileName = "latchkey.sqlite";

  // Opens or makes DIRECTORY/latchkey.sqlite. Refused (state_unavailable, with a sentence that says
  // what to do): a folder or file that others may write, a file that is no plain file, is not ours,
  // is damaged, is in use by another latchkeyd, or was made by a newer one.
  static Expected<StateTables> open(const std::string& directory);

  // Logins of another boot are gone with their processes and are dropped where `boot_id` is not
  // empty.
  Expected<StoredState> load(std::string_view boot_id);

  // `durable`: what is committed survives a power cut; else only the end of this process.
  sqlite::Result<void> begin(bool durable);
  sqlite::Result<void> commit();
  void rollback();

  StateOutcome bind(const NewBinding& binding, WallTime now);
  StateOutcome remove_binding(std::string_view user);
  StateOutcome put_login(const Login& login);
  StateOutcome close_login(std::string_view id);
  StateOutcome put_last_seen(std::string_view user, const LastSeen& seen);
  // The same revocation (kind, issuer, value, before) twice is one entry with the later end: the id
  // of the first is given.
  StateOutcome add_revocation(const revocation::Revocation& revocation);
  StateOutcome remove_revocation(std::int64_t id);
  sqlite::Result<std::vector<revocation::Revocation>> list_revocations(
      const StateStore::RevocationPage& page);
  // At most `most` of those whose end is not after `ended`; how many those were.
  StateOutcome forget_revocations(WallTime ended, std::int64_t most);

  // At most `most` more pages than there are now; for tests of a full disk.
  sqlite::Result<void> limit_growth(std::int64_t most);

 private:
  explicit StateTables(std::string path, sqlite::Connection connection);

  sqlite::Result<void> prepare_all();
  sqlite::Result<void> reseal(std::string_view table, std::int64_t rows, std::uint64_t sum);

  std::string path_;
  sqlite::Connection connection_;
  // Prepared once; declared after the connection, so that they are gone before it.
  struct Statements;
  struct DeleteStatements {
    void operator()(Statements* statements) const;
  };
  std::unique_ptr<Statements, DeleteStatements> statements_;
};

}  // namespace latchkey::latchkeyd
