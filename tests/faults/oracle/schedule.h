// SPDX-License-Identifier: Apache-2.0
//
// What is sent: classes of logins, each with its tokens, its share of the traffic and the sources
// it comes from. Which verdict is right is not known here; the class's name stands in each record,
// and the harness judges (tests/faults/harness/verdicts.py).
//
// A class is a line "NAME WEIGHT SERVICE USER SOURCE TOKEN-FILE", by tabs; lines of one name add
// tokens to it. A SOURCE that ends in a dot stands for as many addresses as are needed so that no
// budget is what is met. A token file of two lines is a flood's: a header whose marker becomes a
// new `kid` each time, and payload and signature.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::faults {

struct Class {
  std::string name;
  unsigned weight = 0;
  std::string service;
  std::string user;
  std::string source;
  std::vector<std::string> tokens;
};

// One login to be made.
struct Login {
  std::size_t kind = 0;  // index of its class
  std::string token;
  std::string rhost;
};

class Schedule {
 public:
  // Ends the program where the file cannot be read.
  Schedule(const std::string& path, unsigned seed);

  const std::vector<Class>& classes() const { return classes_; }

  // The next login by the weights; nothing where all of them are zero.
  std::optional<Login> next();

  // "weight NAME N" changes the share of a class; whatever else changes nothing.
  void obey(std::string_view line);

 private:
  void add(const std::string& line);
  std::string token_of(const Class& kind);

  std::vector<Class> classes_;
  std::mt19937 random_;
  std::size_t made_ = 0;
};

}  // namespace latchkey::faults
