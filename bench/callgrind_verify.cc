// SPDX-License-Identifier: Apache-2.0
//
// One measured call under callgrind: callgrind_verify floor|verify|decide|digest ALGORITHM.
// Instructions are counted inside measured() only (--toggle-collect=measured), so that start-up and
// warming up do not count, and with fixed keys and tokens the number repeats. tests/callgrind runs
// it and holds the difference to the floor.
#include <iostream>
#include <string_view>

#include "bench/subject.h"

using latchkey::bench::Subject;

extern "C" [[gnu::noinline]] bool measured(Subject& subject, bool (Subject::*station)()) {
  const bool good = (subject.*station)();
  asm volatile("" ::: "memory");
  return good;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "callgrind_verify floor|verify|decide|digest ALGORITHM\n";
    return 2;
  }
  const std::string_view which = argv[1];
  Subject subject(argv[2]);
  const auto station = which == "floor"    ? &Subject::floor
                       : which == "verify" ? &Subject::verify
                       : which == "digest" ? &Subject::digest
                                           : &Subject::decide;
  for (int i = 0; i < 3; ++i) (subject.*station)();
  return measured(subject, station) ? 0 : 1;
}
