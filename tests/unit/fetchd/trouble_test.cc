// SPDX-License-Identifier: Apache-2.0
//
// Which failures of a transfer mean that nobody was there: a login may stand on it.
#include "daemon/fetchd/trouble.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

TEST(Trouble, NobodyIsThereWhereTheConnectionWasRefusedOrFoundNoWay) {
  for (const long error : {ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ETIMEDOUT})
    EXPECT_TRUE(nobody_is_there(CURLE_COULDNT_CONNECT, {.system_error = error})) << error;
}

TEST(Trouble, WhatThisHostRunsOutOfOrForbidsItselfSaysNothingOfTheOther) {
  for (const long error :
       {0, ECONNRESET, EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM})
    EXPECT_FALSE(nobody_is_there(CURLE_COULDNT_CONNECT, {.system_error = error})) << error;
  for (const CURLcode code : {CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_SSL_CACERT_BADFILE,
                              CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_WRITE_ERROR})
    EXPECT_FALSE(nobody_is_there(code, {.system_error = ECONNREFUSED})) << code;
}

TEST(Trouble, NobodyIsThereWhereNoConnectionStoodInTime) {
  EXPECT_TRUE(nobody_is_there(CURLE_OPERATION_TIMEDOUT, {}));
  EXPECT_FALSE(nobody_is_there(CURLE_OPERATION_TIMEDOUT, {.connected = true}))
      << "silence may be about one token";
}

TEST(Trouble, WhoeverTookTheConnectionIsThereWhateverItSays) {
  for (const CURLcode code :
       {CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CONNECT_ERROR,
        CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE,
        CURLE_WEIRD_SERVER_REPLY, CURLE_FILESIZE_EXCEEDED}) {
    EXPECT_FALSE(nobody_is_there(code, {})) << code;
    EXPECT_FALSE(nobody_is_there(code, {.connected = true})) << code;
  }
  EXPECT_FALSE(
      nobody_is_there(CURLE_COULDNT_CONNECT, {.connected = true, .system_error = ECONNREFUSED}))
      << "by way of a proxy";
}

}  // namespace
}  // namespace latchkey::fetchd
