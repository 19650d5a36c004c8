// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace latchkey::latchkeyd {
namespace {

bool is_hex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

TEST(Ids, AreHexOfTheirLengthAndNeverTheSame) {
  Ids ids;
  std::set<std::string> logins;
  std::set<char> digits;
  for (int i = 0; i < 1'000; ++i) {
    const std::string request = ids.request_id();
    EXPECT_EQ(request.size(), 8U);
    EXPECT_TRUE(is_hex(request)) << request;
    const std::string login = ids.login_id();
    EXPECT_EQ(login.size(), 32U);
    EXPECT_TRUE(is_hex(login)) << login;
    EXPECT_TRUE(logins.insert(login).second) << login;
    digits.insert(login.begin(), login.end());
  }
  EXPECT_EQ(digits.size(), 16U);
}

TEST(Ids, OfTwoWorkersDiffer) {
  Ids a;
  Ids b;
  EXPECT_NE(a.login_id(), b.login_id());
}

}  // namespace
}  // namespace latchkey::latchkeyd
