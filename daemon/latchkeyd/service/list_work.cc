// SPDX-License-Identifier: Apache-2.0
//
// How a list outlives the daemon: by the manifests themselves, as they were signed. Most often the
// newest one is enough, for its way from nothing leads over chunks that are here. Where the one who
// signs has begun a new base that nobody had to load, the earlier manifests are kept before it.
#include "daemon/latchkeyd/service/list_work.h"

#include <set>
#include <utility>

#include "core/revocation/list_chunk.h"
#include "core/revocation/list_walk.h"
#include "daemon/latchkeyd/service/page_memory.h"

namespace latchkey::latchkeyd {

using revocation::ListChunk;
using revocation::ListError;
using revocation::ListFault;
using revocation::ListManifest;
using revocation::ListStep;

namespace {

tl::unexpected<ListError> fault(ListFault fault, std::string detail) {
  return tl::unexpected(ListError{fault, std::move(detail)});
}

template <typename Each>
void each_needed(const std::vector<const ListStep*>& way, WallTime now, Each each) {
  for (const ListStep* step : way) {
    for (const ListChunk& chunk : step->chunks) {
      if (revocation::is_needed(chunk, now)) each(chunk);
    }
  }
}

// Each manifest of a trail with the way that leads from the one before it.
template <typename Each>
void each_way(const Trail& trail, Each each) {
  std::uint64_t has = 0;
  for (const TrailStep& step : trail) {
    each(revocation::way_to(step.manifest, has));
    has = step.manifest.version;
  }
}

std::uint64_t version_of(const ListWork::Standing& standing) {
  return standing.trail ? standing.manifest().version : 0;
}

}  // namespace

ListWork::Result<revocation::Source> ListWork::walk(const std::string& list,
                                                    std::vector<const ListStep*> way,
                                                    const revocation::Source* from, WallTime now) {
  const auto read = [&](const ListChunk& chunk) -> Result<std::string> {
    auto bytes = store_.read(list, chunk.sha256, static_cast<std::size_t>(chunk.size));
    if (!bytes)
      return fault(ListFault::chunk, "the stored chunk " + chunk.sha256 + ": " + bytes.error());
    return *std::move(bytes);
  };
  return revocation::walk({std::move(way), from, secret_, now, std::make_shared<PageMemory>()},
                          sha256_, read);
}

ListWork::Result<ListWork::Standing> ListWork::load(const std::string& list,
                                                    const ListRecord& record,
                                                    const jose::JwkSet& keys, WallTime now) {
  auto scratch = std::make_unique<jose::Scratch>();
  auto trail = std::make_shared<Trail>();
  for (const std::string& sha256 : record.trail) {
    const auto text = store_.read(list, sha256, revocation::list_limits::kManifestBytes + 1);
    if (!text) return fault(ListFault::form, "the stored manifest: " + text.error());
    LATCHKEY_TRY(ListManifest manifest,
                 revocation::read_manifest(*text, {record.issuer, keys}, {}, now, *scratch));
    trail->push_back({sha256, std::move(manifest)});
  }
  if (trail->empty()) return fault(ListFault::no_way, "no manifest is stored");
  const auto& last = trail->back().manifest;
  if (last.version != record.accepted.version || last.issued_at != record.accepted.issued_at)
    return fault(ListFault::form, "the stored manifest is not the one that was accepted");
  std::optional<revocation::Source> source;
  std::optional<ListError> failed;
  each_way(*trail, [&](std::vector<const ListStep*> way) {
    if (failed) return;
    auto next = walk(list, std::move(way), source ? &*source : nullptr, now);
    if (!next) {
      failed = std::move(next).error();
      return;
    }
    source.reset();
    source.emplace(*std::move(next));
  });
  if (failed) return tl::unexpected(*std::move(failed));
  return Standing{std::move(trail), std::make_shared<const revocation::Source>(*std::move(source))};
}

ListWork::Result<void> ListWork::take_chunk(const std::string& list, const ListChunk& chunk,
                                            std::string_view bytes) {
  LATCHKEY_TRY_VOID(revocation::check_chunk(chunk, bytes, sha256_));
  if (auto stored = store_.put(list, chunk.sha256, bytes); !stored)
    return fault(ListFault::storage, "a chunk cannot be stored: " + stored.error());
  return {};
}

std::vector<ListChunk> ListWork::missing(const std::string& list, const ListManifest& manifest,
                                         const Standing& from, WallTime now) const {
  std::vector<ListChunk> all;
  std::set<std::string_view> seen;
  each_needed(revocation::way_to(manifest, version_of(from)), now, [&](const ListChunk& chunk) {
    if (seen.insert(chunk.sha256).second &&
        !store_.holds(list, chunk.sha256, static_cast<std::size_t>(chunk.size)))
      all.push_back(chunk);
  });
  return all;
}

bool ListWork::walkable(const std::string& list, const Trail& trail, WallTime now) const {
  bool all = true;
  each_way(trail, [&](const std::vector<const ListStep*>& way) {
    each_needed(way, now, [&](const ListChunk& chunk) {
      all = all && store_.holds(list, chunk.sha256, static_cast<std::size_t>(chunk.size));
    });
  });
  return all;
}

ListWork::Result<Trail> ListWork::shortest(const std::string& list, const Trail& old,
                                           const TrailStep& next, WallTime now) const {
  for (std::size_t kept = 0; kept <= old.size(); ++kept) {
    Trail trail(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(kept));
    trail.push_back(next);
    if (walkable(list, trail, now)) return trail;
  }
  return fault(ListFault::chunk, "a stored chunk is gone");
}

ListWork::Result<ListWork::Standing> ListWork::accept(Order order) {
  auto way = revocation::way_to(order.manifest, version_of(order.from));
  std::shared_ptr<const revocation::Source> source = order.from.source;
  if (!source || !way.empty()) {
    LATCHKEY_TRY(revocation::Source next,
                 walk(order.list, std::move(way), source.get(), order.now));
    source = std::make_shared<const revocation::Source>(std::move(next));
  }
  TrailStep step{revocation::hex_sha256(order.text, sha256_), std::move(order.manifest)};
  if (step.sha256.empty()) return fault(ListFault::memory, "no digest could be made");
  const revocation::ListState accepted = step.manifest.state();
  LATCHKEY_TRY(Trail trail, shortest(order.list, order.from.trail ? *order.from.trail : Trail(),
                                     step, order.now));
  if (auto stored = store_.put(order.list, step.sha256, order.text); !stored)
    return fault(ListFault::storage, "the manifest cannot be stored: " + stored.error());
  ListRecord record{order.issuer, accepted, {}, order.url, order.etag, order.last_modified};
  std::set<std::string, std::less<>> keep;
  for (const TrailStep& each : trail) record.trail.push_back(each.sha256);
  each_way(trail, [&](const std::vector<const ListStep*>& each) {
    each_needed(each, order.now, [&](const ListChunk& chunk) { keep.insert(chunk.sha256); });
  });
  if (auto committed = store_.commit(order.list, record, keep); !committed)
    return fault(ListFault::storage, "what was accepted cannot be stored: " + committed.error());
  return Standing{std::make_shared<const Trail>(std::move(trail)), std::move(source)};
}

}  // namespace latchkey::latchkeyd
