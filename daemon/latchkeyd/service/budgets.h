// SPDX-License-Identifier: Apache-2.0
//
// What one source may use. Everybody on pam.sock is root, so limits are kept for whom the call is
// made: the peer's address for network services, the invoking user for sudo (DESIGN section 4
// "Budgets"). The user that is asked for is no source: whoever attacks chooses it. Two things are
// limited: conversations open at once, with slots that only some callers may use, and the CPU time
// of verifications, charged before they are done. Shared by all workers.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/request.h"

namespace latchkey::latchkeyd {

inline constexpr std::size_t kSourcesMost =
    16'384;  // tracked; the one seen longest ago is forgotten first
inline constexpr std::chrono::seconds kSourceFreshAfter{60};

// For whom a request is made, as bytes to compare: service and IPv4 address, IPv6 /64 or host name
// (all loopback addresses are one); without PAM_RHOST the invoking user, else the terminal. For
// sudo services always the invoking user.
std::string source_of(const LoginRequest& request, bool sudo);

// The same without the service.
std::string origin_of(std::string_view source);

// Which slots a conversation may use.
enum class Lane : std::uint8_t {
  sign_in,  // authenticate: holds its slot while a person looks for a token
  sudo,     // the same, for sudo services
  later,    // account, setcred and session calls: nobody is asked, so the slot is held for
            // microseconds
};

class Budgets {
 public:
  // A slot, given back at its end.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

   private:
    friend class Budgets;
    Ticket(Budgets& budgets, std::string source, std::size_t pool)
        : budgets_(&budgets), source_(std::move(source)), pool_(pool) {}

    Budgets* budgets_;
    std::string source_;
    std::size_t pool_;
  };

  // Nothing where no slot is left for that lane and source, or the source has as many conversations
  // as it may.
  std::optional<Ticket> admit(const std::string& source, Lane lane,
                              const config::BudgetConfig& limits, SteadyTime now);

  // Takes the cost of a verification from the source's budget; false, with nothing taken, where it
  // is used up.
  bool charge(const std::string& source, std::chrono::nanoseconds cost,
              const config::BudgetConfig& limits, SteadyTime now);

  std::size_t sources() const;

 private:
  enum Pool : std::size_t { shared, for_later, for_sudo, for_fresh, pools };
  // Idle sources, seen longest ago first: keys of sources_, where they lie still.
  using Order = std::list<const std::string*>;
  struct Source {
    std::chrono::nanoseconds level{0};  // CPU time left
    SteadyTime refilled_at{};
    SteadyTime seen_at{};
    std::size_t open = 0;  // conversations that wait for a person
    std::optional<Order::iterator> idle;
  };

  Source& touch(const std::string& source, const config::BudgetConfig& limits, SteadyTime now);
  std::optional<std::size_t> free_pool(Lane lane, bool fresh, std::size_t total) const;
  void release(const std::string& source, std::size_t pool);
  void make_idle(std::unordered_map<std::string, Source>::iterator source);

  mutable std::mutex mutex_;
  std::array<std::size_t, pools> used_{};
  std::unordered_map<std::string, Source> sources_;
  Order idle_;
};

}  // namespace latchkey::latchkeyd
