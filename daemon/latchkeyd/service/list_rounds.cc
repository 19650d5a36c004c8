// SPDX-License-Identifier: Apache-2.0
//
// One round of a revocation list: manifest, the chunks that are missing, the set. It goes on where
// it was when each answer comes, and ends in done(), refused(), failed() or unreachable(), which
// say when the next one begins.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "core/revocation/list_walk.h"
#include "daemon/latchkeyd/service/list_keeper_list.h"

namespace latchkey::latchkeyd {

using revocation::ListChunk;
using revocation::ListFault;
using revocation::ListManifest;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSoonest{10};          // between two rounds of a list
constexpr seconds kPauseMost{300};       // after failures and by Retry-After, while it is absent
constexpr unsigned kAnewMost = 3;        // times in a round, where chunks of the disk are lost
constexpr seconds kUnreachableMost{60};  // until fetchd is asked again; 1 s first, then doubled

// A set is of one key, so that the other one can be taken away without any loss; and a trail has
// an end.
bool goes_on(const ListWork::Standing& standing, const ListManifest& manifest) {
  return standing.trail->size() < kTrailMost && standing.keys == std::set{manifest.key_id};
}

// A tenth of it at random, so that hosts that began together do not stay together.
milliseconds spread(milliseconds pause, std::uint32_t random) {
  const auto tenth = static_cast<std::uint32_t>(std::max<std::int64_t>(pause.count() / 10, 1));
  return milliseconds(random % tenth);
}

// Whether `other` knows the version that `has` leads to as the set that it is there: by a step to
// it with the same chunks, and by none that has others under the same numbers. Steps may be left
// out.
bool knows(const revocation::ListManifest& has, const revocation::ListManifest& other) {
  bool met = false;
  for (const revocation::ListStep& step : has.steps) {
    for (const revocation::ListStep& its : other.steps) {
      if (its.from != step.from || its.to != step.to) continue;
      met = met || step.to == has.version;
      const bool same =
          std::equal(step.chunks.begin(), step.chunks.end(), its.chunks.begin(), its.chunks.end(),
                     [](const auto& a, const auto& b) {
                       return a.sha256 == b.sha256 && a.kind == b.kind && a.remove == b.remove;
                     });
      if (!same) return false;
    }
  }
  return met;
}

}  // namespace

void ListKeeper::ask(const ListPtr& list) {
  list->busy = true;
  list->round.reset();
  list->attempted_at = parts_.clock.wall();
  // The tag is of a manifest that was fetched there; one that is not at hand is asked for in full.
  const bool named = list->present() && list->url == list->config.url;
  list->named = named && !(list->etag.empty() && list->last_modified.empty());
  ListRequest request{.list = list->name(),
                      .digest = list->config.digest,
                      .etag = named ? list->etag : "",
                      .last_modified = named ? list->last_modified : "",
                      .timeout = list->config.fetch_timeout};
  parts_.fetcher.fetch_list(
      std::move(request),
      [this, turn = list->turn, weak = std::weak_ptr(list)](const FetchResult& result) {
        const auto owner = weak.lock();  // gone with its section
        if (owner) answered(owner, turn, result);
      });
}

void ListKeeper::answered(const ListPtr& list, std::uint64_t turn, const FetchResult& result) {
  in_turn(list, turn, [&] {
    if (list->round) {
      chunk_came(list, result);
    } else {
      manifest_came(list, result);
    }
    if (!list->busy && parts_.hooks.rescheduled) parts_.hooks.rescheduled();
  });
}

// Everything but a document.
void ListKeeper::no_answer(const ListPtr& list, const FetchResult& result) {
  if (result.status == FetchResult::Status::unreachable) return unreachable(*list, result.error);
  if (result.status != FetchResult::Status::reload)
    return failed(*list, result.error, result.retry_after);
  const std::string digest = list->config.digest;
  parts_.hooks.reload();
  if (std::find(lists_.begin(), lists_.end(), list) == lists_.end()) return;
  if (list->config.digest != digest) return ask(list);
  failed(*list, result.error);
}

void ListKeeper::manifest_came(const ListPtr& list, const FetchResult& result) {
  if (result.status == FetchResult::Status::not_modified) {
    // It says so of the manifest that was named, and makes it no fresher.
    if (!list->present() || !list->named)
      return failed(*list, "the server says \"not modified\", and no manifest was named to it");
    list->unreachable = 0;
    if (!check_keys(*list)) publish(nullptr);
    if (list->present()) return done(*list);
    return failed(*list, std::string(*list->last_error));
  }
  if (result.status != FetchResult::Status::ok) return no_answer(list, result);
  list->unreachable = 0;
  if (!check_keys(*list)) publish(nullptr);
  const auto keys = read_keys(*list);
  if (!keys) return failed(*list, "the keys of the list: " + keys.error());
  const WallTime now = parts_.clock.wall();
  auto manifest = revocation::read_manifest(result.body, {list->config.issuer, *keys},
                                            list->accepted, now, *scratch_);
  if (!manifest) return refused(*list, manifest.error());
  // A cache at the edge may be behind; that is no attack, and nothing new.
  const bool at_hand =
      list->present() && list->standing.manifest().version == list->accepted->version;
  if (list->accepted && manifest->version == list->accepted->version &&
      LATCHKEY_FAILS(list_not_newer, at_hand ? manifest->issued_at <= list->accepted->issued_at
                                             : manifest->issued_at < list->accepted->issued_at)) {
    if (at_hand) {
      list->url = list->config.url;
      list->etag = result.etag;
      list->last_modified = result.last_modified;
      return done(*list);
    }
    return failed(*list, "an older signing of the version that was accepted is served");
  }
  if (at_hand && manifest->version == list->accepted->version &&
      LATCHKEY_FAILS(list_version_twice, !knows(list->standing.manifest(), *manifest))) {
    return refused(*list, {revocation::ListFault::rollback,
                           "other chunks under the version that was accepted: the folder was made "
                           "anew, or is a backup; raise its version above that of the hosts"});
  }
  const WallTime ended = ends_by(*manifest, now);
  // A folder that was made anew has passed by the numbers that hosts have: its steps lead on from
  // other sets than theirs.
  const bool anew = !list->present() || !goes_on(list->standing, *manifest) ||
                    LATCHKEY_FAILS(list_other_line, !knows(list->standing.manifest(), *manifest));
  Round round{.order = {.list = list->place,
                        .issuer = list->config.issuer,
                        .url = list->config.url,
                        .text = std::string(result.body),
                        .manifest = *std::move(manifest),
                        .etag = result.etag,
                        .last_modified = result.last_modified,
                        .from = {},
                        .ends_by = ended}};
  parts_.builder.post([work = work_, place = list->place, manifest = round.order.manifest,
                       trail = list->standing.trail] {
    work->clean(place, manifest, {trail, nullptr, {}});
  });
  list->round = std::move(round);
  plan(list, anew ? ListWork::Standing() : list->standing);
}

void ListKeeper::plan(const ListPtr& list, ListWork::Standing from) {
  Round& round = *list->round;
  round.order.from = std::move(from);
  round.next = 0;
  round.missing =
      work_->missing(list->place, round.order.manifest, round.order.from, round.order.ends_by);
  next_chunk(list);
}

void ListKeeper::next_chunk(const ListPtr& list) {
  const Round& round = *list->round;
  if (round.next >= round.missing.size()) return build(list);
  const ListChunk& chunk = round.missing[round.next];
  parts_.fetcher.fetch_list(
      {.list = list->name(),
       .digest = list->config.digest,
       .sha256 = chunk.sha256,
       .bytes = static_cast<std::size_t>(chunk.size),
       .timeout = list->config.fetch_timeout},
      [this, turn = list->turn, weak = std::weak_ptr(list)](const FetchResult& result) {
        const auto owner = weak.lock();
        if (owner) answered(owner, turn, result);
      });
}

void ListKeeper::chunk_came(const ListPtr& list, const FetchResult& result) {
  if (result.status == FetchResult::Status::reload) list->round.reset();
  if (result.status != FetchResult::Status::ok) return no_answer(list, result);
  Round& round = *list->round;
  parts_.builder.post([this, list, turn = list->turn, place = list->place, work = work_,
                       control = &parts_.control, chunk = round.missing[round.next++],
                       bytes = std::string(result.body)] {
    auto taken = work->take_chunk(place, chunk, bytes);
    control->post([this, list, turn, taken = std::move(taken)] {
      in_turn(list, turn, [&] {
        if (!taken) return refused(*list, taken.error());
        next_chunk(list);
      });
      if (!list->busy && parts_.hooks.rescheduled) parts_.hooks.rescheduled();
    });
  });
}

void ListKeeper::build(const ListPtr& list) {
  auto order = std::make_shared<ListWork::Order>(list->round->order);
  parts_.builder.post(
      [this, list, turn = list->turn, work = work_, control = &parts_.control, order] {
        auto result = std::make_shared<ListWork::Result<ListWork::Built>>(work->build(*order));
        // Its last owner may be this thread: what it replaces is given back here.
        order->from = {};
        control->post([this, list, turn, result] {
          in_turn(list, turn, [&] {
            built(list, *result);
            if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
          });
          if (*result) give_back(std::move((*result)->standing.source));
        });
      });
}

// A key may have been taken away while whoever holds the server let this one wait: it is looked at
// again before anything is durable, and before anything goes to work.
void ListKeeper::built(const ListPtr& list, ListWork::Result<ListWork::Built>& result) {
  if (!check_keys(*list)) publish(nullptr);
  if (!list->round) return;
  if (!result) {
    // Chunks that came were checked, so one that was here is lost or damaged. The set at work needs
    // it no more, but the next start would: all that is missing is fetched, and the list begun
    // anew.
    if (result.error().fault != ListFault::chunk || list->round->anew++ >= kAnewMost)
      return refused(*list, result.error());
    return plan(list, {});
  }
  auto whole = std::make_shared<ListWork::Built>(*std::move(result));
  parts_.builder.post(
      [this, list, turn = list->turn, work = work_, control = &parts_.control, whole] {
        auto done =
            std::make_shared<ListWork::Result<ListWork::Standing>>(work->commit(std::move(*whole)));
        control->post([this, list, turn, done] {
          on_control(list, [&] {
            if (*done)
              list->accepted = (*done)->manifest().state();  // as on the disk, come what may
          });
          in_turn(list, turn, [&] {
            committed(*list, *done);
            if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
          });
          if (*done) give_back(std::move((*done)->source));
        });
      });
}

void ListKeeper::committed(List& list, ListWork::Result<ListWork::Standing>& standing) {
  if (!check_keys(list)) publish(nullptr);
  if (!list.round) return;
  if (!standing) return refused(list, standing.error());
  Round round = *std::exchange(list.round, std::nullopt);
  round.order.from = {};
  auto old = std::move(list.standing.source);
  const bool changed = old != standing->source;
  take(list, std::exchange(*standing, {}));
  list.url = round.order.url;
  list.etag = round.order.etag;
  list.last_modified = round.order.last_modified;
  done(list);
  note_state(list);
  const revocation::Source& source = *list.standing.source;
  if (changed) {
    parts_.journal.log(LogLevel::notice, "a revocation list is at work",
                       {called(list),
                        {"version", fmt::format("{}", list.accepted->version)},
                        {"entries", fmt::format("{}", source.size())}});
  }
  publish(std::move(old));
}

// The next one begins after `pause`; at once where this one was of a place that is left.
void ListKeeper::end_round(List& list, milliseconds pause) {
  ++list.turn;
  list.busy = false;
  list.round.reset();
  const bool now = std::exchange(list.again, false);
  list.next_fetch = parts_.clock.steady() + (now ? milliseconds(0) : pause);
}

// Well, though perhaps nothing is new.
void ListKeeper::done(List& list) {
  if (list.last_error && list.failures > 0)
    parts_.journal.log(LogLevel::notice, "a revocation list can be fetched again", {called(list)});
  list.failures = 0;
  list.unreachable = 0;
  list.last_error.reset();
  const milliseconds quarter = std::max<milliseconds>(list.feed.known->max_age / 4, kSoonest);
  end_round(list,
            std::max<milliseconds>(quarter - spread(quarter, parts_.hooks.random()), kSoonest));
  if (parts_.asked) parts_.asked(list.name(), true);
}

void ListKeeper::refused(List& list, const Fault& fault) {
  failed(list, fmt::format("{}: {}", revocation::list_fault_name(fault.fault), fault.detail));
}

void ListKeeper::failed(List& list, std::string why, std::optional<seconds> retry_after) {
  const unsigned doublings = std::min(list.failures++, 16U);
  const milliseconds most = std::max<milliseconds>(
      list.feed.known ? milliseconds(list.feed.known->max_age / 4) : kPauseMost, kSoonest);
  milliseconds pause = std::min<milliseconds>(kSoonest * (1 << doublings), most);
  // A server may ask for patience, but not for a day: once it is well, or in the right hands again,
  // it is to be heard.
  if (retry_after)
    pause = std::max(pause, LATCHKEY_FAILS(feed_retry_after, *retry_after > most)
                                ? most
                                : milliseconds(*retry_after));
  pause += spread(pause, parts_.hooks.random());
  end_round(list, pause);
  complain(list, why, pause);
  list.last_error = std::move(why);
  if (parts_.asked) parts_.asked(list.name(), false);
}

// No server saw a request, so it is asked again soon: a fetchd that was restarted costs no minute.
void ListKeeper::unreachable(List& list, std::string why) {
  const unsigned doublings = std::min(list.unreachable++, 16U);
  const milliseconds pause =
      std::min<milliseconds>(seconds(1) * (1 << doublings), kUnreachableMost);
  end_round(list, pause);
  if (list.unreachable == 1 || pause == kUnreachableMost) complain(list, why, pause);
  list.last_error = std::move(why);
  if (parts_.asked) parts_.asked(list.name(), false);
}

void ListKeeper::complain(const List& list, std::string_view why, milliseconds delay) {
  parts_.journal.log(
      list.present() ? LogLevel::warning : LogLevel::error,
      list.present() ? "a revocation list cannot be taken; the last good one stays at work"
                     : "a revocation list cannot be taken, and there is no earlier one",
      {called(list),
       {"error", why},
       {"version", list.accepted ? fmt::format("{}", list.accepted->version) : "none"},
       {"retry_s", fmt::format("{}", std::chrono::duration_cast<seconds>(delay).count())}});
}

}  // namespace latchkey::latchkeyd
