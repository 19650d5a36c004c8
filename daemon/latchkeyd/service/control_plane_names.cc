// SPDX-License-Identifier: Apache-2.0
//
// The names file between the control plane's snapshots and those who want it changed.
#include <utility>

#include "core/accounts/new_account.h"
#include "core/revocation/current_claims.h"
#include "daemon/latchkeyd/service/control_plane.h"

namespace latchkey::latchkeyd {
namespace {

// Whether the account can be there still: two may have been told the same free id.
Expected<void> still_free(const accounts::NamesChange& change, const accounts::ServedNames& names) {
  if (!change.made || names.find_user(change.user) != nullptr) return {};
  if (!names.names().content().settings.provisional)
    return fail(Reason::user_unknown, "no account can be made now");
  auto free = accounts::new_account(change.user, names);
  if (!free) return fail(Reason::account_conflict, std::move(free).error());
  if (free->uid == change.made->uid && free->gid == change.made->gid) return {};
  return fail(Reason::account_conflict, "the range of ids has changed meanwhile");
}

}  // namespace

std::unique_ptr<NamesKeeper> ControlPlane::make_names_keeper(const Snapshot& first,
                                                             AccountsFiles::Read local) {
  return std::make_unique<NamesKeeper>(
      NamesKeeper::Parts{
          .control = parts_.control,
          .disk = parts_.disk,
          .clock = parts_.clock,
          .journal = parts_.journal,
          .store = parts_.names_store,
          .publish =
              [this](std::function<void()> done) {
                publish([this](Snapshot& next) { show_names(next); }, std::move(done));
              },
          .last_seen = parts_.last_seen,
          .revoked = [this](std::string_view user,
                            const LastSeen* seen) { return identity_revoked(user, seen); },
      },
      first.config, std::move(local));
}

void ControlPlane::show_names(Snapshot& next) const {
  next.accounts = names_->accounts();
  next.names = names_->names();
  next.names_loosened_at = names_->loosened_at();
  next.accounts_stamp = names_->stamp();
}

// Not where a token alone is: another one of the same person is good.
bool ControlPlane::identity_revoked(std::string_view user, const LastSeen* last_seen) const {
  const revocation::RevocationSet& set = *current().revocations;
  if (set.user_revoked(user)) return true;
  if (last_seen == nullptr) return false;
  const auto claims = claims::ValidatedClaims::recall(last_seen->claims);
  const auto now = revocation::current(claims, user, set);
  return !now && (now.error().reason == Reason::revoked_subject ||
                  now.error().reason == Reason::revoked_user);
}

void ControlPlane::keep_names(accounts::NamesChange change, Executor& reply_to,
                              std::function<void(Expected<void>)> done) {
  auto reply = [&reply_to, done = std::move(done)](Expected<void> result) {
    reply_to.post([done, result = std::move(result)] { done(result); });
  };
  parts_.control.post([this, change = std::move(change), reply = std::move(reply)]() mutable {
    names_->change(
        [change = std::move(change)](
            const accounts::ServedNames& names) -> tl::expected<accounts::Names, Error> {
          if (auto free = still_free(change, names); !free)
            return tl::unexpected(std::move(free).error());
          auto next = accounts::with_change(names.names(), change);
          if (!next) return fail(Reason::account_conflict, next.error().what);
          return *std::move(next);
        },
        std::move(reply));
  });
}

}  // namespace latchkey::latchkeyd
