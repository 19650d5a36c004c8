// SPDX-License-Identifier: Apache-2.0
//
// main() of every test program of the module: PROGRAM MODULE.so. Ends with 77, which CTest calls
// skipped, where it is neither root nor able to make a user namespace of its own.
#include <cstdio>
#include <cstdlib>

#include "tests/pam/support/sandbox.h"

int run_program();  // of the program's own source

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s MODULE.so\n", argv[0]);
    return 2;
  }
  // Before any thread: a process with threads cannot change its user namespace.
  if (!latchkey::tests::enter_root_namespace()) {
    printf("skipped: needs root, or user namespaces without it\n");
    return 77;
  }
  char* path = realpath(argv[1], nullptr);  // libpam looks for a relative one elsewhere
  if (path == nullptr) {
    perror(argv[1]);
    return 2;
  }
  latchkey::tests::set_module_path(path);
  free(path);  // NOLINT(cppcoreguidelines-no-malloc): realpath's
  const latchkey::tests::SandboxRoot root;
  return run_program();
}
