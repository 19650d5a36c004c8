// SPDX-License-Identifier: Apache-2.0
//
// What runs when ssh or sudo starts us as their askpass program: one prompt in, one answer on
// standard output.
#pragma once

namespace latchkey::cli {

// True where the program was started under the name of the wrapper's askpass link.
bool is_askpass(const char* argv0);

// The whole process: gives the prompt (argv[1]) to the wrapper's socket beside the link, and prints
// the part; a prompt that is not ours goes to the user's former askpass program or to the terminal.
// Exit status 0 with an answer.
int run_askpass(int argc, char** argv);

// Names of the environment variables by which the wrapper hands on what SSH_ASKPASS or SUDO_ASKPASS
// was before.
inline constexpr char kFormerAskpass[] = "LATCHKEY_FORMER_ASKPASS";
inline constexpr char kFormerRequire[] = "LATCHKEY_FORMER_ASKPASS_REQUIRE";

}  // namespace latchkey::cli
