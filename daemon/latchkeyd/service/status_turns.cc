// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is, whose room, and what status tells: each section of the configuration has its
// share of all three, so that the lists of one are in nobody else's way.
#include <algorithm>
#include <tuple>

#include "daemon/latchkeyd/service/status_keeper_list.h"

namespace latchkey::latchkeyd {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::size_t StatusKeeper::share_of(std::size_t all) const {
  const std::size_t sections = config_->revocation.status_lists.size();
  return std::max<std::size_t>(all / std::max<std::size_t>(sections, 1), 1);
}

bool StatusKeeper::crowded(const List& asker) const {
  const auto beside = [&](const auto& each) {
    return each.second->source.name == asker.source.name;
  };
  const auto count = std::count_if(lists_.begin(), lists_.end(), beside);
  return static_cast<std::size_t>(count) >= share_of(parts_.limits.lists);
}

// Beside the other lists of the asker's section, by giving up some of those; a share holds one list
// at least.
bool StatusKeeper::make_room(const List& asker, bool one_more, std::size_t bytes) {
  const std::size_t most = std::max(share_of(parts_.limits.bytes), asker.source.max_list_bytes);
  const auto too_large = [&] {
    std::size_t sum = bytes;
    for (const auto& [id, list] : lists_) {
      const bool beside = list.get() != &asker && list->source.name == asker.source.name;
      sum += beside ? list->bytes() : 0;
    }
    return sum > most;
  };
  bool looked = false;
  for (;;) {
    const bool of_any_size = one_more && crowded(asker);
    if (!of_any_size && !too_large()) return true;
    if (!std::exchange(looked, true)) {
      look_at_use();
      continue;
    }
    const ListPtr oldest = next_to_leave(asker, of_any_size);
    if (!oldest) return false;
    drop(oldest, "its place is needed");
  }
}

// One that was never had before one that was: lists that do not exist push out none that does.
StatusKeeper::ListPtr StatusKeeper::next_to_leave(const List& asker, bool of_any_size) const {
  ListPtr oldest;
  const SteadyTime now = parts_.clock.steady();
  for (const auto& [id, list] : lists_) {
    if (list.get() == &asker || list->source.name != asker.source.name) continue;
    if (list->in_use || list->busy || list->awaited(now)) continue;
    if (!of_any_size && list->bytes() == 0) continue;
    const auto rank = [](const List& each) {
      return std::tuple(each.accepted.has_value(), each.used);
    };
    if (!oldest || rank(*list) < rank(*oldest)) oldest = list;
  }
  return oldest;
}

// Questions, by the section's name.
std::map<std::string_view, std::size_t> StatusKeeper::under_way() const {
  std::map<std::string_view, std::size_t> all;
  for (const auto& [id, list] : lists_) all[list->source.name] += list->busy ? 1U : 0U;
  return all;
}

// When a list that is not under way may be asked for; never where nobody uses it any more.
SteadyTime StatusKeeper::due_at(const List& list) const {
  if (parts_.clock.steady() - list.used >= kStatusAskedWhile) return SteadyTime::max();
  const auto put_off = put_off_.find(list.source.name);
  return put_off == put_off_.end() ? list.next_fetch : std::max(list.next_fetch, put_off->second);
}

// As many questions as each section may have under way: for lists that somebody waits for still,
// and then for those that were due first.
void StatusKeeper::ask_next() {
  const SteadyTime now = parts_.clock.steady();
  std::vector<ListPtr> due;
  for (const auto& [id, list] : lists_) {
    if (!list->waiting.empty()) forget_waiting(*list);
    if (!list->busy && now >= due_at(*list)) due.push_back(list);
  }
  std::stable_sort(due.begin(), due.end(), [](const ListPtr& a, const ListPtr& b) {
    return std::tuple(a->waiting.empty(), a->next_fetch) <
           std::tuple(b->waiting.empty(), b->next_fetch);
  });
  auto asked = under_way();
  for (const ListPtr& list : due)
    if (asked[list->source.name]++ < list->source.at_once()) ask(list);
}

// An answer makes room in a section that has as many questions as it may, and not the time.
SteadyTime StatusKeeper::next_tick() const {
  const SteadyTime now = parts_.clock.steady();
  SteadyTime next = std::max(next_look_, now);
  auto asked = under_way();
  for (const auto& [id, list] : lists_) {
    const bool full = asked[list->source.name] >= list->source.at_once();
    if (!list->busy && !full) next = std::min(next, due_at(*list));
  }
  return next;
}

// Status shows of each section its share, those first that matter most.
std::vector<RevocationSourceState> StatusKeeper::states() const {
  std::vector<ListPtr> lists;
  lists.reserve(lists_.size());
  for (const auto& [id, list] : lists_) lists.push_back(list);
  std::stable_partition(lists.begin(), lists.end(), [&](const ListPtr& list) {
    return list->in_use || list->last_error || trouble(*list);
  });
  std::map<std::string_view, std::size_t> shown;
  std::vector<RevocationSourceState> all;
  for (const ListPtr& list : lists) {
    if (++shown[list->source.name] <= share_of(parts_.limits.shown)) all.push_back(state_of(*list));
  }
  return all;
}

RevocationSourceState StatusKeeper::state_of(const List& list) const {
  RevocationSourceState state;
  state.kind = "status_list";
  state.uri = list.uri();
  state.issuer = list.issuer_name;
  state.feed.policy = {list.source.name, list.source.unknown_refuses, list.source.unknown_refuses};
  const auto why = trouble(list);
  if (list.token) {
    const auto usable = std::chrono::duration_cast<seconds>(list.usable_to - list.fetched);
    const WallTime as_of = list.usable_until - usable;
    state.feed.known = {list.token->issued_at, as_of, usable};
    if (why) state.feed.known = {list.token->issued_at, as_of - milliseconds(1), seconds(0)};
    state.base_entries = static_cast<std::size_t>(list.token->list.size());
    state.bytes = list.bytes();
    state.bits = list.token->list.bits();
  }
  state.attempted_at = list.attempted_at;
  state.last_error = why ? why : list.last_error;
  if (why && list.last_error) *state.last_error += "; " + *list.last_error;
  if (!list.busy && due_at(list) != SteadyTime::max()) state.next_fetch = due_at(list);
  return state;
}

}  // namespace latchkey::latchkeyd
