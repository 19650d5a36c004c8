// SPDX-License-Identifier: Apache-2.0
#include "redis/connection.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/redis_stub.h"

namespace latchkey::redis {
namespace {

using test::RedisStub;
using Kind = Trouble::Kind;

class ConnectionTest : public ::testing::Test {
 protected:
  // Long enough for any machine; nothing here comes to it.
  static Connection::Deadline later() {
    return std::chrono::steady_clock::now() + std::chrono::minutes(5);
  }
  static Connection open(const RedisStub& stub) {
    return Connection::open({.path = stub.path()}, -1, later()).value();
  }
  static Trouble signed_in(const std::string& answer) {
    const RedisStub stub({{answer}});
    wire::SecretBuffer password(6);
    EXPECT_TRUE(password.append("sesame"));
    Connection connection = open(stub);
    const auto in = connection.sign_in("host", password, later());
    return in ? Trouble{Kind::stopped, "is in"} : in.error();
  }
};

// What Redis says where `AUTH` has another name.
TEST_F(ConnectionTest, OfARefusedPasswordOnlyTheKindIsPassedOn) {
  for (const std::string answer :
       {"-ERR unknown command 'AUTH', with args beginning with: 'host' 'sesame' \r\n",
        "-sesame is no password\r\n", "-WRONGPASS sesame\r\n", "-sesame\r\n"}) {
    const Trouble trouble = signed_in(answer);
    EXPECT_EQ(trouble.kind, Kind::refused);
    EXPECT_EQ(trouble.what.find("sesame"), std::string::npos) << trouble.what;
  }
  EXPECT_NE(signed_in("-WRONGPASS no\r\n").what.find("WRONGPASS"), std::string::npos);
  EXPECT_EQ(signed_in("+OK\r\n").what, "is in");
  EXPECT_EQ(signed_in("$6\r\nsesame\r\n").what, "the server answered AUTH oddly");
}

TEST_F(ConnectionTest, AnAnswerThatHasNoEndEndsWithItsTime) {
  // As much as comes before the time is looked at.
  const RedisStub stub({{"*1000000\r\n" + std::string(300'000, 'x')}});
  Connection connection = open(stub);
  ASSERT_TRUE(connection.send(command({"PING"}), later()));
  const auto reply = connection.receive(std::chrono::steady_clock::now());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, Kind::network);
}

TEST_F(ConnectionTest, RestingNoticesAServerThatGoesAwayAndOneThatSpeaksUnasked) {
  for (const auto& [more, kind] :
       {std::pair(std::string(), Kind::network), {":1\r\n", Kind::protocol}}) {
    const RedisStub stub({{"$-1\r\n" + more}});
    Connection connection = open(stub);
    ASSERT_TRUE(connection.call(command({"PING"}), later()));
    const auto rested = connection.rest(later());
    ASSERT_FALSE(rested);
    EXPECT_EQ(rested.error().kind, kind);
  }
}

}  // namespace
}  // namespace latchkey::redis
