// SPDX-License-Identifier: Apache-2.0
#include "core/claims/email_address.h"

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

TEST(EmailAddress, IsSaidByMailInTheNameOfAClaim) {
  for (const char* name : {"email", "Email", "EMAIL", "e-mail", "E-Mail", "mail", "emails",
                           "emailAddress", "user_email", "address.email", "user.email.value",
                           "https://corp.example/email", "work_email", "email_unverified"})
    EXPECT_TRUE(names_email(name)) << name;
  for (const char* name :
       {"", "ema", "upn", "preferred_username", "groups", "email_verified", "emailVerified"})
    EXPECT_FALSE(names_email(name)) << name;
}

TEST(EmailAddress, IsAValueWithSomethingBeforeAnAt) {
  for (const char* value : {"boss@example.com", "a.b+c@x.example", "B@E.COM", "boss@host",
                            "mailto:a@b.example", "Boss <boss@example.com>", "\"b s\"@example.com",
                            "a@b@c.example", "a@[IPv6:2001:db8::1]", "a@b\u3002example"})
    EXPECT_TRUE(is_email(value)) << value;
  for (const char* value :
       {"", "@", "boss", "@example.com", "octo/repo/.github/workflows/a.yml@refs/heads/v1.2"})
    EXPECT_FALSE(is_email(value)) << value;
}

}  // namespace
}  // namespace latchkey::claims
