// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/question_rate.h"

#include <algorithm>
#include <chrono>

namespace latchkey::latchkeyd {
namespace {

constexpr double kBurstSeconds = 2;
constexpr double kShareOfSource = 0.5;

}  // namespace

QuestionRate::QuestionRate(std::size_t per_second, SteadyTime now)
    : per_second_(static_cast<double>(std::max<std::size_t>(per_second, 1))),
      issuer_{kBurstSeconds * per_second_, now} {}

double QuestionRate::allowance(const Bucket& bucket, double per_second, SteadyTime now) {
  const std::chrono::duration<double> passed = now - bucket.filled_at;
  return std::min(kBurstSeconds * per_second, bucket.allowance + per_second * passed.count());
}

QuestionRate::Verdict QuestionRate::take(const std::string& source, SteadyTime now) {
  const double share = kShareOfSource * per_second_;
  issuer_ = {allowance(issuer_, per_second_, now), now};
  auto own = sources_.find(source);
  if (own == sources_.end()) {
    if (sources_.size() >= kSourcesMost) forget_whole(now);
    if (sources_.size() < kSourcesMost)
      own = sources_.emplace(source, Bucket{kBurstSeconds * share, now}).first;
  } else {
    own->second = {allowance(own->second, share, now), now};
  }
  if (own != sources_.end() && own->second.allowance < 1) return Verdict::source_spent;
  if (issuer_.allowance < 1) return Verdict::issuer_spent;
  issuer_.allowance -= 1;
  if (own != sources_.end()) own->second.allowance -= 1;
  return Verdict::granted;
}

// A whole share is what a source that is not remembered has.
void QuestionRate::forget_whole(SteadyTime now) {
  const double share = kShareOfSource * per_second_;
  std::erase_if(sources_, [&](const auto& source) {
    return allowance(source.second, share, now) >= kBurstSeconds * share;
  });
}

}  // namespace latchkey::latchkeyd
