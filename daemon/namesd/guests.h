// SPDX-License-Identifier: Apache-2.0
//
// Names that were shown to sshd though they are nowhere (docs/NAMES.md, "Provisional records"): how
// many may be shown in a time, and which the last ones were, so that their ids can be asked for.
// Nothing of it outlives the program.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::namesd {

class Guests {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kRemembered = 256;
  static constexpr std::size_t kBurst = 100;
  static constexpr std::size_t kPerSecond = 20;

  // Whether the name may be shown now. One that is remembered costs nothing; any other is
  // remembered in place of the oldest.
  bool admit(std::string_view name, std::uint32_t id, TimePoint now);

  // The name of that id, among those that are remembered.
  std::optional<std::string> find(std::uint32_t id) const;

 private:
  struct Guest {
    std::string name;  // empty: none
    std::uint32_t id = 0;
  };

  bool pay(TimePoint now);

  std::array<Guest, kRemembered> guests_;
  std::size_t oldest_ = 0;
  // Of what a name costs, so that no fraction is lost.
  std::chrono::nanoseconds saved_ = kSavedMost;
  std::optional<TimePoint> counted_;

  static constexpr std::chrono::nanoseconds kCost{
      std::chrono::nanoseconds(std::chrono::seconds(1)) / kPerSecond};
  static constexpr std::chrono::nanoseconds kSavedMost = kCost * kBurst;
};

}  // namespace latchkey::namesd
