// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/oracle/records.h"

namespace latchkey::faults {
namespace {

long long microseconds(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

void Records::add(const Times& times, std::string_view kind, const Outcome& outcome) {
  ++made_;
  const std::string_view reason = outcome.reason.empty() ? "-" : outcome.reason;
  if (counts_only_) {
    ++counts_[{std::string(kind), std::string(outcome.what), std::string(reason)}];
    return;
  }
  std::fprintf(file_, "%lld %lld %lld %lld %.*s %.*s %.*s\n", microseconds(times.due),
               microseconds(times.started), microseconds(Clock::now()),
               microseconds(times.oldest_open), static_cast<int>(kind.size()), kind.data(),
               static_cast<int>(outcome.what.size()), outcome.what.data(),
               static_cast<int>(reason.size()), reason.data());
}

void Records::flush(Clock::time_point oldest_open, std::size_t commands) {
  if (!counts_only_) std::fprintf(file_, "open %lld %zu\n", microseconds(oldest_open), commands);
  std::fflush(file_);
}

void Records::write_counts() {
  for (const auto& [key, number] : counts_) {
    const auto& [kind, what, reason] = key;
    std::fprintf(file_, "count %s %s %s %zu\n", kind.c_str(), what.c_str(), reason.c_str(), number);
  }
}

}  // namespace latchkey::faults
