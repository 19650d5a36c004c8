// SPDX-License-Identifier: Apache-2.0
//
// Has issuers asked about tokens: one question for everybody who waits for the same answer, and
// never more of them than an issuer's section allows, in a second and at once, nor more of one
// source's than its share of either. What was answered is read here and kept in the memory that all
// workers share. Each issuer by itself: one that is slow or dead uses up its own places and nobody
// else's.
//
// Belongs to the control thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/introspection.h"
#include "core/jose/scratch.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/introspector.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/service/introspection_memory.h"
#include "daemon/latchkeyd/service/needs.h"
#include "daemon/latchkeyd/service/question_gate.h"
#include "daemon/latchkeyd/service/question_rate.h"

namespace latchkey::latchkeyd {

inline constexpr std::size_t kQuestionsOfIssuer = 32;  // under way at once
inline constexpr std::size_t kQuestionsOfSource = 8;   // of one issuer
// How long an issuer that was heard of is not taken for gone. One that is slow, or takes so many
// connections and no more, answers others meanwhile.
inline constexpr std::chrono::seconds kHeardOf{10};
// Of all issuers: below what fetchd has open for one connection (128), so that a flood never looks
// like a fetchd that cannot be reached, and keys can be fetched beside it.
inline constexpr std::size_t kQuestionsInAll = 96;
// Of those, places that are an issuer's own, so that others that are slow or dead never take the
// last one: up to eight; with more issuers an equal share of half of them, or one for each.
constexpr std::size_t questions_reserved(std::size_t issuers) {
  constexpr std::size_t kMost = 8;
  if (issuers == 0) return kMost;
  if (2 * issuers > kQuestionsInAll) return kQuestionsInAll / issuers;
  return std::min(kMost, kQuestionsInAll / (2 * issuers));
}

// Where an issuer is asked about signed tokens too, guesses at opaque ones have half of its places
// and half of its own: anybody can guess, from as many sources as he has.
struct QuestionsUnderWay {
  std::size_t about_signed = 0;
  std::size_t about_opaque = 0;  // where they have half; else they count as the others

  std::size_t shared(std::size_t reserved) const;  // that no place of the issuer's own holds
};

// What status tells of asking one issuer; since the start, or since its section changed.
struct IntrospectionState {
  std::int64_t active = 0;  // answers
  std::int64_t inactive = 0;
  std::int64_t invalid = 0;   // what came was no answer
  std::int64_t failed = 0;    // nothing came
  std::int64_t withheld = 0;  // not asked, because of a limit
  std::size_t under_way = 0;
  std::optional<WallTime> answered_at;    // last, well
  std::optional<WallTime> failed_at;      // last
  std::optional<std::string> last_error;  // until it answers well again
};

class IntrospectionKeeper {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const Clock& clock;
    Journal& journal;
    Introspector& introspector;
    IntrospectionMemory& memory;
    std::function<const Snapshot&()> snapshot;
    // fetchd reads another configuration than we do: time to read ours again.
    std::function<void()> reload;
    std::function<std::uint32_t()> random;
  };

  explicit IntrospectionKeeper(Parts parts) : parts_(std::move(parts)) {}
  IntrospectionKeeper(const IntrospectionKeeper&) = delete;
  IntrospectionKeeper& operator=(const IntrospectionKeeper&) = delete;
  ~IntrospectionKeeper() = default;

  // A new configuration is at work: what was answered under the old one is forgotten.
  void configure(const config::Config& config);

  // As Needs::request_introspection; `done` runs once on this thread, perhaps within the call.
  void ask(IntrospectionOrder order, std::function<void(IntrospectionReply)> done);

  // By the issuer's short name; only of those that are asked.
  const IntrospectionState* state(std::string_view issuer) const;

 private:
  struct Waiter {
    std::function<void(IntrospectionReply)> done;
  };
  struct Flight {
    Question question;
    std::string source;  // that began it
    SteadyTime began;
    std::vector<Waiter> waiters;
    bool turn = false;  // it goes out while others are held back
  };
  struct Issuer {
    Issuer(const issuer::IssuerConfig& config, QuestionRate rate_in)
        : digest(config.digest),
          asks_about_signed(config.introspection.required()),
          rate(std::move(rate_in)) {}

    QuestionsUnderWay under_way() const;

    std::string digest;
    bool asks_about_signed = false;
    IntrospectionState state;
    QuestionRate rate;
    QuestionGate gate;
    std::optional<SteadyTime> heard_at;  // last, whatever it said, or failed on our side
    std::map<std::string, Flight, std::less<>> flights;  // by the token's digest and kind
  };
  using IssuerPtr = std::shared_ptr<Issuer>;

  // Why it is not asked.
  std::optional<IntrospectionReply> withhold(Issuer& issuer, const Question& question,
                                             const std::string& source);
  bool has_place(const Issuer& issuer, bool halved) const;
  bool nobody_is_there(Issuer& issuer, const Flight& flight, const IntrospectResult& result);
  void learn(Issuer& issuer, const Flight& flight, const IntrospectResult& result, bool down);
  void answered(const IssuerPtr& issuer, const std::string& flight, const IntrospectResult& result);
  IntrospectionReply reply_to(Issuer& issuer, const Question& question,
                              const IntrospectResult& result, bool down);
  IntrospectionReply read(Issuer& issuer, const Question& question, const IntrospectResult& result);
  IntrospectionReply failed(Issuer& issuer, const Question& question,
                            const IntrospectResult& result, bool down);
  void complain(Issuer& issuer, const Question& question, std::string why);

  Parts parts_;
  std::map<std::string, IssuerPtr, std::less<>> issuers_;  // by short name
  jose::Scratch scratch_;
};

}  // namespace latchkey::latchkeyd
