// SPDX-License-Identifier: Apache-2.0
//
// Full disks, kills, flipped bytes, files and folders that are not ours.
#include "daemon/latchkeyd/io/state_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/state_store_host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::BadFile;
using testing::read_file;
using testing::write_file;

using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;
using state_store_test::login_of;
using state_store_test::revocation_of;
using state_store_test::Store;

std::string id_of(int number) {
  const std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

class RefusedFile : public ::testing::TestWithParam<BadFile> {};

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
