// SPDX-License-Identifier: Apache-2.0
//
// When an issuer whose endpoint does not answer, or does not want to, is asked the next time. After
// some failures in a row one question at a time goes out, at growing intervals, and the others hear
// at once that nobody answers: a sick provider is left to come up, and no login waits for what is
// not going to come. The first answer ends it.
//
// Signed and opaque tokens have a row each. Anybody can guess at opaque tokens; only who has the
// issuer's signature asks about signed ones, so that a row of those alone may say that it is down.
//
// "429 Too Many Requests" binds the source whose question drew it for as long as the provider says.
// A second one, drawn by another source meanwhile, means everybody: as failures do.
//
// Pure but for the clock and random numbers that are handed in. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace latchkey::latchkeyd {

class QuestionGate {
 public:
  static constexpr unsigned kFailuresInRow = 5;  // so many go out side by side, and no more
  static constexpr std::chrono::milliseconds kIntervalFirst{250};
  static constexpr std::chrono::milliseconds kIntervalMost{5'000};
  // How long a row says that it is down: one interval, and the question that ends it.
  static constexpr std::chrono::milliseconds kDownMost{10'000};
  static constexpr std::size_t kSourcesMost = 1'024;  // that are remembered as bound

  enum class Kind : std::uint8_t { signed_token, opaque };

  struct Refusal {
    bool down = false;  // the failures in a row were all of them silence, the last just now
    std::string_view why;
  };

  // Whether a question may go out now; changes nothing.
  std::optional<Refusal> refuse(Kind kind, std::string_view source, SteadyTime now) const;

  // It goes out. Whether it is the one that is let through: then ended() has to be said of it.
  bool begin(Kind kind);
  void ended(Kind kind) { row(kind).probing = false; }

  // What became of a question: an answer; a sign that the endpoint is sick, `down` where that was
  // silence; "429", with what the provider asked for.
  void answered();
  void doubted();  // neither: nothing says any more that it is down
  void failed(Kind kind, bool down, SteadyTime now, std::uint32_t random);
  void throttled(const std::string& source, std::chrono::seconds pause, SteadyTime now,
                 std::uint32_t random);

  std::size_t sources() const { return bound_.size(); }

 private:
  struct Row {
    unsigned failures = 0;
    bool all_down = true;
    bool probing = false;
    std::chrono::milliseconds interval{0};
    SteadyTime next{};
    SteadyTime failed_at{};
  };
  Row& row(Kind kind) { return rows_[static_cast<std::size_t>(kind)]; }
  static void hold_back(Row& row, SteadyTime now, std::uint32_t random);

  std::array<Row, 2> rows_;
  std::map<std::string, SteadyTime, std::less<>> bound_;  // sources, and until when
};

}  // namespace latchkey::latchkeyd
