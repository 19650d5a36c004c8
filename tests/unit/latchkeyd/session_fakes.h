// SPDX-License-Identifier: Apache-2.0
//
// A latchkey-endd that answers at once what the test says.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/io/session_ender.h"

namespace latchkey::latchkeyd::testing {

class FakeEnder final : public SessionEnder {
 public:
  void end(Order order, std::function<void(Answer)> done) override {
    asked.push_back(order.login + " " + std::to_string(order.grace.count()) + "s " + order.cause +
                    (order.whole_user ? " user" : " session"));
    if (!taken.contains(order.login) && taken.size() >= most)
      return done({Outcome::refused, "too many sessions end just now", {}});
    taken.insert(order.login);
    Answer given = answer;
    given.ends_in = grace.value_or(order.grace);
    done(given);
  }
  void look(std::vector<std::string> /*logins*/,
            std::function<void(tl::expected<Seen, std::string>)> done) override {
    if (unreachable) return done(tl::unexpected(*unreachable));
    done(seen);
  }

  Answer answer{Outcome::ending, "", {}};
  std::optional<std::chrono::seconds> grace;  // nothing: what is asked for
  std::size_t most = 1'000;                   // that end at a time
  std::set<std::string> taken;
  Seen seen;
  std::optional<std::string> unreachable;
  std::vector<std::string> asked;
};

}  // namespace latchkey::latchkeyd::testing
