// SPDX-License-Identifier: Apache-2.0
//
// latchkey-askpass: ssh and sudo start it once for each prompt, and a token takes several. So it is
// a program of its own that loads libc and nothing else.
#include "cli/common/no_cores.h"
#include "cli/latchkey/askpass_client.h"

int main(int argc, char** argv) {
  latchkey::cli::no_cores();
  return latchkey::cli::run_askpass(argc, argv);
}
