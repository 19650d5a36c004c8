// SPDX-License-Identifier: Apache-2.0
//
// The names file by its page (docs/NAMES.md): what is read, what is refused and by which line, and
// that what is written is read again.
#include "core/accounts/names_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/sha256.h"
#include "tests/support/vectors.h"

namespace latchkey::accounts {
namespace {

using namespace std::string_literals;

const std::string kHead =
    "latchkey-names:1\nenumerate:no\nprovisional:yes\nids:1879048192:2147352575\n"
    "home:/home/%u\nshell:/bin/bash\n";
const std::string kAlice =
    "user:alice:200001:200001:active:0:/home/alice:/bin/bash:Alice Example\n";
const std::string kBob = "user:bob:200002:200002:locked:1700000000:/home/bob:/bin/sh:\n";

std::string summed(const std::string& body) {
  return body + "sha256:" + jose::sha256_hex(body).value() + "\n";
}

NamesContent content() {
  return {.settings = {.enumerate = false,
                       .provisional = true,
                       .ids = {1'879'048'192, 2'147'352'575},
                       .home = "/home/%u",
                       .shell = "/bin/bash"},
          .users = {{"alice", 200'001, 200'001, AccountState::active, 0, "/home/alice", "/bin/bash",
                     "Alice Example"},
                    {"bob", 200'002, 200'002, AccountState::locked, 1'700'000'000, "/home/bob",
                     "/bin/sh", ""}},
          .groups = {{"Ops", 200'011}, {"developers", 200'010}},
          .members = {{"developers", "alice"}, {"developers", "bob"}, {"docker", "alice"}}};
}

TEST(NamesFile, IsReadAsItsPageSays) {
  const auto names = Names::parse(summed(kHead + kAlice + kBob + "group:Ops:200011\n" +
                                         "group:developers:200010\nmember:developers:alice\n" +
                                         "member:developers:bob\nmember:docker:alice\n"));
  ASSERT_TRUE(names.has_value()) << names.error().line << names.error().what;
  EXPECT_EQ(names->content(), content());
}

TEST(NamesFile, MayHaveNoRecords) {
  const auto names = Names::parse(summed(kHead));
  ASSERT_TRUE(names.has_value());
  EXPECT_TRUE(names->content().users.empty());
}

TEST(NamesFile, IsReadAgainAsItWasWritten) {
  auto shuffled = content();
  std::reverse(shuffled.users.begin(), shuffled.users.end());
  std::reverse(shuffled.groups.begin(), shuffled.groups.end());
  std::reverse(shuffled.members.begin(), shuffled.members.end());
  const auto names = Names::make(shuffled);
  ASSERT_TRUE(names.has_value()) << names.error().what;
  EXPECT_EQ(names->content(), content()) << "sorted";
  const auto text = write(*names);
  ASSERT_TRUE(text.has_value());
  const auto again = Names::parse(*text);
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(again->content(), content());
  EXPECT_EQ(write(*again).value(), *text);
}

TEST(NamesFile, RefusesDamageAnywhere) {
  const std::string good = summed(kHead + kAlice + kBob);
  ASSERT_TRUE(Names::parse(good).has_value());
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(Names::parse(good.substr(0, at)).has_value()) << "cut at " << at;
    std::string other = good;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_FALSE(Names::parse(other).has_value()) << "another byte at " << at;
  }
  EXPECT_FALSE(Names::parse(good + "\n").has_value());
  EXPECT_FALSE(Names::parse("\n" + good).has_value());
}

struct Case {
  std::string name;
  std::string body;
  std::size_t line;  // that is named; 0: none is
};

TEST(NamesFile, RefusesWhatItsPageDoesNotAllowAndNamesTheLine) {
  const auto user = [](const std::string& fields) { return kHead + "user:" + fields + "\n"; };
  const auto head = [](const std::string& from, const std::string& to) {
    std::string changed = kHead;
    return changed.replace(changed.find(from), from.size(), to);
  };
  const std::vector<Case> cases = {
      {"refused: another version", head("names:1", "names:2"), 1},
      {"refused: no version", head("latchkey-names:1\n", ""), 1},
      {"refused: a switch that is neither yes nor no", head("enumerate:no", "enumerate:No"), 2},
      {"refused: a switch that is missing", head("provisional:yes\n", ""), 3},
      {"refused: settings in another order",
       "latchkey-names:1\nprovisional:yes\nenumerate:no\n" + kHead.substr(kHead.find("ids:")), 2},
      {"refused: a range with a number of another form", head("ids:1879048192", "ids:01879048192"),
       4},
      {"refused: a range that is upside down", head("1879048192:2147352575", "2000:1999"), 4},
      {"refused: a range over what systemd has", head("1879048192:2147352575", "60000:65536"), 4},
      {"refused: a range that begins too low", head("1879048192:2147352575", "999:2000"), 4},
      {"refused: a home that has no name in it", head("/home/%u", "/home"), 5},
      {"refused: a home that has it twice", head("/home/%u", "/home/%u/%u"), 5},
      {"refused: a home with another token", head("/home/%u", "/home/%d/%u"), 5},
      {"refused: a home that no longest name fits into",
       head("/home/%u", "/" + std::string(223, 'h') + "/%u"), 0},
      {"refused: a shell that is no path", head("/bin/bash", "bash"), 6},
      {"refused: the settings end too early", "latchkey-names:1\nenumerate:no\n", 3},
      {"refused: an empty line", kHead + "\n", 7},
      {"refused: a comment", kHead + "# x\n", 7},
      {"refused: an unknown line", kHead + "shadow:alice:x\n", 7},
      {"refused: a carriage return", kHead + "group:a:200001\r\n", 7},
      {"refused: a field too few", user("alice:200001:200001:active:0:/home/alice:/bin/sh"), 7},
      {"refused: a field too many", user("alice:200001:200001:active:0:/home/alice:/bin/sh::"), 7},
      {"refused: another state", user("alice:200001:200001:closed:/home/alice:/bin/sh:"), 7},
      {"refused: a user after a group", kHead + "group:a:200009\n" + kAlice, 8},
      {"refused: a group after a member", kHead + kAlice + "member:x:alice\ngroup:a:200009\n", 9},
      {"refused: users out of order", kHead + kBob + kAlice, 8},
      {"refused: a user twice", kHead + kAlice + kAlice, 8},
      {"refused: groups out of order", kHead + "group:b:200001\ngroup:a:200002\n", 8},
      {"refused: a group twice", kHead + "group:b:200001\ngroup:b:200002\n", 8},
      {"refused: members out of order", kHead + kAlice + kBob + "member:x:bob\nmember:x:alice\n",
       10},
      {"refused: a member twice", kHead + kAlice + "member:x:alice\nmember:x:alice\n", 9},
      {"refused: a uid twice",
       kHead + kAlice + "user:bob:200001:200002:active:0:/home/bob:/bin/sh:\n", 8},
      {"refused: a gid twice among users",
       kHead + kAlice + "user:bob:200002:200001:active:0:/home/bob:/bin/sh:\n", 8},
      {"refused: a gid twice among groups", kHead + "group:a:200001\ngroup:b:200001\n", 8},
      {"refused: a group with a user's own gid", kHead + kAlice + "group:x:200001\n", 8},
      {"refused: a group with a user's name", kHead + kAlice + "group:alice:200009\n", 8},
      {"refused: a member that is no user", kHead + kAlice + "member:x:bob\n", 8},
      {"refused: a member of a user's own group", kHead + kAlice + kBob + "member:bob:alice\n", 9},
      {"refused: a name in upper case", user("Alice:200001:200001:active:0:/home/a:/bin/sh:"), 7},
      {"refused: a name of 33 bytes",
       user(std::string(33, 'a') + ":200001:200001:active:0:/home/a:/bin/sh:"), 7},
      {"refused: a name that is a number", user("1000:200001:200001:active:0:/home/a:/bin/sh:"), 7},
      {"refused: a name that is empty", user(":200001:200001:active:0:/home/a:/bin/sh:"), 7},
      {"refused: a group's name with a blank", kHead + "group:a b:200001\n", 7},
      {"refused: a member's group with a dash before it", kHead + kAlice + "member:-x:alice\n", 8},
  };
  for (const auto& c : cases) {
    const auto names = Names::parse(summed(c.body));
    ASSERT_FALSE(names.has_value()) << c.name;
    if (c.line != 0) {
      EXPECT_EQ(names.error().line, c.line) << c.name << ": " << names.error().what;
    }
    EXPECT_FALSE(names.error().what.empty()) << c.name;
  }
}

struct IdCase {
  std::uint32_t id;
  bool usable;
};

TEST(NamesFile, TakesNoIdThatSystemOrSystemdHas) {
  const std::vector<IdCase> cases = {
      {0, false},
      {1, false},
      {999, false},
      {1000, true},
      {60'000, true},
      {60'001, false},
      {60'513, false},
      {60'514, false},
      {60'577, false},
      {60'578, false},
      {60'705, false},
      {61'183, false},
      {61'184, false},
      {65'519, false},
      {65'533, false},
      {65'534, false},
      {65'535, false},
      {65'536, true},
      {524'287, true},
      {524'288, false},
      {1'879'048'191, false},
      {1'879'048'192, true},
      {2'147'352'575, true},
      {2'147'352'576, false},
      {2'147'418'111, false},
      {2'147'418'112, true},
      {2'147'483'646, true},
      {2'147'483'647, true},
      {2'147'483'648, false},
      {4'294'967'294, false},
      {4'294'967'295, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(usable_id(c.id), c.usable) << c.id;
    auto user = content();
    user.users[1].uid = c.id;
    EXPECT_EQ(Names::make(user).has_value(), c.usable) << "uid " << c.id;
    user = content();
    user.users[1].gid = c.id;
    EXPECT_EQ(Names::make(user).has_value(), c.usable) << "gid " << c.id;
    user = content();
    user.groups[1].gid = c.id;
    EXPECT_EQ(Names::make(user).has_value(), c.usable) << "gid of a group " << c.id;
  }
}

struct PathCase {
  std::string name;
  std::string path;
  bool fits;
};

TEST(NamesFile, TakesCleanPathsOnly) {
  const std::vector<PathCase> cases = {
      {"a path", "/home/alice", true},
      {"one part", "/x", true},
      {"a name with dots in it", "/home/a..b", true},
      {"256 bytes", "/" + std::string(255, 'a'), true},
      {"257 bytes", "/" + std::string(256, 'a'), false},
      {"nothing", "", false},
      {"the root", "/", false},
      {"a relative one", "home/alice", false},
      {"a slash at the end", "/home/", false},
      {"two slashes", "/home//alice", false},
      {"a dot", "/home/./alice", false},
      {"two dots", "/home/../root", false},
      {"two dots at the end", "/home/..", false},
      {"a colon", "/home/a:b", false},
      {"a blank", "/home/a b", false},
      {"a newline", "/home/a\nb", false},
      {"NUL", "/home/a\0b"s, false},
      {"an escape", "/home/\x1b[1m", false},
      {"DEL", "/home/\x7f", false},
      {"no ASCII", "/home/\xc3\xa9", false},
  };
  for (const auto& c : cases) {
    auto home = content();
    home.users[0].home = c.path;
    EXPECT_EQ(Names::make(home).has_value(), c.fits) << c.name;
    auto shell = content();
    shell.users[0].shell = c.path;
    EXPECT_EQ(Names::make(shell).has_value(), c.fits) << c.name;
  }
}

TEST(NamesFile, TakesRealNamesThatNobodyIsHarmedBy) {
  const std::vector<PathCase> cases = {
      {"none", "", true},
      {"blanks and commas", "Doe, Jane", true},
      {"other scripts", "\xd0\x90\xd0\xbb\xd0\xb8\xd1\x81\xd0\xb0 \xe6\x84\x9b \xf0\x9f\x99\x82",
       true},
      {"256 bytes", std::string(256, 'a'), true},
      {"257 bytes", std::string(257, 'a'), false},
      {"a colon", "a:b", false},
      {"a newline", "a\nb", false},
      {"NUL", "a\0b"s, false},
      {"an escape", "\x1b[1m", false},
      {"DEL", "\x7f", false},
      {"a control character of two bytes", "\xc2\x9b", false},
      {"the first that is none", "\xc2\xa0", true},
      {"a lone continuation byte", "\x80", false},
      {"a sequence that is cut", "\xe6\x84", false},
      {"a slash of two bytes", "\xc0\xaf", false},
      {"a slash of three bytes", "\xe0\x80\xaf", false},
      {"a surrogate", "\xed\xa0\x80", false},
      {"what lies beyond Unicode", "\xf4\x90\x80\x80", false},
      {"the last of it", "\xf4\x8f\xbf\xbf", true},
      {"the byte 0xff", "\xff", false},
  };
  for (const auto& c : cases) {
    auto changed = content();
    changed.users[0].real_name = c.path;
    EXPECT_EQ(Names::make(changed).has_value(), c.fits) << c.name;
  }
}

TEST(NamesFile, IsNeverLargerThanItsLimit) {
  EXPECT_FALSE(Names::parse(std::string(limits::kNamesFileBytes + 1, 'x')).has_value());
  auto large = content();
  large.users.clear();
  large.members.clear();
  const std::string longest = std::string(limits::kRealNameBytes, 'r');
  const std::string path = "/" + std::string(limits::kNamesPathBytes - 1, 'p');
  for (std::uint32_t i = 0; i < 22'000; ++i)
    large.users.push_back({"u" + std::to_string(i), 300'000 + i, 300'000 + i, AccountState::active,
                           0, path, path, longest});
  const auto names = Names::make(std::move(large));
  ASSERT_TRUE(names.has_value()) << names.error().what;
  EXPECT_FALSE(write(*names).has_value());
}

// Whoever is shown a naughty string is refused, or has one that is harmless in every field.
TEST(NamesFile, StaysOneLineARecordWhateverIsPutIntoIt) {
  constexpr std::string_view kStrings = "naughty-strings/blns.json";
  LATCHKEY_SKIP_WITHOUT_VECTORS(kStrings);
  const testing::VectorFile file(*testing::vector_path(kStrings));
  testing::report_cases("naughty-strings", file.root().size(), 515);
  std::size_t taken = 0;
  for (const auto each : file.root().elements()) {
    const std::string text(each.as_string().value());
    for (const auto field :
         {&NamesUser::name, &NamesUser::home, &NamesUser::shell, &NamesUser::real_name}) {
      auto changed = content();
      changed.members.clear();
      changed.users[0].*field = text;
      const auto names = Names::make(changed);
      if (!names) continue;
      ++taken;
      const auto written = write(*names).value();
      EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 11) << text;
      const auto again = Names::parse(written);
      ASSERT_TRUE(again.has_value()) << text;
      EXPECT_EQ(again->content(), names->content());
    }
  }
  EXPECT_GT(taken, 100U);
}

TEST(Names, AreFoundByNameAndId) {
  const auto names = Names::make(content()).value();
  ASSERT_NE(names.find_user("bob"), nullptr);
  EXPECT_EQ(names.find_user("bob")->uid, 200'002U);
  EXPECT_EQ(names.find_uid(200'001), names.find_user("alice"));
  for (const auto* name : {"", "a", "alic", "alicf", "bo", "zoe", "developers"})
    EXPECT_EQ(names.find_user(name), nullptr) << name;
  for (const std::uint32_t uid : {0U, 200'000U, 200'003U, 200'010U, 4'294'967'295U})
    EXPECT_EQ(names.find_uid(uid), nullptr) << uid;
}

TEST(Names, HaveAGroupForEachUserBesideTheOthers) {
  const auto names = Names::make(content()).value();
  EXPECT_EQ(names.find_group("developers")->gid, 200'010U);
  EXPECT_EQ(names.find_group("Ops")->user, nullptr);
  EXPECT_EQ(names.find_group("alice")->user, names.find_user("alice"));
  EXPECT_EQ(names.find_gid(200'002)->name, "bob");
  EXPECT_EQ(names.find_gid(200'011)->name, "Ops");
  EXPECT_FALSE(names.find_group("ops").has_value());
  EXPECT_FALSE(names.find_gid(200'003).has_value());
}

TEST(Names, KnowWhoIsInWhatAndInWhatWhoIs) {
  const auto names = Names::make(content()).value();
  const auto developers = names.members_of("developers");
  ASSERT_EQ(developers.size(), 2U);
  EXPECT_EQ(developers[1].user, "bob");
  EXPECT_TRUE(names.members_of("Ops").empty());
  EXPECT_TRUE(names.members_of("zzz").empty());
  std::vector<std::string> groups;
  for (const auto place : names.groups_of("alice"))
    groups.push_back(names.content().members[place].group);
  EXPECT_EQ(groups, (std::vector<std::string>{"developers", "docker"}));
  EXPECT_TRUE(names.groups_of("zoe").empty());
}

TEST(Names, AreNoneWithoutAFile) {
  const Names none;
  EXPECT_EQ(none.find_user("alice"), nullptr);
  EXPECT_FALSE(none.find_gid(1000).has_value());
  EXPECT_FALSE(none.content().settings.provisional);
}

}  // namespace
}  // namespace latchkey::accounts
