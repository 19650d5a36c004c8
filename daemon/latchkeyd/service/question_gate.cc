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
  if (!row.closed()) return std::nullopt;
  const bool down = kind == Kind::signed_token && row.is_down(now);
  const Turn* turn = &row.everybody;
  if (!down) {
    const auto own = row.own.find(source);
    if (own == row.own.end() && row.own.size() < kSourcesMost) return std::nullopt;
    if (own != row.own.end()) turn = &own->second;
  }
  if (!turn->waits(now)) return std::nullopt;
  return Refusal{down, "the last questions to the issuer failed, and it is not asked again yet"};
}

// Those of both: which of them counts may change while it is out.
bool QuestionGate::begin(Kind kind, const std::string& source) {
  Row& row = this->row(kind);
  if (!row.closed()) return false;
  row.everybody.taken = true;
  if (Turn* own = row.turn_of(source)) own->taken = true;
  return true;
}

void QuestionGate::ended(Kind kind, std::string_view source) {
  Row& row = this->row(kind);
  row.everybody.taken = false;
  if (const auto own = row.own.find(source); own != row.own.end()) own->second.taken = false;
}

void QuestionGate::answered() { rows_ = {}; }

void QuestionGate::doubted() {
  for (Row& row : rows_) row.down = 0;
}

void QuestionGate::failed(Kind kind, const std::string& source, bool down, SteadyTime now,
                          std::uint32_t random) {
  Row& row = this->row(kind);
  row.down = down ? std::min(row.down + 1, kFailuresInRow) : 0;
  row.failed_at = now;
  row.failures = std::min(row.failures + 1, kFailuresInRow);
  if (row.closed()) row.hold_back(source, now, random);
}

void QuestionGate::Row::hold_back(const std::string& source, SteadyTime now, std::uint32_t random) {
  everybody.hold_back(now, random);
  if (Turn* turn = turn_of(source)) turn->hold_back(now, random);
}

QuestionGate::Turn* QuestionGate::Row::turn_of(const std::string& source) {
  const auto found = own.find(source);
  if (found != own.end()) return &found->second;
  return own.size() < kSourcesMost ? &own[source] : nullptr;
}

// Those that were under way when it began, and fail after it, make nothing longer.
void QuestionGate::Turn::hold_back(SteadyTime now, std::uint32_t random) {
  if (now < next) return;
  interval = std::clamp(interval * 2, kIntervalFirst, kIntervalMost);
  const std::chrono::milliseconds quarter = interval / 4;
  const std::chrono::milliseconds spread((quarter.count() * random) >> 32);
  next = now + interval - spread;
}

void QuestionGate::throttled(Kind kind, const std::string& source, std::chrono::seconds pause,
                             SteadyTime now, std::uint32_t random) {
  std::erase_if(bound_, [&](const auto& each) { return each.second <= now; });
  const bool several = bound_.size() > bound_.count(source);
  doubted();
  if (bound_.size() < kSourcesMost) bound_.insert_or_assign(source, now + pause);
  if (!several) return;
  Row& row = this->row(kind);
  row.failures = kFailuresInRow;
  row.hold_back(source, now, random);
}

}  // namespace latchkey::latchkeyd
