// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/question_gate.h"

#include <algorithm>

namespace latchkey::latchkeyd {

std::optional<QuestionGate::Refusal> QuestionGate::refuse(Kind kind, std::string_view source,
                                                          SteadyTime now) const {
  const auto bound = bound_.find(source);
  if (bound != bound_.end() && now < bound->second)
    return Refusal{false, "the provider has asked for a pause"};
  const Row& row = rows_[static_cast<std::size_t>(kind)];
  if (row.failures < kFailuresInRow || (!row.probing && now >= row.next)) return std::nullopt;
  const bool down = row.all_down && now - row.failed_at < kDownMost;
  return Refusal{down, "the last questions to the issuer failed, and it is not asked again yet"};
}

bool QuestionGate::begin(Kind kind) {
  Row& row = this->row(kind);
  row.probing = row.failures >= kFailuresInRow;
  return row.probing;
}

void QuestionGate::answered() { rows_ = {}; }

void QuestionGate::doubted() {
  for (Row& row : rows_) row.all_down = false;
}

void QuestionGate::failed(Kind kind, bool down, SteadyTime now, std::uint32_t random) {
  Row& row = this->row(kind);
  row.all_down = row.all_down && down;
  row.failed_at = now;
  row.failures = std::min(row.failures + 1, kFailuresInRow);
  if (row.failures == kFailuresInRow) hold_back(row, now, random);
}

// Those that were under way when it began, and fail after it, make nothing longer.
void QuestionGate::hold_back(Row& row, SteadyTime now, std::uint32_t random) {
  if (now < row.next) return;
  row.interval = std::clamp(row.interval * 2, kIntervalFirst, kIntervalMost);
  const std::chrono::milliseconds quarter = row.interval / 4;
  const std::chrono::milliseconds spread((quarter.count() * random) >> 32);
  row.next = now + row.interval - spread;
}

void QuestionGate::throttled(const std::string& source, std::chrono::seconds pause, SteadyTime now,
                             std::uint32_t random) {
  std::erase_if(bound_, [&](const auto& each) { return each.second <= now; });
  const bool everybody = bound_.size() > bound_.count(source);
  doubted();
  if (bound_.size() < kSourcesMost) bound_.insert_or_assign(source, now + pause);
  if (!everybody) return;
  for (Row& row : rows_) {
    row.failures = kFailuresInRow;
    hold_back(row, now, random);
  }
}

}  // namespace latchkey::latchkeyd
