// SPDX-License-Identifier: Apache-2.0
//
// main() of the unit tests. In the build `mutation` it switches off the check whose index
// LATCHKEY_SWITCHED_OFF holds (core/base/mutation.h).
#include <gmock/gmock.h>

#ifdef LATCHKEY_MUTATION
#include <cstdlib>

#include "core/base/mutation.h"
#endif

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
#ifdef LATCHKEY_MUTATION
  if (const char* index = std::getenv("LATCHKEY_SWITCHED_OFF")) {
    latchkey::mutation::switched_off = static_cast<latchkey::mutation::Switch>(std::atoi(index));
  }
#endif
  return RUN_ALL_TESTS();
}
