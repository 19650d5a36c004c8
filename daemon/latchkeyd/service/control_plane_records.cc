// SPDX-License-Identifier: Apache-2.0
//
// What an administrator has the control plane write: revocations of this host, and bindings.
#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/service/control_plane.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::chrono::hours kForgetAfter{1};

}  // namespace

void ControlPlane::revoke(std::vector<revocation::Revocation> revocations,
                          std::function<void(Expected<std::vector<std::int64_t>>)> done) {
  auto copy = revocations;
  parts_.store.add_revocations(
      std::move(copy), parts_.control,
      [this, revocations = std::move(revocations),
       done = std::move(done)](Expected<std::vector<std::int64_t>> ids) mutable {
        if (!ids) return done(std::move(ids));
        for (std::size_t i = 0; i < revocations.size(); ++i) revocations[i].id = (*ids)[i];
        revocations_.add(revocations);
        publish_revocations([done = std::move(done), ids = *std::move(ids)] { done(ids); });
      });
}

void ControlPlane::list_revocations(StateStore::RevocationPage page, StateStore::DoneListed done) {
  parts_.store.list_revocations(page, parts_.control, std::move(done));
}

// What has ended revokes no more from that moment; it is forgotten an hour later, and not before
// this daemon has run for an hour: by then a clock that was wrong at the start has been set.
void ControlPlane::forget_ended() {
  const WallTime now = parts_.clock.wall();
  if (revocations_.settle(now)) publish_revocations([] {});
  const SteadyTime steady = parts_.clock.steady();
  if (steady < forgets_at_) return;
  forgets_at_ = steady + kForgetEvery;
  const WallTime ended = now - kForgetAfter;
  parts_.store.forget_revocations(
      ended, parts_.control, [this, ended](Expected<std::int64_t> count) {
        if (!count || *count == 0) return;
        parts_.journal.log(LogLevel::info, "revocations that have ended are forgotten",
                           {{"count", fmt::format("{}", *count)}});
        if (*count >= StateStore::kForgottenAtOnce) {
          forgets_at_ = {};  // there are more
        } else if (revocations_.forget(ended)) {
          publish_revocations([] {});
        }
      });
}

void ControlPlane::remove_revocation(std::int64_t id, std::function<void(Expected<bool>)> done) {
  parts_.store.remove_revocation(id, parts_.control,
                                 [this, id, done = std::move(done)](Expected<bool> found) mutable {
                                   if (!found || !*found) return done(std::move(found));
                                   revocations_.remove(id);
                                   publish_revocations([done = std::move(done)] { done(true); });
                                 });
}

void ControlPlane::remove_binding(std::string user, std::function<void(Expected<bool>)> done) {
  std::string copy = user;
  parts_.store.remove_binding(
      std::move(copy), parts_.control,
      [this, user = std::move(user), done = std::move(done)](Expected<bool> found) mutable {
        if (!found || !*found) return done(std::move(found));
        publish(
            [&](Snapshot& next) {
              next.bindings =
                  std::make_shared<const accounts::Bindings>(next.bindings->without(user));
            },
            [done = std::move(done)] { done(true); });
      });
}

}  // namespace latchkey::latchkeyd
