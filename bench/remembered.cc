// SPDX-License-Identifier: Apache-2.0
#include "bench/remembered.h"

#include <malloc.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>

namespace latchkey::bench {
namespace {

std::size_t handed_out() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

Remembered::Remembered(std::size_t entries) : snapshot_(subject_.snapshot()) {
  auto config = std::make_shared<config::Config>(*snapshot_.config);
  config->remembered_tokens = entries + entries / 8 + 256;  // the shards are not filled evenly
  snapshot_.config = config;
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same entries in every run
  digests_.resize(entries);
  for (jose::TokenDigest& digest : digests_) {
    for (auto& byte : digest.bytes) byte = static_cast<std::uint8_t>(random());
  }
  const auto verified = subject_.verified();
  if (!verified) std::abort();
  const std::size_t before = handed_out();
  for (const jose::TokenDigest& digest : digests_) {
    Verified one = *verified;  // claims of its own, as each token has them
    one.claims = std::make_shared<const claims::ValidatedClaims>(*verified->claims);
    memory_.put(digest, snapshot_.config, one);
  }
  bytes_an_entry_ = (handed_out() - before) / entries;
  if (memory_.size() != entries || !same() || !any()) {
    std::cerr << "bench: the token is not remembered\n";
    std::exit(2);
  }
}

// A stride that meets every entry, and none twice in a row.
const jose::TokenDigest& Remembered::next() {
  at_ = (at_ + 7'919) % digests_.size();
  return digests_[at_];
}

bool Remembered::login(const jose::TokenDigest& digest) {
  if (!subject_.digest()) return false;
  const auto known = memory_.find(digest, snapshot_.config);
  Trace trace;
  return known && recheck(*known, snapshot_, Subject::now(), trace) &&
         judge(*known->claims, known->issuer, subject_.request(), snapshot_, Subject::now(), trace)
             .allowed();
}

}  // namespace latchkey::bench
