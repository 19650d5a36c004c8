// SPDX-License-Identifier: Apache-2.0
//
// What is done with a revocation list away from every login: chunks are checked and stored, sets
// are built and merged, and what was built is made durable before anybody hears of it. Runs on a
// thread of its own, one thing after the other; at the start of the daemon on the thread that
// starts it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/jose/jwk_set.h"
#include "core/jose/sha256.h"
#include "core/revocation/list_manifest.h"
#include "core/revocation/source.h"
#include "daemon/latchkeyd/io/list_store.h"

namespace latchkey::latchkeyd {

// A manifest on the way from nothing to what was accepted.
struct TrailStep {
  std::string sha256;
  revocation::ListManifest manifest;
};
using Trail = std::vector<TrailStep>;

inline constexpr std::size_t kTrailMost = 16;  // then a list is begun anew

class ListWork {
 public:
  template <typename T>
  using Result = revocation::ListResult<T>;

  // A list as it stands: made from what is stored or from what came, never without its trail.
  struct Standing {
    std::shared_ptr<const Trail> trail;  // not empty
    std::shared_ptr<const revocation::Source> source;

    const revocation::ListManifest& manifest() const { return trail->back().manifest; }
  };

  ListWork(ListStore& store, const revocation::HashSecret& secret)
      : store_(store), secret_(secret) {}

  // Checks all that is stored as if it came now, under the keys of today.
  Result<Standing> load(const std::string& list, const ListRecord& record, const jose::JwkSet& keys,
                        WallTime now);

  // A chunk that came. It is what the manifest says when it is stored.
  Result<void> take_chunk(const std::string& list, const revocation::ListChunk& chunk,
                          std::string_view bytes);

  struct Order {
    std::string list;
    std::string issuer;
    std::string url;
    std::string text;  // the manifest as it came
    revocation::ListManifest manifest;
    std::string etag;
    std::string last_modified;
    Standing from;  // empty: begun anew
    WallTime now{};
  };

  // Builds what the manifest describes, of chunks that are stored, and makes it durable. Where it
  // fails, what was durable is as it was.
  Result<Standing> accept(Order order);

  // The chunks that are still to be fetched for that.
  std::vector<revocation::ListChunk> missing(const std::string& list,
                                             const revocation::ListManifest& manifest,
                                             const Standing& from, WallTime now) const;

 private:
  bool walkable(const std::string& list, const Trail& trail, WallTime now) const;
  Result<Trail> shortest(const std::string& list, const Trail& old, const TrailStep& next,
                         WallTime now) const;
  Result<revocation::Source> walk(const std::string& list,
                                  std::vector<const revocation::ListStep*> way,
                                  const revocation::Source* from, WallTime now);

  ListStore& store_;
  revocation::HashSecret secret_;
  jose::Sha256 sha256_;
};

}  // namespace latchkey::latchkeyd
