// SPDX-License-Identifier: Apache-2.0
//
// All sources of revocations of one kind (signed lists, a stream, a provider's events), as the
// control plane sees their keeper: it is configured, it is called when something is due, and it
// gives what goes into the next snapshot. Whatever goes wrong with a source, what it said last
// stays at work; it takes back nothing that another one says.
//
// To add a kind of source: a section of its own in core/config/revocation_config.h, counted in
// RevocationConfig::feeds(); a keeper that is one of these; and its row in ControlPlane's
// constructor. The decisions, status and the look through running logins follow from that.
//
// Belongs to the control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/revocation/feed.h"
#include "core/revocation/revocation_set.h"
#include "core/revocation/status_lists.h"

namespace latchkey::latchkeyd {

// What status tells of one source.
struct RevocationSourceState {
  std::string_view kind;  // "local", "list", …
  revocation::Feed feed;
  std::optional<std::uint64_t> version;  // of those that have one
  std::string uri;                       // of a status list; as `issuer` and `bits`
  std::string issuer;                    // short name: whose tokens it is of
  std::size_t bits = 0;                  // of a status
  std::size_t base_entries = 0;
  std::size_t delta_entries = 0;  // changes since the last merge, removals included
  std::size_t bytes = 0;
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;  // while it stands
  std::optional<SteadyTime> next_fetch;   // none where nothing is waited for
};

class RevocationFeed {
 public:
  struct Hooks {
    // Something that gather() gives changed: it goes into a new snapshot. `done` runs after every
    // worker has that.
    std::function<void(std::function<void()> done)> publish;
    // latchkey-fetchd reads another configuration than we do: time to read ours again. May call
    // configure() before it returns.
    std::function<void()> reload;
    std::function<void()> rescheduled;  // next_tick() may have come nearer
    std::function<std::uint32_t()> random;
  };

  // What goes into a snapshot. Sources have the process's secret; one that says nothing may be left
  // out. One feed for each section of the kind, in the order of the configuration.
  struct Gathered {
    revocation::RevocationSet::Sources sources;
    revocation::RevocationSet::Called called;
    std::vector<revocation::Feed> feeds;
    // Of the one kind that has them: lists that say something of the tokens that refer to them.
    std::shared_ptr<const revocation::StatusLists> statuses =
        std::make_shared<const revocation::StatusLists>();

    // One that explanations call so: "list fleet".
    void add(std::shared_ptr<const revocation::Source> source, std::string name) {
      called.emplace(source.get(), std::move(name));
      sources.push_back(std::move(source));
    }
  };

  RevocationFeed() = default;
  RevocationFeed(const RevocationFeed&) = delete;
  RevocationFeed& operator=(const RevocationFeed&) = delete;
  virtual ~RevocationFeed() = default;

  // Takes on the sources of a configuration. One that means the same as before keeps what it has.
  // Publishes nothing before it returns. The first call, before the threads start, may wait for the
  // disk.
  virtual void configure(std::shared_ptr<const config::Config> config) = 0;

  // The configuration was read and is the same: looks at what it only names, such as files with
  // keys. Whether something that gather() gives changed.
  virtual bool look_again() { return false; }

  // An administrator wants news (a reload): asks now, whatever pause there is.
  virtual void hurry() {}

  // Does what is due; called twice a minute at least, for ages by the steady clock.
  virtual void tick() = 0;
  virtual SteadyTime next_tick() const = 0;

  virtual void gather(Gathered& into) const = 0;
  // Thumbprints of the keys that sign what its sources say; they verify no token.
  virtual std::vector<std::string> keys() const { return {}; }
  virtual std::vector<RevocationSourceState> states() const = 0;
};

}  // namespace latchkey::latchkeyd
