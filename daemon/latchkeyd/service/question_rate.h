// SPDX-License-Identifier: Apache-2.0
//
// How many questions one issuer is asked: so many a second and twice as many at once, and of those
// one source has at most half, so that whoever guesses at opaque tokens leaves the other half to
// everybody else, however low the rate is set. Remembers only sources whose share is not whole
// again, and a bounded number of them; with more at work than that it is no longer one source, and
// the issuer's own bound is what holds.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace latchkey::latchkeyd {

class QuestionRate {
 public:
  static constexpr std::size_t kSourcesMost = 1'024;

  enum class Verdict : std::uint8_t { granted, source_spent, issuer_spent };

  QuestionRate(std::size_t per_second, SteadyTime now);

  // Whether one more may be asked now; only then is it paid for.
  Verdict take(const std::string& source, SteadyTime now);

  std::size_t sources() const { return sources_.size(); }

 private:
  struct Bucket {
    double allowance = 0;
    SteadyTime filled_at{};
  };
  static double allowance(const Bucket& bucket, double per_second, SteadyTime now);
  void forget_whole(SteadyTime now);

  double per_second_;
  Bucket issuer_;
  std::map<std::string, Bucket, std::less<>> sources_;
};

}  // namespace latchkey::latchkeyd
