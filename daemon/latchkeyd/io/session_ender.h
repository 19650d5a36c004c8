// SPDX-License-Identifier: Apache-2.0
//
// latchkey-endd as the service sees it: asked to end logins, and which of them live. It believes
// nothing of what is asked but the id, so that all of this is a request and no order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace latchkey::latchkeyd {

class SessionEnder {
 public:
  enum class Outcome : std::uint8_t { ending, gone, unknown, refused, unreachable };
  struct Answer {
    Outcome outcome = Outcome::unreachable;
    std::string why;
    std::chrono::seconds ends_in{};  // of one that is ending: what is left of its grace time
  };
  struct Order {
    std::string login;
    std::chrono::seconds grace{};
    std::string cause;  // revoked | expired | administrator
    bool whole_user = false;
  };
  // Of those that were asked about; of the others root has no note.
  struct Seen {
    std::vector<std::string> live;
    std::vector<std::string> gone;
    std::vector<std::string> refused;  // nobody can tell: a check of endd's failed
    std::string why;                   // of the first of them
  };

  virtual ~SessionEnder() = default;

  // `done` runs on the control thread, once.
  virtual void end(Order order, std::function<void(Answer)> done) = 0;
  // Any number of ids. The error says why nobody answered.
  virtual void look(std::vector<std::string> logins,
                    std::function<void(tl::expected<Seen, std::string>)> done) = 0;
};

}  // namespace latchkey::latchkeyd
