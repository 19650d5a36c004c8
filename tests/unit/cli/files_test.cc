// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/files.h"

#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/latchkeyctl/moment.h"
#include "core/base/limits.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::cli {
namespace {

class Files : public testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static mode_t mode(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      ++count;
    return count;
  }

  test::TemporaryFolder folder_;
};

TEST_F(Files, gives_a_token_without_one_line_break_at_its_end_and_else_as_it_is) {
  struct Case {
    std::string text;
    std::string token;
  };
  for (const Case& one :
       {Case{"a.b.c", "a.b.c"}, Case{"a.b.c\n", "a.b.c"}, Case{"a.b.c\n\n", "a.b.c\n"},
        Case{"a.b.c\r\n", "a.b.c\r"}, Case{" a.b.c", " a.b.c"}, Case{"", ""}, Case{"\n", ""},
        Case{"a b\n", "a b"}}) {
    const auto token = read_token(put("t", one.text));
    ASSERT_TRUE(token) << token.error();
    EXPECT_EQ(token->view(), one.token);
  }
}

TEST_F(Files, reads_so_much_of_an_endless_token_that_it_is_seen_to_be_too_long) {
  const auto token = read_token("/dev/zero");
  ASSERT_TRUE(token) << token.error();
  EXPECT_GT(token->size(), limits::kTokenBytes);
}

// Nothing is cut off and then accepted.
TEST_F(Files, shows_that_there_is_more_than_a_token_can_be) {
  const std::string longest(limits::kTokenBytes, 'a');
  EXPECT_EQ(read_token(put("t", longest)).value().view(), longest);
  EXPECT_EQ(read_token(put("t", longest + "\n")).value().view(), longest);
  for (const std::string& more : {std::string("b"), std::string("\n\n"), std::string("\nb"),
                                  std::string(8'000, ' ') + "garbage"}) {
    const auto token = read_token(put("t", longest + more));
    EXPECT_GT(token.value().size(), limits::kTokenBytes);
  }
  const auto blanks = read_token(put("t", "a.b.c" + std::string(80'000, ' ') + "garbage"));
  EXPECT_GT(blanks.value().size(), limits::kTokenBytes);
}

TEST_F(Files, refuses_what_is_longer_than_allowed_at_the_bound) {
  const std::string path = put("f", "12345");
  EXPECT_EQ(read_input(path, 5, "--it").value().view(), "12345");
  EXPECT_EQ(read_input(path, 6, "--it").value().view(), "12345");
  EXPECT_EQ(read_input(path, 4, "--it").error(), path + ": is longer than 4 bytes");
  EXPECT_EQ(read_input("/dev/zero", 4, "--it").error(), "/dev/zero: is longer than 4 bytes");
}

TEST_F(Files, reads_a_fifo_to_its_end) {
  const std::string path = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "a.b.c\n"; });
  const auto token = read_token(path);
  writer.join();
  EXPECT_EQ(token.value().view(), "a.b.c");
}

TEST_F(Files, says_why_a_file_cannot_be_read) {
  EXPECT_EQ(read_input(folder_ / "none", 9, "--it").error(), "--it: No such file or directory")
      << "what was typed may be a secret, however it looks";
  EXPECT_EQ(read_input(folder_.path(), 9, "--it").error(), folder_.path() + ": Is a directory");
}

TEST_F(Files, repeats_nothing_that_was_typed_and_may_be_a_token_or_a_key) {
  const std::string said = read_token("eyJhbGciOiJub25lIn0.e30.c2VjcmV0").error();
  EXPECT_EQ(said.find("eyJ"), std::string::npos);
  EXPECT_NE(said.find("never from the command line"), std::string::npos);
  for (const std::string& typed :
       {std::string(256, 'a'), std::string(R"({"kty":"oct","k":"c2VjcmV0"})"),
        std::string("-----BEGIN PRIVATE KEY-----\nc2VjcmV0")}) {
    EXPECT_EQ(read_token(typed).error(), said);
    EXPECT_EQ(read_key(typed).error(), said);
  }
}

TEST_F(Files, refuses_a_private_key_that_everybody_may_read) {
  EXPECT_TRUE(read_key(put("k", "key", 0600)));
  EXPECT_TRUE(read_key(put("k", "key", 0640)));
  EXPECT_EQ(read_key(put("k", "key", 0644)).error(),
            folder_ / "k: is a private key that everybody may read (chmod o= FILE)");
  for (const mode_t open : {mode_t{0620}, mode_t{0602}})
    EXPECT_EQ(read_key(put("k", "key", open)).error(),
              folder_ / "k: is a private key that others may write (chmod go-w FILE)");
}

TEST_F(Files, takes_a_symmetric_key_only_as_the_daemon_does) {
  struct Case {
    mode_t mode;
    std::string why;
  };
  for (const Case& one :
       {Case{0600, ""}, Case{0400, ""}, Case{0604, "may be read by others"},
        Case{0601, "may be read by others"}, Case{0602, "may be written by others"},
        Case{0620, "may be written by others"}}) {
    const auto key = read_shared_key(put("s", "key", one.mode));
    EXPECT_EQ(key ? "" : key.error(), one.why.empty() ? "" : folder_ / "s: " + one.why);
  }
  EXPECT_EQ(read_shared_key(folder_.path()).error(), folder_.path() + ": is not a plain file");
  if (::geteuid() != 0) return;
  const std::string others = put("o", "key");
  ASSERT_EQ(::chown(others.c_str(), 12'345, 0), 0);
  EXPECT_EQ(read_shared_key(others).error(), others + ": belongs to uid 12345");
  ASSERT_EQ(::chown(others.c_str(), 0, 12'345), 0);
  ::chmod(others.c_str(), 0640);
  EXPECT_EQ(read_shared_key(others).error(), others + ": may be read by the group 12345");
}

TEST_F(Files, writes_a_private_file_for_nobody_else_and_replaces_none_unasked) {
  const mode_t umask = ::umask(0);
  const std::string path = folder_ / "key";
  EXPECT_TRUE(write_private(path, "one", Existing::refuse));
  EXPECT_EQ(mode(path), 0600U);
  EXPECT_EQ(write_private(path, "two", Existing::refuse).error(),
            path + ": is there already (--force replaces it)");
  EXPECT_EQ(content(path), "one");
  ::chmod(path.c_str(), 0644);
  EXPECT_TRUE(write_private(path, "two", Existing::replace));
  EXPECT_EQ(content(path), "two");
  EXPECT_EQ(mode(path), 0600U);
  EXPECT_FALSE(write_private(folder_ / "none/key", "x", Existing::refuse));
  EXPECT_EQ(entries(), 1U) << "nothing temporary is left";
  ::umask(umask);
}

TEST_F(Files, replaces_a_link_and_not_what_it_leads_to) {
  const std::string other = put("other", "precious");
  const std::string path = folder_ / "key";
  ASSERT_EQ(::symlink(other.c_str(), path.c_str()), 0);
  EXPECT_FALSE(write_private(path, "new", Existing::refuse));
  EXPECT_TRUE(write_private(path, "new", Existing::replace));
  EXPECT_EQ(content(other), "precious");
  EXPECT_EQ(content(path), "new");
}

TEST(Moment, is_rfc_3339_or_seconds) {
  const auto seconds = [](std::int64_t count) { return WallTime{std::chrono::seconds(count)}; };
  EXPECT_EQ(parse_moment("0"), seconds(0));
  EXPECT_EQ(parse_moment("1900000000"), seconds(1'900'000'000));
  EXPECT_EQ(parse_moment("2030-03-17T17:46:40Z"), seconds(1'900'000'000));
  EXPECT_EQ(parse_moment("253402300799"), seconds(253'402'300'799));
  for (const char* text : {"253402300800", "-1", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
                           "1.5", "now", "2030-03-17", " 1", "0x10"})
    EXPECT_EQ(parse_moment(text), std::nullopt) << text;
}

}  // namespace
}  // namespace latchkey::cli
