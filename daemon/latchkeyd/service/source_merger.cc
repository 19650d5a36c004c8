// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/source_merger.h"

#include <utility>

namespace latchkey::latchkeyd {

void SourceMerger::consider(Executor& builder, Executor& control, SourcePtr& source, WallTime ended,
                            Publish publish) {
  if (*under_way_ || !source->wants_merge()) return;
  *under_way_ = true;
  auto finish = [&builder, place = &source, from = source, mark = std::weak_ptr<bool>(under_way_),
                 publish = std::move(publish)](const SourcePtr& merged) {
    const auto under_way = mark.lock();
    if (!under_way) return;  // whose source it was is gone
    *under_way = false;
    if (!(*place)->follows(*from)) return;  // it has a newer base
    SourcePtr old = *place;
    *place = std::make_shared<const revocation::Source>(old->following(*merged, *from));
    // A large set takes a moment to give back: that is the builder's to do.
    publish([&builder, old = std::move(old)]() mutable {
      builder.post([old = std::move(old)]() mutable { old.reset(); });
    });
  };
  builder.post([&control, from = source, ended, finish = std::move(finish)]() mutable {
    auto merged = std::make_shared<const revocation::Source>(from->merged(ended));
    from.reset();
    control.post([finish = std::move(finish), merged = std::move(merged)] { finish(merged); });
  });
}

}  // namespace latchkey::latchkeyd
