// SPDX-License-Identifier: Apache-2.0
//
// Which failures of a transfer mean that nobody was there: a login may stand on it.
#include "daemon/fetchd/trouble.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

TEST(Trouble, NobodyAnsweredWhereTheConnectionWasRefusedOrFoundNoWay) {
  for (const long error :
       {ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ETIMEDOUT})
    EXPECT_TRUE(nobody_answered(CURLE_COULDNT_CONNECT, {.system_error = error})) << error;
}

TEST(Trouble, WhatThisHostRunsOutOfOrForbidsItselfSaysNothingOfTheOther) {
  for (const long error : {0, EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM})
    EXPECT_FALSE(nobody_answered(CURLE_COULDNT_CONNECT, {.system_error = error})) << error;
  for (const CURLcode code : {CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_SSL_CACERT_BADFILE,
                              CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_WRITE_ERROR})
    EXPECT_FALSE(nobody_answered(code, {.system_error = ECONNREFUSED})) << code;
}

TEST(Trouble, NobodyAnsweredWhereTheTimeWasOverBeforeAnAnswerBegan) {
  EXPECT_TRUE(nobody_answered(CURLE_OPERATION_TIMEDOUT, {}));
  EXPECT_TRUE(nobody_answered(CURLE_OPERATION_TIMEDOUT, {.proxy_status = 200}));
  for (const long status : {100, 200, 401, 429, 500, 503, 504})
    EXPECT_FALSE(nobody_answered(CURLE_OPERATION_TIMEDOUT, {.http_status = status})) << status;
  EXPECT_FALSE(nobody_answered(CURLE_OPERATION_TIMEDOUT, {.began = true})) << "half a status line";
}

TEST(Trouble, WhoeverIsThereHasAnsweredWhateverItSays) {
  for (const CURLcode code :
       {CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CONNECT_ERROR,
        CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE,
        CURLE_WEIRD_SERVER_REPLY, CURLE_FILESIZE_EXCEEDED})
    EXPECT_FALSE(nobody_answered(code, {})) << code;
  for (const long status : {403, 407, 502, 503, 504}) {
    EXPECT_FALSE(nobody_answered(CURLE_OPERATION_TIMEDOUT, {.proxy_status = status})) << status;
    EXPECT_FALSE(nobody_answered(CURLE_COULDNT_CONNECT,
                                 {.proxy_status = status, .system_error = ECONNREFUSED}))
        << status;
  }
}

}  // namespace
}  // namespace latchkey::fetchd
