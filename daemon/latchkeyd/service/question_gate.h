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
// A row of signed tokens alone may say that the issuer is down, and only where several sources have
// met silence, about tokens of several subjects: one bearer's tokens may be all that hangs. Then
// one question of all goes out at a time. What one source or subject has met is asked about, each
// time, within the places.
//
// "429 Too Many Requests" binds the source whose question drew it for as long as the provider says.
// A second one, drawn by another source meanwhile, closes the row that it belongs to.
//
// Pure but for the clock and random numbers that are handed in. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace latchkey::latchkeyd {

class QuestionGate {
 public:
  static constexpr unsigned kFailuresInRow = 5;  // so many go out side by side, and no more
  static constexpr std::size_t kWitnesses = 2;   // sources, and subjects, that make an outage
  static constexpr std::chrono::milliseconds kIntervalFirst{250};
  static constexpr std::chrono::milliseconds kIntervalMost{5'000};
  // How long a row says that it is down: one interval, and the question that ends it.
  static constexpr std::chrono::milliseconds kDownMost{10'000};
  static constexpr std::size_t kSourcesMost = 1'024;  // that are remembered, for each purpose

  enum class Kind : std::uint8_t { signed_token, opaque };

  struct Refusal {
    bool down = false;  // all failures of the row were silence, to several, the last just now
    std::string_view why;
  };

  // On whose behalf, about whose token.
  struct Asker {
    std::string source;
    std::string subject;  // as the signature vouches for it; of an opaque token nothing
  };

  // Whether a question may go out now; changes nothing.
  std::optional<Refusal> refuse(Kind kind, std::string_view source, SteadyTime now) const;

  // It goes out. Whether it takes a turn: then ended() has to be said of it.
  bool begin(Kind kind, const std::string& source);
  void ended(Kind kind, std::string_view source);

  // What became of a question: an answer; a sign that the endpoint is sick, `down` where that was
  // silence; "429", with what the provider asked for.
  void answered();
  void doubted();  // neither: nothing says any more that it is down
  void failed(Kind kind, const Asker& asker, bool down, SteadyTime now, std::uint32_t random);
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
    bool all_down = true;
    SteadyTime failed_at{};
    Turn everybody;
    std::map<std::string, Turn, std::less<>> own;  // by source
    std::set<std::string, std::less<>> sources;    // that failed, as many as it takes
    std::set<std::string, std::less<>> subjects;   // and whose tokens

    bool closed() const { return failures >= kFailuresInRow; }
    bool witnessed() const { return sources.size() >= kWitnesses && subjects.size() >= kWitnesses; }
    Turn* turn_of(const std::string& source);
    void hold_back(const std::string& source, SteadyTime now, std::uint32_t random);
  };
  Row& row(Kind kind) { return rows_[static_cast<std::size_t>(kind)]; }

  std::array<Row, 2> rows_;
  std::map<std::string, SteadyTime, std::less<>> bound_;  // sources, and until when
};

}  // namespace latchkey::latchkeyd
