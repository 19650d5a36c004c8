// SPDX-License-Identifier: Apache-2.0
//
// What latchkey-askpass and the wrapper say to each other on the wrapper's private SOCK_SEQPACKET
// socket: the prompt as it is one way, one answer back, each one message of at most 8192 bytes.
#pragma once

namespace latchkey::cli {

// First byte of an answer; the rest is its text.
inline constexpr char kAnswerPart = 'A';      // print it
inline constexpr char kAnswerForeign = 'F';   // ask the user
inline constexpr char kAnswerWithheld = 'W';  // show why there is none
inline constexpr char kAnswerNotice = 'N';    // show it and answer with an empty line

// Names of the environment variables by which the wrapper hands on what SSH_ASKPASS or SUDO_ASKPASS
// was before.
inline constexpr char kFormerAskpass[] = "LATCHKEY_FORMER_ASKPASS";
inline constexpr char kFormerRequire[] = "LATCHKEY_FORMER_ASKPASS_REQUIRE";

}  // namespace latchkey::cli
