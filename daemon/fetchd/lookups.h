// SPDX-License-Identifier: Apache-2.0
//
// Looking up names. The system's resolver blocks, for as long as its own times say, and cannot be
// called off: a name server that hangs would cost a thread for each question about it, until the
// service has none left for anybody. So fetchd holds the threads itself, counts those that nobody
// waits for any more until they have really ended, and bounds them for each host, each issuer and
// all together. Who needs a name that is being looked up shares the answer; who needs one whose
// look-ups all hang hears that at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/limits.h"
#include "daemon/fetchd/http.h"
#include "ipc/fd.h"

namespace latchkey::fetchd {

// The addresses of a host, as text, in the order in which they should be tried; or why not.
using Addresses = tl::expected<std::vector<std::string>, HttpFailure>;

// By getaddrinfo. Blocks. A name that is not known, or that no name server tells, is `unreachable`;
// a failure of this host is not.
Addresses resolve_by_system(const std::string& host);

class Lookups {
 public:
  using Clock = std::chrono::steady_clock;
  using Resolve = std::function<Addresses(const std::string& host)>;

  // So that with the resolver's own times (10 s) the name server is asked again every 3 or 4 s.
  static constexpr std::size_t kOfHostMost = 3;
  static constexpr std::size_t kOfIssuerMost =
      4;  // begun for it; one is left beside a host that hangs
  // Every issuer can have its own, so none can take another's. TasksMax= of the unit is above it.
  static constexpr std::size_t kInAllMost = limits::kIssuers * kOfIssuerMost;
  // One that is older is taken to hang: nobody joins it, and a second one is begun.
  static constexpr std::chrono::seconds kHangsAfter{3};
  // An answer that came that late serves whoever needs the name next: nobody has waited for it, and
  // where each takes as long (the first of the host's name servers is gone) nobody ever would.
  static constexpr std::chrono::seconds kLateKept{10};
  // For how long those that hang speak for the name server: it may be back since, and not be asked
  // because of our bound.
  static constexpr std::chrono::seconds kSilentFor{5};
  // One that hangs says nothing of the name as long as the last one that ended told it: where the
  // first name server is gone each takes 5 s. So long an end that told nothing counts.
  static constexpr std::chrono::seconds kUntoldFor{60};
  static constexpr std::size_t kUntoldMost = 1'024;  // hosts

  class Lookup;  // one of them, shared by all who wait for it

  explicit Lookups(Resolve resolve = resolve_by_system);
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;
  ~Lookups();

  // Joins or begins a look-up of `host` for `issuer`, or fails at once: where all of the host's
  // hang nobody answers for it (unreachable) while the last one is young and the name is untold();
  // a bound of ours is not that.
  tl::expected<std::shared_ptr<const Lookup>, HttpFailure> find(const std::string& issuer,
                                                                const std::string& host,
                                                                Clock::time_point now);

  // What came of it; nothing while it is under way.
  static std::optional<Addresses> result(const Lookup& lookup);

  // Becomes readable when one has ended, and is read by settle().
  int event() const;
  void settle(Clock::time_point now);

  // Whether the host's last look-up that ended told nothing, and that was lately.
  bool untold(const std::string& host, Clock::time_point now) const;

  // Those that have not ended, given up or not.
  std::size_t outstanding() const;

 private:
  struct Shared;

  void sweep(Clock::time_point now);
  void note(const Lookup& ended, Clock::time_point now);

  std::shared_ptr<Shared> shared_;  // with the threads, which may outlive us
  std::list<std::shared_ptr<Lookup>> lookups_;
  std::map<std::string, Clock::time_point> untold_;  // hosts, and when
};

}  // namespace latchkey::fetchd
