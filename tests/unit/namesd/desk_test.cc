// SPDX-License-Identifier: Apache-2.0
//
// Questions and answers of docs/NAMES.md, without a socket.
#include "daemon/namesd/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/namesd/world.h"

namespace latchkey::namesd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ipc::Peer kSomebody{.pid = 7, .uid = 1000, .gid = 1000};
constexpr ipc::Peer kSshd{.pid = 8, .uid = 0, .gid = 0};
constexpr ipc::Peer kOtherRoot{.pid = 9, .uid = 0, .gid = 0};

const std::string kMore = R"(,"more":true)";

std::string error(const std::string& name, const std::string& parameters = "{}") {
  const std::string interface =
      name.find('.') == std::string::npos ? "io.systemd.UserDatabase." : "";
  return R"({"error":")" + interface + name + R"(","parameters":)" + parameters + "}";
}

const std::string kNone = error("NoRecordFound");
const std::string kConflict = error("ConflictingRecordFound");
const std::string kEnumeration = error("EnumerationNotSupported");
const std::string kExpectedMore = error("org.varlink.service.ExpectedMore");
const std::string kInvalid = "org.varlink.service.InvalidParameter";

const std::string kBob =
    R"({"parameters":{"record":{"userName":"bob","disposition":"regular","uid":200002,"gid":200002,)"
    R"("homeDirectory":"/home/bob","shell":"/bin/sh","realName":"Bob, the","service":)"
    R"("io.latchkey.Names"},"incomplete":false}})";
const std::string kLou =
    R"({"parameters":{"record":{"userName":"lou","disposition":"regular","uid":200003,"gid":200003,)"
    R"("homeDirectory":"/srv/lou","shell":"/bin/bash","locked":true,"service":"io.latchkey.Names"},)"
    R"("incomplete":false}})";
const std::string kGuest =
    R"({"parameters":{"record":{"userName":"alice","disposition":"regular","uid":1972521211,)"
    R"("gid":1972521211,"homeDirectory":"/home/alice","shell":"/bin/bash",)"
    R"("service":"io.latchkey.Names"},"incomplete":false}})";

std::string group(const std::string& name, const std::string& gid) {
  return R"({"parameters":{"record":{"groupName":")" + name +
         R"(","disposition":"regular","gid":)" + gid +
         R"(,"service":"io.latchkey.Names"},"incomplete":false}})";
}

std::string member(const std::string& user, const std::string& in, bool continues = false) {
  return R"({"parameters":{"userName":")" + user + R"(","groupName":")" + in + R"("})" +
         (continues ? R"(,"continues":true)" : "") + "}";
}

// With the service's name.
std::string ours(const std::string& members) {
  return "{" + members + (members.empty() ? "" : ",") + R"("service":"io.latchkey.Names"})";
}

class DeskTest : public ::testing::Test {
 protected:
  std::vector<std::string> ask(const std::string& method, const std::string& parameters,
                               const std::string& more = "", const ipc::Peer& peer = kSomebody) {
    auto answer = desk.answer(testing::call_text(method, parameters, more), peer, book, now);
    if (!answer) return {"closed"};
    return testing::replies(*std::move(answer));
  }
  std::string one(const std::string& method, const std::string& members,
                  const ipc::Peer& peer = kSomebody) {
    const auto all = ask(method, ours(members), "", peer);
    return all.size() == 1 ? all[0] : std::to_string(all.size()) + " replies";
  }

  Desk::Shown book = testing::shown();
  Desk::TimePoint now{};
  Desk desk{{.vendor = "Latchkey", .product = "p", .version = "1", .url = ""},
            [](const ipc::Peer& peer) { return peer.pid == kSshd.pid; }};
};

struct Case {
  std::string name;
  std::string method;
  std::string members;
  std::string want;
};

TEST_F(DeskTest, AnswersForOneRecord) {
  const std::string user = "GetUserRecord";
  const std::string groups = "GetGroupRecord";
  const std::vector<Case> cases = {
      {"a user by name", user, R"("userName":"bob")", kBob},
      {"a user by uid", user, R"("uid":200002)", kBob},
      {"a user by both", user, R"("userName":"bob","uid":200002)", kBob},
      {"null is not given", user, R"("userName":"bob","uid":null)", kBob},
      {"a locked one", user, R"("userName":"lou")", kLou},
      {"a conflict: the uid is another's", user, R"("userName":"bob","uid":200003)", kConflict},
      {"a conflict: the uid is nobody's", user, R"("userName":"bob","uid":5)", kConflict},
      {"a conflict: the name is nobody's", user, R"("userName":"x","uid":200002)", kConflict},
      {"none: by name", user, R"("userName":"alice")", kNone},
      {"none: by uid", user, R"("uid":1972521211)", kNone},
      {"none: by both", user, R"("userName":"x","uid":5)", kNone},
      {"none: a group's name", user, R"("userName":"developers")", kNone},
      {"none: a local user", user, R"("userName":"local")", kNone},
      {"none: root", user, R"("uid":0)", kNone},
      {"none: upper case", user, R"("userName":"BOB")", kNone},
      {"none: no name", user, R"("userName":"")", kNone},
      {"none: a name with NUL", user, R"("userName":"bob\u0000")", kNone},
      {"none: a name with a colon", user, R"("userName":"bob:x")", kNone},
      {"the highest id", user, R"("uid":4294967294)", kNone},
      {"wrong: the id that means none", user, R"("uid":4294967295)",
       error(kInvalid, R"({"parameter":"uid"})")},
      {"wrong: a negative id", user, R"("uid":-1)", error(kInvalid, R"({"parameter":"uid"})")},
      {"wrong: an id that wraps", user, R"("uid":4295167298)",
       error(kInvalid, R"({"parameter":"uid"})")},
      {"wrong: an id as a text", user, R"("uid":"200002")",
       error(kInvalid, R"({"parameter":"uid"})")},
      {"wrong: an id with a fraction", user, R"("uid":200002.0)",
       error(kInvalid, R"({"parameter":"uid"})")},
      {"wrong: a name that is no text", user, R"("userName":[])",
       error(kInvalid, R"({"parameter":"userName"})")},
      {"wrong: a filter that is not ours", user, R"("userName":"bob","uidMin":1)",
       error(kInvalid, R"({"parameter":"uidMin"})")},
      {"wrong: a group's parameter", user, R"("gid":200002)",
       error(kInvalid, R"({"parameter":"gid"})")},
      {"a group by name", groups, R"("groupName":"developers")", group("developers", "200010")},
      {"a group by gid", groups, R"("gid":200011)", group("Ops", "200011")},
      {"a group by both", groups, R"("groupName":"Ops","gid":200011)", group("Ops", "200011")},
      {"a user's own by name", groups, R"("groupName":"bob")", group("bob", "200002")},
      {"a user's own by gid", groups, R"("gid":200003)", group("lou", "200003")},
      {"a conflict of groups", groups, R"("groupName":"Ops","gid":200010)", kConflict},
      {"a conflict of a group and no gid", groups, R"("groupName":"Ops","gid":5)", kConflict},
      {"none: a local group", groups, R"("groupName":"docker")", kNone},
      {"none: a local gid", groups, R"("gid":990)", kNone},
      {"a member in its group", "GetMemberships", R"("userName":"bob","groupName":"developers")",
       member("bob", "developers")},
      {"a member in a group of the host's", "GetMemberships",
       R"("userName":"bob","groupName":"docker")", member("bob", "docker")},
      {"none: who is in another", "GetMemberships", R"("userName":"lou","groupName":"docker")",
       kNone},
      {"none: in root's group nobody is", "GetMemberships",
       R"("userName":"bob","groupName":"root")", kNone},
  };
  for (const auto& c : cases) EXPECT_EQ(one(c.method, c.members), c.want) << c.name;
}

TEST_F(DeskTest, ListsMembersWhereThereAreSeveral) {
  EXPECT_THAT(ask("GetMemberships", ours(R"("userName":"bob")"), kMore),
              ElementsAre(member("bob", "developers", true), member("bob", "docker")));
  EXPECT_THAT(ask("GetMemberships", ours(R"("groupName":"developers")"), kMore),
              ElementsAre(member("bob", "developers", true), member("lou", "developers")));
  EXPECT_THAT(ask("GetMemberships", ours(R"("userName":"local")"), kMore), ElementsAre(kNone));
  EXPECT_THAT(ask("GetMemberships", ours(R"("userName":"bob")")), ElementsAre(kExpectedMore));
}

TEST_F(DeskTest, ListsEverythingOnlyWhereTheFileSaysSo) {
  for (const auto* method : {"GetUserRecord", "GetGroupRecord", "GetMemberships"}) {
    EXPECT_THAT(ask(method, ours(""), kMore), ElementsAre(kEnumeration)) << method;
    EXPECT_THAT(ask(method, ours("")), ElementsAre(kExpectedMore)) << method;
  }
  auto open = testing::content();
  open.settings.enumerate = true;
  book = testing::shown(open, testing::kPasswd + "lou:x:1:1:::\n");
  const auto continued = [](std::string reply) {
    reply.insert(reply.size() - 1, R"(,"continues":true)");
    return reply;
  };
  EXPECT_THAT(ask("GetUserRecord", ours(""), kMore), ElementsAre(kBob));
  EXPECT_THAT(ask("GetGroupRecord", ours(""), kMore),
              ElementsAre(continued(group("Ops", "200011")),
                          continued(group("developers", "200010")), group("bob", "200002")));
  EXPECT_THAT(ask("GetMemberships", ours(""), kMore),
              ElementsAre(member("bob", "developers", true), member("bob", "docker")));
  book = testing::shown({.settings = open.settings, .users = {}, .groups = {}, .members = {}});
  EXPECT_THAT(ask("GetUserRecord", ours(""), kMore), ElementsAre(kNone));
}

TEST_F(DeskTest, ServesNothingThatTheLocalFilesHave) {
  struct Local {
    std::string name;
    std::string passwd;
    std::string group;
    bool user;   // is bob served?
    bool own;    // is his group?
    bool other;  // are the developers?
  };
  const std::vector<Local> cases = {
      {"all without", "", "", true, true, true},
      {"not bob: his name is taken", "bob:x:5:5:::\n", "", false, false, true},
      {"not bob: his uid is taken", "x:x:200002:5:::\n", "", false, false, true},
      {"not bob: his gid is a local group's", "", "x:x:200002:\n", false, false, true},
      {"not bob: his gid is a local user's", "x:x:5:200002:::\n", "", false, false, true},
      {"not his group: its name is taken", "", "bob:x:5:\n", true, false, true},
      {"not the developers: their name is taken", "", "developers:x:5:\n", true, true, false},
      {"not the developers: their gid is taken", "", "x:x:200010:\n", true, true, false},
      {"not the developers: their gid is a user's", "x:x:5:200010:::\n", "", true, true, false},
  };
  for (const auto& c : cases) {
    book =
        testing::shown(testing::content(), testing::kPasswd + c.passwd, testing::kGroup + c.group);
    EXPECT_EQ(one("GetUserRecord", R"("userName":"bob")") == kBob, c.user) << c.name;
    EXPECT_EQ(one("GetUserRecord", R"("uid":200002)") == kBob, c.user) << c.name;
    EXPECT_EQ(one("GetGroupRecord", R"("gid":200002)") == group("bob", "200002"), c.own) << c.name;
    EXPECT_EQ(one("GetGroupRecord", R"("groupName":"developers")") != kNone, c.other) << c.name;
    EXPECT_EQ(one("GetMemberships", R"("userName":"bob","groupName":"developers")") != kNone,
              c.user && c.other)
        << c.name;
  }
}

TEST_F(DeskTest, KnowsItsServiceAlone) {
  const std::string bad = error("BadService");
  EXPECT_THAT(ask("GetUserRecord", R"({"userName":"bob"})"), ElementsAre(bad));
  EXPECT_THAT(ask("GetGroupRecord", R"({"gid":1,"service":"io.systemd.Multiplexer"})"),
              ElementsAre(bad));
  EXPECT_THAT(ask("GetMemberships", R"({"service":""})", kMore), ElementsAre(bad));
}

TEST_F(DeskTest, SaysThatItKnowsNothingWhereItDoesNot) {
  book = nullptr;
  EXPECT_EQ(one("GetUserRecord", R"("userName":"bob")"), error("ServiceNotAvailable"));
  EXPECT_EQ(one("GetGroupRecord", R"("gid":5)"), error("ServiceNotAvailable"));
}

TEST_F(DeskTest, TellsWhatItIs) {
  const auto told = [&](const std::string& message) {
    return testing::replies(desk.answer(message, kSomebody, book, now).value()).at(0);
  };
  EXPECT_THAT(told(R"({"method":"org.varlink.service.GetInfo"})"),
              HasSubstr(R"("interfaces":["org.varlink.service","io.systemd.UserDatabase"])"));
  EXPECT_THAT(told(R"({"method":"org.varlink.service.GetInterfaceDescription",)"
                   R"("parameters":{"interface":"io.systemd.UserDatabase"}})"),
              HasSubstr("method GetUserRecord"));
  EXPECT_THAT(told(R"({"method":"io.systemd.UserDatabase.SetUserRecord"})"),
              HasSubstr("MethodNotFound"));
}

TEST_F(DeskTest, ClosesOnWhatIsNoCallAndIsSilentWhereSilenceIsWanted) {
  for (const auto* text : {"", "x", "{}", "[]", R"({"method":7})", R"({"method":"a.B","x":1})"})
    EXPECT_FALSE(desk.answer(text, kSomebody, book, now).has_value()) << text;
  EXPECT_THAT(ask("GetUserRecord", ours(R"("userName":"bob")"), R"(,"oneway":true)"),
              ElementsAre());
}

TEST_F(DeskTest, ShowsAProvisionalRecordToSshdAlone) {
  const std::string query = R"("userName":"alice")";
  EXPECT_EQ(one("GetUserRecord", query, kSomebody), kNone);
  EXPECT_EQ(one("GetUserRecord", query, kOtherRoot), kNone);
  EXPECT_EQ(one("GetUserRecord", query, {.pid = kSshd.pid, .uid = 1000, .gid = 0}), kNone);
  EXPECT_EQ(one("GetUserRecord", query, kSshd), kGuest);
}

TEST_F(DeskTest, ShowsItsGroupAndItsIdOnceItWasShown) {
  const std::string own = group("alice", "1972521211");
  EXPECT_EQ(one("GetUserRecord", R"("uid":1972521211)", kSshd), kNone);
  EXPECT_EQ(one("GetGroupRecord", R"("gid":1972521211)", kSshd), kNone);
  EXPECT_EQ(one("GetGroupRecord", R"("groupName":"alice")", kSshd), own);
  EXPECT_EQ(one("GetGroupRecord", R"("gid":1972521211)", kSshd), own);
  EXPECT_EQ(one("GetUserRecord", R"("uid":1972521211)", kSshd), kGuest);
  EXPECT_EQ(one("GetUserRecord", R"("uid":1972521211,"userName":"alice")", kSshd), kGuest);
  EXPECT_EQ(one("GetUserRecord", R"("uid":1972521212,"userName":"alice")", kSshd), kNone);
  EXPECT_EQ(one("GetGroupRecord", R"("gid":1972521211)", kOtherRoot), kNone);
  EXPECT_THAT(ask("GetMemberships", ours(R"("userName":"alice")"), kMore, kSshd),
              ElementsAre(kNone));
}

TEST_F(DeskTest, ShowsNoProvisionalRecordForWhatIsSomebodys) {
  const std::string query = R"("userName":"alice")";
  const auto with = [&](const std::string& passwd, const std::string& groups) {
    book = testing::shown(testing::content(), testing::kPasswd + passwd, testing::kGroup + groups);
    return one("GetUserRecord", query, kSshd);
  };
  EXPECT_EQ(with("alice:x:5:5:::\n", ""), kNone) << "a local user";
  EXPECT_EQ(with("", "alice:x:5:\n"), kNone) << "a local group";
  EXPECT_EQ(with("x:x:1972521211:5:::\n", ""), kNone) << "a local uid";
  EXPECT_EQ(with("x:x:5:1972521211:::\n", ""), kNone) << "a local user's gid";
  EXPECT_EQ(with("", "x:x:1972521211:\n"), kNone) << "a local gid";
  EXPECT_EQ(with("", ""), kGuest);
  for (const bool uid : {true, false}) {
    auto changed = testing::content();
    (uid ? changed.users[0].uid : changed.users[0].gid) = testing::kIdOfGuest;
    book = testing::shown(changed);
    EXPECT_EQ(one("GetUserRecord", query, kSshd), kNone) << "an id of the file's";
  }
  auto changed = testing::content();
  changed.groups[0] = {"alice", 200'011};
  book = testing::shown(changed);
  EXPECT_EQ(one("GetUserRecord", query, kSshd), kNone) << "a group of the file's";
  changed = testing::content();
  changed.settings.provisional = false;
  book = testing::shown(changed);
  EXPECT_EQ(one("GetUserRecord", query, kSshd), kNone) << "the file wants none";
}

// A name of the file that the local files withhold is nobody's to guess.
TEST_F(DeskTest, ShowsNoProvisionalRecordInPlaceOfOneThatIsWithheld) {
  book = testing::shown(testing::content(), testing::kPasswd + "x:x:200002:5:::\n");
  EXPECT_EQ(one("GetUserRecord", R"("userName":"bob")", kSshd), kNone);
}

TEST_F(DeskTest, ShowsNoProvisionalRecordForAnUnusableName) {
  for (const auto* name : {"", "Alice", "1000", "0x0", "-a", ".a", "a b", "a:b", "a/b", "al\\u0000",
                           "\\u00e9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_EQ(one("GetUserRecord", R"("userName":")" + std::string(name) + "\"", kSshd), kNone)
        << name;
}

TEST_F(DeskTest, ShowsNoMoreThanSoManyGuestsInATime) {
  const auto shows = [&](const std::string& name) {
    return one("GetUserRecord", R"("userName":")" + name + "\"", kSshd) != kNone;
  };
  for (std::size_t i = 0; i < Guests::kBurst; ++i)
    EXPECT_TRUE(shows("guest" + std::to_string(i))) << i;
  EXPECT_FALSE(shows("one-more"));
  EXPECT_TRUE(shows("guest0")) << "was shown before, and costs nothing";
  now += std::chrono::milliseconds(1'000 / Guests::kPerSecond);
  EXPECT_TRUE(shows("one-more"));
  EXPECT_FALSE(shows("two-more"));
}

}  // namespace
}  // namespace latchkey::namesd
