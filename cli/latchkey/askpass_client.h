// SPDX-License-Identifier: Apache-2.0
//
// What latchkey-askpass does when ssh or sudo starts it: one prompt in, one answer on standard
// output.
#pragma once

namespace latchkey::cli {

// The whole process: gives the prompt (argv[1]) to the wrapper's socket beside the link that it was
// started by, and prints the part; a prompt that is not ours goes to the user's former askpass
// program or to the terminal. Exit status 0 with an answer.
int run_askpass(int argc, char** argv);

}  // namespace latchkey::cli
