// SPDX-License-Identifier: Apache-2.0
#include "bench/remembered.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <unistd.h>

namespace latchkey::bench {
namespace {

// What of this process is in memory.
std::size_t resident() {
  std::size_t all = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// A digest for each number, without a table of them that would be read, too.
jose::TokenDigest digest(std::uint64_t number) {
  jose::TokenDigest digest;
  for (std::size_t at = 0; at < digest.bytes.size(); at += sizeof number) {
    number = (number ^ number >> 31) * 0x9E37'79B9'7F4A'7C15U + at + 1;
    number ^= number >> 29;
    std::memcpy(digest.bytes.data() + at, &number, sizeof number);
  }
  return digest;
}

}  // namespace

Remembered::Remembered(std::size_t entries) : snapshot_(subject_.snapshot()), entries_(entries) {
  auto config = std::make_shared<config::Config>(*snapshot_.config);
  config->remembered_tokens = entries + entries / 8 + 256;  // the shards are not filled evenly
  snapshot_.config = config;
  const auto verified = subject_.verified();
  if (!verified) std::abort();
  for (std::size_t i = 0; i < entries; ++i) memory_.put(digest(i), snapshot_.config, *verified);
  if (memory_.size() != entries || !same() || !any()) {
    std::cerr << "bench: the token is not remembered\n";
    std::exit(2);
  }
  lay_out_reads();

  latchkeyd::TokenMemory full;
  const std::size_t before = resident();
  for (std::size_t i = 0; i < 2 * config->remembered_tokens; ++i)
    full.put(digest(i), snapshot_.config, *verified);
  bytes_an_entry_ = (resident() - before) / full.size();
}

// One entry after the other in an order of chance, each telling where the next one lies.
void Remembered::lay_out_reads() {
  reads_ = latchkeyd::Pages(entries_ * latchkeyd::kRememberedBytesMost);
  std::vector<std::size_t> order(entries_);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same order in every run
  std::shuffle(order.begin(), order.end(), random);
  const auto at = [&](std::size_t i) {
    return reads_.data() + order[i % entries_] * latchkeyd::kRememberedBytesMost;
  };
  for (std::size_t i = 0; i < entries_; ++i) {
    const std::byte* const then = at(i + 1);
    std::memcpy(at(i), &then, sizeof then);
  }
  read_at_ = at(0);
}

bool Remembered::one_read() {
  std::memcpy(&read_at_, read_at_, sizeof read_at_);
  return read_at_ != nullptr;
}

// A stride that meets every entry, and none twice in a row; where an entry lies follows its digest.
std::size_t Remembered::next() {
  at_ = (at_ + 7'919) % entries_;
  return at_;
}

bool Remembered::login(std::size_t number) {
  if (!subject_.digest()) return false;
  const auto known = memory_.find(digest(number), snapshot_.config);
  Trace trace;
  return known && recheck(*known, snapshot_, Subject::now(), trace) &&
         judge(known->claims, known->issuer, subject_.request(), snapshot_, Subject::now(), trace)
             .allowed();
}

}  // namespace latchkey::bench
