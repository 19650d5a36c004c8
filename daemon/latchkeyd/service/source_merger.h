// SPDX-License-Identifier: Apache-2.0
//
// Puts what changed of a source of revocations into a new base, on a thread that no login and no
// administrator waits for, and brings over what changed meanwhile (core/revocation/source.h).
// Belongs to the control thread, as the source does.
#pragma once

#include <functional>
#include <memory>

#include "core/base/time.h"
#include "core/revocation/source.h"
#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

class SourceMerger {
 public:
  using SourcePtr = std::shared_ptr<const revocation::Source>;
  // Has the workers judge by the source as it is then; calls back when all of them do.
  using Publish = std::function<void(std::function<void()> done)>;

  // Starts that where `source` wants it and it is not under way, and replaces `source` in a later
  // call on `control`. `source` lives as long as this does; executors and what `publish` refers to
  // live longer. `ended`: as of Source::merged().
  void consider(Executor& builder, Executor& control, SourcePtr& source, WallTime ended,
                Publish publish);

 private:
  std::shared_ptr<bool> under_way_ = std::make_shared<bool>(false);
};

}  // namespace latchkey::latchkeyd
