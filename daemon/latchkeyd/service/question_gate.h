// SPDX-License-Identifier: Apache-2.0
//
// When an issuer whose endpoint does not answer, or does not want to, is asked the next time: a
// sick provider is left to come up, and no login waits for what is not going to come. The first
// answer ends it.
//
// Signed and opaque tokens have a row of failures each. Anybody can guess at opaque tokens; only
// who has the issuer's signature asks about signed ones. After some failures a row is closed, and
// each source has its own turns: one question at a time, at growing intervals once its own have
// failed. So nobody's failures hold others back.
//
// A row of signed tokens alone may say that the issuer is down: where nobody took the connection,
// as often in a row as closes it. That does not depend on the token that was asked about. Then one
// question of all goes out at a time.
//
// A pause that the provider asks for (429, 503 with Retry-After) binds the source whose question
// drew it. A second one, drawn by another source meanwhile, closes the row that it belongs to.
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
  static constexpr std::size_t kSourcesMost = 1'024;  // that are remembered, for each purpose

  enum class Kind : std::uint8_t { signed_token, opaque };

  struct Refusal {
    bool down = false;  // nobody was there the last times, and that was just now
    std::string_view why;
  };

  // Whether a question may go out now; changes nothing.
  std::optional<Refusal> refuse(Kind kind, std::string_view source, SteadyTime now) const;

  // It goes out. Whether it takes a turn: then ended() has to be said of it.
  bool begin(Kind kind, const std::string& source);
  void ended(Kind kind, std::string_view source);

  // What became of a question: an answer; a sign that the endpoint is sick, `down` where nobody was
  // there; a pause that the provider asked for.
  void answered();
  void doubted();  // neither: nothing says any more that it is down
  void failed(Kind kind, const std::string& source, bool down, SteadyTime now,
              std::uint32_t random);
  void throttled(Kind kind, const std::string& source, std::chrono::seconds pause, SteadyTime now,
                 std::uint32_t random);

  std::size_t sources() const { return bound_.size(); }

 private:
  struct Turn {
    bool taken = false;
    std::chrono::milliseconds interval{0};
    SteadyTime next{};

    bool waits(SteadyTime now) const { return taken || now < next; }
    void hold_back(SteadyTime now, std::uint32_t random);
  };
  struct Row {
    unsigned failures = 0;
    unsigned down = 0;  // of these, the last so many
    SteadyTime failed_at{};
    Turn everybody;
    std::map<std::string, Turn, std::less<>> own;  // by source

    bool closed() const { return failures >= kFailuresInRow; }
    bool is_down(SteadyTime now) const {
      return down >= kFailuresInRow && now - failed_at < kDownMost;
    }
    Turn* turn_of(const std::string& source);
    void hold_back(const std::string& source, SteadyTime now, std::uint32_t random);
  };
  Row& row(Kind kind) { return rows_[static_cast<std::size_t>(kind)]; }

  std::array<Row, 2> rows_;
  std::map<std::string, SteadyTime, std::less<>> bound_;  // sources, and until when
};

}  // namespace latchkey::latchkeyd
