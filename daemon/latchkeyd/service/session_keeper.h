// SPDX-License-Identifier: Apache-2.0
//
// Sees to it that a session ends whose sign-in is worth nothing any more: after every change of the
// revocations, when a token expires whose rule says so, and when an administrator wants it. It asks
// latchkey-endd, again and again until the session is gone, and says loudly where that fails. It
// also forgets the logins whose process has ended without a word. Belongs to the control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/reason.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/session_ender.h"
#include "daemon/latchkeyd/io/storage.h"
#include "daemon/latchkeyd/service/login_book.h"

namespace latchkey::latchkeyd {

class SessionKeeper {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const Clock& clock;
    Journal& journal;
    StateStore& store;
    LoginBook& logins;
    SessionEnder& ender;
    std::function<const Snapshot&()> snapshot;
    std::function<bool(std::int32_t)> process_exists;
    std::function<void()> rescheduled = {};  // next_tick() may have come nearer
  };

  enum class State : std::uint8_t { open, ending, not_ended, no_note, refused };
  struct Session {
    std::shared_ptr<const Login> login;
    State state = State::open;
  };

  explicit SessionKeeper(Parts parts) : parts_(std::move(parts)) {}

  // After every worker has them: a login that was opened under older ones is in the book by then.
  void revocations_changed();

  // Null: no such login has opened a session.
  void end(const std::string& login, std::function<void(std::optional<SessionEnder::Answer>)> done);

  void tick();
  SteadyTime next_tick() const { return next_tick_; }

  std::vector<Session> sessions() const;  // by rising login id
  // Why sessions that should have ended live on, or would; nothing while all is well.
  std::optional<std::string> trouble() const;

 private:
  struct Ending {
    std::string cause;
    std::shared_ptr<const Login> login;
    SteadyTime due{};        // the next look at it
    SteadyTime ask_after{};  // and not before this it is asked for again
    std::chrono::seconds backoff{1};
    bool asked = false;   // an answer is awaited
    bool failed = false;  // the last one was no good
    bool late = false;    // it was to have ended, and lives

    bool is_ending() const { return !failed && !late; }
    bool warned = false;  // that it ends otherwise than is configured
  };

  void judge(const Snapshot& snapshot);
  void begin(std::shared_ptr<const Login> login, std::string cause, std::string_view reason,
             std::string_view entry, std::string_view source);
  void ask(Ending& ending, std::function<void(SessionEnder::Answer)> then = {});
  void answered(const std::string& id, const SessionEnder::Answer& answer);
  void follow(SteadyTime now);
  void ended(const Ending& ending);
  void lives_on(Ending& ending);
  void expire(SteadyTime now);
  void look(SteadyTime now);
  void looked(const std::vector<std::shared_ptr<const Login>>& asked,
              const tl::expected<SessionEnder::Seen, std::string>& seen);
  void sort_out(const std::vector<std::shared_ptr<const Login>>& asked,
                const SessionEnder::Seen& seen);
  bool is_over(const Login& login) const;
  void forget(const Login& login);
  void unreachable(const std::string& why);
  void reachable();

  Parts parts_;
  std::map<std::string, Ending, std::less<>> endings_;
  using Ids = std::set<std::string, std::less<>>;
  Ids noted_;  // of which there was a note when endd was last asked
  Ids no_note_;
  Ids refused_;  // there is a note, and endd's checks fail
  std::string why_refused_;
  std::optional<std::string> unreachable_;
  SteadyTime next_look_{};
  SteadyTime next_tick_{};
  bool looking_ = false;
  bool began_ = false;
  // Answers that come after the end find it gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace latchkey::latchkeyd
