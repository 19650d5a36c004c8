// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/source_merger.h"

#include <utility>

namespace latchkey::latchkeyd {

void SourceMerger::consider(Executor& builder, Executor& control, SourcePtr& source, WallTime ended,
                            Publish publish) {
  if (*under_way_ || !source->wants_merge()) return;
  *under_way_ = true;
  // A large set takes a moment to give back: that is the builder's to do.
  const auto give_back = [&builder](SourcePtr old) {
    builder.post([old = std::move(old)]() mutable { old.reset(); });
  };
  auto finish = [give_back, place = &source, mark = std::weak_ptr<bool>(under_way_),
                 publish = std::move(publish)](SourcePtr from, const SourcePtr& merged) {
    const auto under_way = mark.lock();
    if (under_way) *under_way = false;
    // Whose source it was is gone, or it has a newer base.
    if (!under_way || !(*place)->follows(*from)) return give_back(std::move(from));
    SourcePtr old = *place;
    *place = std::make_shared<const revocation::Source>(old->following(*merged, *from));
    give_back(std::move(from));
    publish([give_back, old = std::move(old)]() mutable { give_back(std::move(old)); });
  };
  builder.post([&control, give_back, from = source, ended, finish = std::move(finish)]() mutable {
    auto merged = std::make_shared<const revocation::Source>(from->merged(ended));
    control.post([give_back, finish = std::move(finish), from = std::move(from),
                  merged = std::move(merged)]() mutable {
      finish(std::move(from), merged);
      give_back(std::move(merged));
    });
  });
}

}  // namespace latchkey::latchkeyd
