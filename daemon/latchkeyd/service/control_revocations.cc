// SPDX-License-Identifier: Apache-2.0
//
// The local store as administrators steer it: one revocation or many, a page of them, one taken
// back. Each of them is an event in the journal, with who asked for it.
#include <utility>
#include <vector>

#include "daemon/latchkeyd/service/control.h"
#include "daemon/latchkeyd/service/control_records.h"
#include "ipc/time_text.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;
using control::MethodError;

namespace {

tl::unexpected<MethodError> error(MethodError::Kind kind, std::string text = {}) {
  return tl::unexpected(MethodError{kind, std::move(text), {}});
}

}  // namespace

void Control::revocations(const control::RevocationsRequest& request,
                          Done<control::RevocationsAnswer> done) const {
  const std::int64_t most = request.limit.value_or(static_cast<std::int64_t>(control::kPageMost));
  if (most < 1 || most > static_cast<std::int64_t>(control::kPageMost))
    return done(error(MethodError::Kind::invalid_parameter, "limit"));
  StateStore::RevocationPage page{.after = request.after.value_or(0)};
  if (request.kind) {
    page.kind = revocation::find_kind(*request.kind);
    if (!page.kind) return done(error(MethodError::Kind::invalid_parameter, "kind"));
  }
  page.most = static_cast<std::size_t>(most) + 1;  // whether there are more
  parts_.plane.list_revocations(
      page, [most = page.most - 1,
             done = std::move(done)](const Expected<std::vector<revocation::Revocation>>& rows) {
        if (!rows) return done(error(MethodError::Kind::refused, rows.error().detail));
        control::RevocationsAnswer answer;
        answer.more = rows->size() > most;
        for (const revocation::Revocation& each : *rows) {
          if (answer.revocations.size() == most) break;
          answer.revocations.push_back(revocation_record(each));
        }
        done(std::move(answer));
      });
}

// A token's id stays out of the journal like the rest of a token; the entry's own id leads to it.
void Control::note_revoked(const ipc::Peer& peer, const revocation::Revocation& revocation) {
  const bool shown =
      revocation.kind != revocation::Kind::token && revocation.kind != revocation::Kind::token_hash;
  note(
      peer, "revoked",
      {{"revocation", std::to_string(revocation.id)},
       {"kind", revocation::kind_name(revocation.kind)},
       {"value", shown ? std::string_view(revocation.value) : std::string_view()},
       {"issuer", revocation.issuer},
       {"before", revocation.kind == revocation::Kind::subject ? ipc::format_time(revocation.before)
                                                               : std::string()},
       {"end", revocation.end ? ipc::format_time(*revocation.end) : std::string()},
       {"reason", revocation.comment}});
}

void Control::revoke(const ipc::Peer& peer, const control::RevokeRequest& request,
                     Done<control::RevokeAnswer> done) {
  const config::Config& config = *parts_.plane.current().config;
  auto revocation = revocation_of(request, config, parts_.clock.wall(),
                                  find_key_in(config, parts_.plane.key_states()));
  if (!revocation) return done(tl::unexpected(std::move(revocation).error()));
  parts_.plane.revoke({*revocation}, [this, peer, revocation = *revocation, done = std::move(done)](
                                         const Expected<std::vector<std::int64_t>>& ids) mutable {
    if (!ids) return done(error(MethodError::Kind::refused, ids.error().detail));
    revocation.id = ids->front();
    note_revoked(peer, revocation);
    done(control::RevokeAnswer{revocation.id});
  });
}

void Control::revoke_many(const ipc::Peer& peer, const control::RevokeManyRequest& request,
                          Done<control::RevokeManyAnswer> done) {
  if (request.revocations.empty() || request.revocations.size() > control::kPageMost)
    return done(error(MethodError::Kind::invalid_parameter, "revocations"));
  const config::Config& config = *parts_.plane.current().config;
  const WallTime now = parts_.clock.wall();
  const FindKey find_key = find_key_in(config, parts_.plane.key_states());
  std::vector<revocation::Revocation> all;
  all.reserve(request.revocations.size());
  for (const control::RevokeRequest& each : request.revocations) {
    auto revocation = revocation_of(each, config, now, find_key);
    if (!revocation) {
      MethodError wrong = std::move(revocation).error();
      const std::string place = "revocations[" + std::to_string(all.size()) + "]";
      wrong.text = wrong.kind == MethodError::Kind::invalid_parameter ? place + "." + wrong.text
                                                                      : place + ": " + wrong.text;
      return done(tl::unexpected(std::move(wrong)));
    }
    all.push_back(*std::move(revocation));
  }
  const std::string count = std::to_string(all.size());
  parts_.plane.revoke(std::move(all), [this, peer, count, done = std::move(done)](
                                          const Expected<std::vector<std::int64_t>>& ids) mutable {
    if (!ids) return done(error(MethodError::Kind::refused, ids.error().detail));
    // One line for all of them: a million lines would drive everything else out of the journal.
    note(peer, "revoked many",
         {{"count", count},
          {"first", std::to_string(ids->front())},
          {"last", std::to_string(ids->back())}});
    done(control::RevokeManyAnswer{*ids});
  });
}

void Control::remove_revocation(const ipc::Peer& peer, std::int64_t id, Done<control::Empty> done) {
  parts_.plane.remove_revocation(
      id, [this, peer, id, done = std::move(done)](const Expected<bool>& found) {
        if (!found) return done(error(MethodError::Kind::refused, found.error().detail));
        if (!*found) return done(error(MethodError::Kind::not_found));
        note(peer, "a revocation was removed", {{"revocation", std::to_string(id)}});
        done(control::Empty{});
      });
}

}  // namespace latchkey::latchkeyd
