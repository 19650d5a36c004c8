// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/record.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

using testing::kLogin;
using testing::World;

TEST(RecordTest, NoteIsReadWhole) {
  const auto record = parse_record(World::text("sudo", "root", "alice", 77, 12345));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->service, "sudo");
  EXPECT_EQ(record->user, "root");
  EXPECT_EQ(record->ruser, "alice");
  EXPECT_EQ(record->pid, 77);
  EXPECT_EQ(record->start, 12345U);
}

TEST(RecordTest, TextThatIsNoNoteToTheLetterIsNone) {
  const std::string good = World::text();
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_record(good.substr(0, size))) << size;
  EXPECT_FALSE(parse_record(good + "\n"));
  EXPECT_FALSE(parse_record(World::text("", "alice")));
  EXPECT_FALSE(parse_record(World::text("sshd", "")));
  EXPECT_FALSE(parse_record(World::text("sshd", "al\tice")));
  EXPECT_FALSE(parse_record(World::text("sshd", "alice", "", 1))) << "pid 1";
  EXPECT_FALSE(parse_record(World::text("sshd", "alice", "", -5)));
  EXPECT_FALSE(parse_record(World::text("sshd", "alice", "", 0)));
  EXPECT_FALSE(parse_record(World::text("sshd", "alice", "", 5, 0)));
}

TEST(RecordTest, NothingIsFoundWhereThereIsNoNote) {
  const World world;
  const auto found = Records(world.folder / "notes", ::getuid()).find(kLogin);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_FALSE(*found);
}

TEST(RecordTest, OnlyLoginIdsAreLookedFor) {
  const World world;
  world.note(World::text(), "../outside");
  const Records records(world.folder / "notes", ::getuid());
  for (const std::string& id :
       {std::string("../outside"), std::string(), kLogin.substr(1), kLogin + "0",
        std::string("0123456789ABCDEF0123456789ABCDEF"), "../" + kLogin.substr(3)}) {
    EXPECT_FALSE(records.find(id)) << id;
  }
}

TEST(RecordTest, NoteThatOthersCouldHaveWrittenIsRefused) {
  const World world;
  const Records records(world.folder / "notes", ::getuid());
  world.note(World::text(), kLogin, 0620);
  EXPECT_FALSE(records.find(kLogin)) << "its group may write";
  world.note(World::text(), kLogin, 0602);
  EXPECT_FALSE(records.find(kLogin)) << "others may write";
  world.note(World::text(), kLogin, 0600);
  ASSERT_TRUE(records.find(kLogin));
  EXPECT_FALSE(Records(world.folder / "notes", ::getuid() + 1).find(kLogin)) << "another's folder";
  ::link(world.path().c_str(), (world.folder / "second").c_str());
  EXPECT_FALSE(records.find(kLogin)) << "it has a second name";
}

TEST(RecordTest, NoteOfAnotherOwnerIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const World world;
  world.note(World::text());
  ASSERT_EQ(::chown(world.path().c_str(), 4'711, 0), 0);
  EXPECT_FALSE(Records(world.folder / "notes", ::getuid()).find(kLogin));
}

TEST(RecordTest, NoteIsAPlainFile) {
  const World world;
  const Records records(world.folder / "notes", ::getuid());
  world.note(World::text(), "target");
  ASSERT_EQ(::symlink(world.path("target").c_str(), world.path().c_str()), 0);
  EXPECT_FALSE(records.find(kLogin)) << "a symbolic link";
  ::unlink(world.path().c_str());
  ASSERT_EQ(::mkfifo(world.path().c_str(), 0600), 0);
  const auto fifo = records.find(kLogin);  // which nobody waits for
  ASSERT_FALSE(fifo);
  EXPECT_EQ(fifo.error().kind, ipc::FaultKind::denied);
}

TEST(RecordTest, FolderThatOthersMayWriteToIsRefused) {
  const World world;
  world.note(World::text());
  ::chmod((world.folder / "notes").c_str(), 0770);
  EXPECT_FALSE(Records(world.folder / "notes", ::getuid()).find(kLogin));
}

TEST(RecordTest, NoteThatIsTooLongIsRefused) {
  const World world;
  world.note(World::text("sshd", std::string(2'000, 'a')));
  EXPECT_FALSE(Records(world.folder / "notes", ::getuid()).find(kLogin));
}

TEST(RecordTest, RemovalTakesTheNoteAndNothingElse) {
  const World world;
  world.note(World::text());
  world.note(World::text(), "other");
  const Records records(world.folder / "notes", ::getuid());
  records.remove("../notes/other");
  records.remove("other");
  EXPECT_TRUE(std::filesystem::exists(world.path("other")));
  records.remove(kLogin);
  EXPECT_FALSE(std::filesystem::exists(world.path()));
}

}  // namespace
}  // namespace latchkey::endd
