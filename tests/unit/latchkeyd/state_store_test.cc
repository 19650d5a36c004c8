// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/state_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::FakeClock;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;
namespace fs = std::filesystem;

claims::ClaimsRecord claims_of(std::string subject) {
  claims::ClaimsRecord claims;
  claims.issuer = "https://id.example.com";
  claims.subject = std::move(subject);
  claims.token_id = "token-1";
  claims.token_digest = std::string(64, 'a');
  claims.key_id = "thumbprint";
  claims.users = {"alice", "alice.admin"};
  claims.groups = {"sre", "a:b", "", std::string("nul\0nul", 7), "grüße"};
  claims.client = "ssh";
  claims.session = "sid-1";
  claims.acr = "mfa";
  claims.amr = {"pwd", "otp"};
  claims.auth_time = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  claims.issued_at = std::nullopt;
  claims.expires_at = WallTime(std::chrono::seconds(1'800'000'000));
  return claims;
}

Login login_of(std::string id, std::string user) {
  return Login{std::move(id), "sshd", std::move(user), claims_of("s-1"),
               WallTime(std::chrono::seconds(1'700'000'001))};
}

revocation::Revocation revocation_of(revocation::Kind kind, std::string issuer, std::string value) {
  revocation::Revocation revocation;
  revocation.kind = kind;
  revocation.issuer = std::move(issuer);
  revocation.value = std::move(value);
  revocation.created_at = WallTime(std::chrono::seconds(1'700'000'002));
  revocation.comment = "laptop stolen; see '); DROP TABLE revocation; --";
  return revocation;
}

const std::string kId1(32, '1');
const std::string kId2(32, '2');

std::string id_of(int number) {
  const std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

// A store on a folder, and the waiting for its answers.
class Store {
 public:
  explicit Store(const std::string& directory, std::optional<std::int64_t> growth = {},
                 std::string boot_id = {}) {
    store_ = std::make_unique<SqliteStateStore>(
        SqliteStateStore::Options{
            .directory = directory, .boot_id = std::move(boot_id), .growth_pages_most = growth},
        clock, journal);
    loaded = store_->load();
  }

  SqliteStateStore* operator->() { return store_.get(); }

  Expected<void> bind(std::string user, std::string subject) {
    std::optional<Expected<void>> result;
    store_->bind({std::move(user), "https://id.example.com", std::move(subject)}, loop,
                 [&](Expected<void> done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<std::int64_t> revoke(revocation::Revocation revocation) {
    std::optional<Expected<std::int64_t>> result;
    store_->add_revocation(std::move(revocation), loop,
                           [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<bool> remove(std::int64_t id) {
    std::optional<Expected<bool>> result;
    store_->remove_revocation(id, loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  Expected<bool> unbind(std::string user) {
    std::optional<Expected<bool>> result;
    store_->remove_binding(std::move(user), loop, [&](auto done) { result = std::move(done); });
    loop.run_until([&] { return result.has_value(); });
    return *result;
  }
  void drain() {
    bool drained = false;
    store_->drain(loop, [&] { drained = true; });
    loop.run_until([&] { return drained; });
  }

  FakeClock clock;
  FakeJournal journal;
  TestLoop loop;
  Expected<StoredState> loaded = fail(Reason::internal_error);

 private:
  std::unique_ptr<SqliteStateStore> store_;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

TEST(StateStore, EmptyAtFirstAndReadableByItsOwnerOnly) {
  const TempDir folder;
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->bindings.size(), 0U);
  EXPECT_TRUE(store.loaded->revocations.empty());
  ASSERT_TRUE(store.bind("alice", "s-1"));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << entry.path();
  }
}

TEST(StateStore, EverythingIsThereAfterTheNextStart) {
  const TempDir folder;
  auto subject = revocation_of(revocation::Kind::subject, "https://id.example.com", "s-9");
  subject.before = WallTime(std::chrono::milliseconds(1'700'000'000'456));
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    ASSERT_TRUE(store.revoke(subject));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime(std::chrono::seconds(5))});
    // No drain: an ordinary end writes what was queued.
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  ASSERT_NE(store.loaded->bindings.find("alice"), nullptr);
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-1");
  ASSERT_EQ(store.loaded->revocations.size(), 2U);
  const auto& first = store.loaded->revocations.front();
  EXPECT_EQ(first.kind, revocation::Kind::subject);
  EXPECT_EQ(first.issuer, subject.issuer);
  EXPECT_EQ(first.value, "s-9");
  EXPECT_EQ(first.before, subject.before);
  EXPECT_EQ(first.created_at, subject.created_at);
  EXPECT_EQ(first.comment, subject.comment);
  ASSERT_EQ(store.loaded->logins.size(), 1U);
  EXPECT_EQ(store.loaded->logins[0].id, kId1);
  EXPECT_EQ(store.loaded->logins[0].service, "sshd");
  EXPECT_EQ(store.loaded->logins[0].user, "alice");
  EXPECT_EQ(store.loaded->logins[0].started_at, login_of(kId1, "alice").started_at);
  EXPECT_EQ(store.loaded->logins[0].claims, claims_of("s-1"));
  ASSERT_EQ(store.loaded->last_seen.size(), 1U);
  EXPECT_EQ(store.loaded->last_seen[0].first, "alice");
  EXPECT_EQ(store.loaded->last_seen[0].second.claims, claims_of("s-1"));
  EXPECT_EQ(store.loaded->last_seen[0].second.seen_at, WallTime(std::chrono::seconds(5)));
}

TEST(StateStore, SecondSubjectOfANameIsAConflictAndTheFirstOneStays) {
  const TempDir folder;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    EXPECT_TRUE(store.bind("alice", "s-1"));
    const auto second = store.bind("alice", "s-2");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::subject_conflict);
    EXPECT_FALSE(store->trouble());
  }
  Store store(folder.path());
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-1");
}

TEST(StateStore, ConflictAmongManyQueuedBindingsRefusesOnlyTheLaterOne) {
  const TempDir folder;
  Store store(folder.path());
  std::vector<Expected<void>> results;
  const auto keep = [&](Expected<void> done) { results.push_back(std::move(done)); };
  for (const char* subject : {"s-1", "s-2", "s-1"})
    store->bind({"bob", "https://i", subject}, store.loop, keep);
  store->bind({"carol", "https://i", "s-2"}, store.loop, keep);
  store.loop.run_until([&] { return results.size() == 4; });
  EXPECT_TRUE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(results[3]);
}

TEST(StateStore, RemovedBindingFreesTheName) {
  const TempDir folder;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    EXPECT_EQ(store.unbind("alice").value(), true);
    EXPECT_EQ(store.unbind("alice").value(), false);
    EXPECT_TRUE(store.bind("alice", "s-2"));
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-2");
}

TEST(StateStore, RevocationIsRemovedByIdAndIdsAreNeverUsedAgain) {
  const TempDir folder;
  {
    Store store(folder.path());
    const auto first = store.revoke(revocation_of(revocation::Kind::user, "", "mallory"));
    ASSERT_TRUE(first);
    EXPECT_EQ(store.remove(*first).value(), true);
    EXPECT_EQ(store.remove(*first).value(), false);
    const auto second = store.revoke(revocation_of(revocation::Kind::user, "", "mallory"));
    ASSERT_TRUE(second);
    EXPECT_GT(*second, *first);
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->revocations.size(), 1U);
}

TEST(StateStore, SameRevocationTwiceIsOneEntry) {
  const TempDir folder;
  Store store(folder.path());
  const auto first = store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti"));
  const auto other = store.revoke(revocation_of(revocation::Kind::token, "https://other", "jti"));
  const auto again = store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti"));
  ASSERT_TRUE(first && other && again);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
}

TEST(StateStore, RevocationThatTheSchemaForbidsIsRefusedAndLeavesTheStoreWell) {
  const TempDir folder;
  {
    Store store(folder.path());
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::user, "https://i", "alice")));
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::token, "", "jti")));
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::user, "", "")));
    EXPECT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
    EXPECT_FALSE(store->trouble());
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->revocations.size(), 1U);
}

TEST(StateStore, ClosedLoginIsGoneAndTheLastSightOfANameCounts) {
  const TempDir folder;
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_login(std::make_shared<const Login>(login_of(kId2, "alice")));
    store.drain();
    store->close_login(kId1, WallTime());
    store->close_login(std::string(32, '3'), WallTime());
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime(std::chrono::seconds(5))});
    store->put_last_seen("alice", LastSeen{claims_of("s-2"), WallTime(std::chrono::seconds(6))});
  }
  Store store(folder.path());
  ASSERT_EQ(store.loaded->logins.size(), 1U);
  EXPECT_EQ(store.loaded->logins[0].id, kId2);
  ASSERT_EQ(store.loaded->last_seen.size(), 1U);
  EXPECT_EQ(store.loaded->last_seen[0].second.claims.subject, "s-2");
}

TEST(StateStore, LoginClosedBeforeItWasWrittenIsNotThere) {
  const TempDir folder;
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->close_login(kId1, WallTime());
  }
  Store store(folder.path());
  EXPECT_TRUE(store.loaded->logins.empty());
}

TEST(StateStore, LoginsOfAnotherBootAreGoneAndTheRestStays) {
  const TempDir folder;
  {
    Store store(folder.path(), {}, "boot-1");
    ASSERT_TRUE(store.bind("alice", "s-1"));
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime()});
  }
  {
    const Store store(folder.path(), {}, "boot-1");
    EXPECT_EQ(store.loaded->logins.size(), 1U);
  }
  {
    const Store store(folder.path(), {}, "boot-2");
    EXPECT_TRUE(store.loaded->logins.empty());
    EXPECT_EQ(store.loaded->bindings.size(), 1U);
    EXPECT_EQ(store.loaded->last_seen.size(), 1U);
  }
  const Store store(folder.path(), {}, "boot-2");
  EXPECT_TRUE(store.loaded->logins.empty());
}

// SECURITY section 4, F14.
TEST(StateStore, FullDiskRefusesWhatNeedsItWithItsReasonAndLosesNothingAcknowledged) {
  const TempDir folder;
  std::vector<std::string> acknowledged;
  {
    Store store(folder.path(), 4);
    ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
    std::optional<Error> refusal;
    for (int i = 0; i < 2'000 && !refusal; ++i) {
      std::string user = "user" + std::to_string(i);
      const auto bound = store.bind(user, "subject of " + user);
      if (bound) acknowledged.push_back(user);
      if (!bound) refusal = bound.error();
    }
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, Reason::state_unavailable);
    EXPECT_THAT(refusal->detail, HasSubstr("full"));
    ASSERT_TRUE(store->trouble());
    EXPECT_THAT(*store->trouble(), HasSubstr("full"));
    EXPECT_GE(acknowledged.size(), 1U);

    for (int i = 0; i < 500; ++i)
      store->put_login(std::make_shared<const Login>(login_of(id_of(i), "alice")));
    store.drain();
    EXPECT_EQ(store.journal.count("cannot be written"), 1U) << store.journal.text();
    const auto revoked =
        store.revoke(revocation_of(revocation::Kind::user, "", std::string(2'000, 'm')));
    EXPECT_FALSE(revoked);
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->bindings.size(), acknowledged.size());
  for (const std::string& user : acknowledged)
    EXPECT_NE(store.loaded->bindings.find(user), nullptr) << user;
  EXPECT_TRUE(store.bind("later", "s-1"));
}

// SECURITY section 4, F12: what was acknowledged is there after a kill -9 at any moment. The child
// acknowledges by a byte in a pipe; the parent kills it after another number of them each time,
// while it goes on writing.
TEST(StateStore, KillAtAnyMomentLosesNothingThatWasAcknowledged) {
  const TempDir folder;
  std::size_t acknowledged = 0;
  for (int round = 1; round <= 12; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      Store store(folder.path());
      for (int i = 0; store.loaded; ++i) {
        store->put_login(std::make_shared<const Login>(login_of(id_of(i), "alice")));
        const std::string value = std::to_string(round) + "-" + std::to_string(i);
        if (!store.revoke(revocation_of(revocation::Kind::user, "", value))) break;
        if (::write(ends[1], "+", 1) != 1) break;
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    char byte = 0;
    for (int i = 0; i < round; ++i)
      ASSERT_EQ(::read(ends[0], &byte, 1), 1) << "the child could not write";
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    std::size_t told = static_cast<std::size_t>(round);
    while (::read(ends[0], &byte, 1) == 1) ++told;
    ::close(ends[0]);
    acknowledged += told;
    const Store store(folder.path());
    ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
    EXPECT_GE(store.loaded->revocations.size(), acknowledged);
    // At most the one that was being written may be there as well, unacknowledged.
    EXPECT_LE(store.loaded->revocations.size(), acknowledged + 1);
    acknowledged = store.loaded->revocations.size();
  }
}

TEST(StateStore, SecondDaemonOnTheSameFolderIsRefused) {
  const TempDir folder;
  const Store first(folder.path());
  const Store second(folder.path());
  ASSERT_FALSE(second.loaded);
  EXPECT_EQ(second.loaded.error().reason, Reason::state_unavailable);
  EXPECT_THAT(second.loaded.error().detail, HasSubstr("in use"));
}

// Nothing may be lost without a word: whatever byte of the file goes bad, the daemon either starts
// with every revocation and binding, or says that the file is damaged.
TEST(StateStore, AnyFlippedByteIsEitherSeenOrWithoutEffectOnRevocationsAndBindings) {
  const TempDir folder;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti")));
  }
  const std::string path = folder / StateTables::kFileName;
  const std::string good = read_file(path);
  ASSERT_FALSE(fs::exists(path + "-wal")) << "closing writes the log back";
  const auto before = [&] {
    const Store store(folder.path());
    return store.loaded->revocations;
  }();
  std::size_t refused = 0;
  std::size_t silent = 0;
  // The first page is mostly the schema's own text, and free space is zero: fewer probes there.
  const auto step = [&](std::size_t at) { return good[at] == 0 ? 97U : at < 4'096 ? 11U : 1U; };
  for (std::size_t at = 0; at < good.size(); at += step(at)) {
    const TempDir copy;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x41);
    write_file(copy / StateTables::kFileName, bad);
    const Store store(copy.path());
    if (!store.loaded) {
      ++refused;
      continue;
    }
    const bool same = store.loaded->revocations.size() == before.size() &&
                      std::equal(before.begin(), before.end(), store.loaded->revocations.begin(),
                                 [](const auto& a, const auto& b) {
                                   return a.kind == b.kind && a.issuer == b.issuer &&
                                          a.value == b.value && a.before == b.before;
                                 }) &&
                      store.loaded->bindings.size() == 1 &&
                      store.loaded->bindings.find("alice") != nullptr &&
                      store.loaded->bindings.find("alice")->subject == "s-1";
    if (!same) {
      ++silent;
      ADD_FAILURE() << "byte " << at << " changed what is revoked, and nobody said so";
    }
  }
  EXPECT_EQ(silent, 0U);
  EXPECT_GT(refused, 100U);
}

struct BadFile {
  std::string name;
  std::function<void(const std::string& path)> make;
  std::string want;
};

class RefusedFile : public ::testing::TestWithParam<BadFile> {};

TEST_P(RefusedFile, IsRefusedWithASentenceThatNamesIt) {
  const TempDir folder;
  const std::string path = folder / StateTables::kFileName;
  GetParam().make(path);
  const Store store(folder.path());
  ASSERT_FALSE(store.loaded);
  EXPECT_EQ(store.loaded.error().reason, Reason::state_unavailable);
  EXPECT_THAT(store.loaded.error().detail, HasSubstr(path));
  EXPECT_THAT(store.loaded.error().detail, HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    StateStore, RefusedFile,
    ::testing::Values(
        BadFile{"Garbage",
                [](const std::string& path) { write_file(path, std::string(4'096, 'x')); },
                "is damaged"},
        BadFile{"CutInHalf",
                [](const std::string& path) {
                  { Store store(fs::path(path).parent_path()); }
                  fs::resize_file(path, fs::file_size(path) / 2);
                },
                "is damaged"},
        BadFile{"AFifo",
                [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); },
                "not a plain file"},
        BadFile{"AFolder", [](const std::string& path) { fs::create_directory(path); }, ""},
        BadFile{"ASymbolicLink",
                [](const std::string& path) { fs::create_symlink("/dev/null", path); },
                "symbolic link"},
        BadFile{"AHardLink",
                [](const std::string& path) {
                  write_file(path, "");
                  fs::create_hard_link(path, path + ".other");
                },
                "one name"},
        BadFile{"WritableByOthers",
                [](const std::string& path) {
                  write_file(path, "");
                  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
                },
                "written by others"},
        BadFile{"OfAnotherProgram",
                [](const std::string& path) {
                  auto connection = sqlite::Connection::open(path);
                  ASSERT_TRUE(connection && connection->execute("CREATE TABLE t (x)"));
                  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
                },
                "not a database of latchkeyd"},
        BadFile{"OfANewerVersion",
                [](const std::string& path) {
                  { Store store(fs::path(path).parent_path()); }
                  auto connection = sqlite::Connection::open(path);
                  ASSERT_TRUE(connection && connection->execute("PRAGMA user_version=99"));
                },
                "newer latchkeyd"},
        BadFile{"WithARowTakenOutByHand",
                [](const std::string& path) {
                  {
                    Store store(fs::path(path).parent_path());
                    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
                  }
                  auto connection = sqlite::Connection::open(path);
                  ASSERT_TRUE(connection && connection->execute("DELETE FROM revocation"));
                },
                "seal"}),
    [](const auto& file) { return file.param.name; });

TEST(StateStore, FolderThatOthersMayWriteToIsRefused) {
  const TempDir folder;
  fs::permissions(folder.path(), fs::perms::all);
  const Store store(folder.path());
  ASSERT_FALSE(store.loaded);
  EXPECT_THAT(store.loaded.error().detail, HasSubstr("may be written by others"));
}

TEST(StateStore, MissingFolderIsRefused) {
  const TempDir folder;
  const Store store(folder / "missing");
  ASSERT_FALSE(store.loaded);
  EXPECT_THAT(store.loaded.error().detail, HasSubstr("No such file"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
