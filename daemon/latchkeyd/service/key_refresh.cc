// SPDX-License-Identifier: Apache-2.0
//
// Fresh keys because an administrator wants them, who may have a reason that the provider does not
// know when it asks for a pause (Retry-After): a key that was stolen. Whatever an administrator may
// do in a loop must not become a storm at a provider, so the interval holds for this, too.
#include <memory>
#include <utility>

#include "daemon/latchkeyd/service/control_plane.h"
#include "daemon/latchkeyd/service/key_keeper_issuer.h"

namespace latchkey::latchkeyd {

std::string_view name(Refreshed::Outcome outcome) {
  switch (outcome) {
    case Refreshed::Outcome::changed:
      return "changed";
    case Refreshed::Outcome::unchanged:
      return "unchanged";
    case Refreshed::Outcome::too_soon:
      return "too_soon";
    case Refreshed::Outcome::failed:
      break;
  }
  return "failed";
}

void KeyKeeper::refresh(std::string_view name, std::function<void(Refreshed)> done) {
  using Outcome = Refreshed::Outcome;
  Issuer* issuer = find(name);
  const Refreshed gone{Outcome::failed, "it is not configured any more"};
  if (issuer == nullptr) return done(gone);
  const std::uint64_t seen = issuer->state.keys.generation;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): what std::function copies, it frees.
  auto answer = [this, name = std::string(name), gone, done](KeysOutcome outcome) {
    if (outcome == KeysOutcome::newer) return done({Outcome::changed});
    const Issuer* asked = find(name);
    if (outcome == KeysOutcome::unchanged && asked != nullptr && !asked->state.last_error)
      return done({Outcome::unchanged});
    if (asked == nullptr) return done(gone);
    done({Outcome::failed, asked->state.last_error.value_or("too many wait")});
  };
  if (!issuer->from_file() && !issuer->fetching) {
    const SteadyTime allowed = soonest(*issuer);
    // Asking a latchkey-fetchd that could not be reached costs no provider anything.
    if (issuer->unreachable == 0 && clock_.steady() < allowed)
      return done({Outcome::too_soon, {}, allowed});
    fetch(*issuer);
  }
  request(name, seen, std::move(answer));
}

void ControlPlane::refresh_keys(const std::optional<std::string>& issuer,
                                std::function<void(std::vector<RefreshedKeys>)> done) {
  struct Round {
    std::vector<RefreshedKeys> all;
    std::size_t open = 1;  // this call itself
    std::function<void(std::vector<RefreshedKeys>)> done;
    void one_less() {
      if (--open == 0) done(std::exchange(all, {}));
    }
  };
  auto round = std::make_shared<Round>();
  round->done = std::move(done);
  for (const config::Issuer& each : current().config->issuers) {
    if (!issuer || *issuer == each.config.name) round->all.push_back({each.config.name, {}});
  }
  for (std::size_t i = 0; i < round->all.size(); ++i) {
    ++round->open;
    const std::string name = round->all[i].issuer;
    keys_->refresh(name, [round, i](Refreshed refreshed) {
      round->all[i].refreshed = std::move(refreshed);
      round->one_less();
    });
  }
  round->one_less();
}

}  // namespace latchkey::latchkeyd
