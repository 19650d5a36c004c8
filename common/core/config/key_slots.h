// SPDX-License-Identifier: Apache-2.0
//
// What the tables of keys are written with (keys.cc and its neighbours, and nobody else): the place
// of a value, as a function that a table can hold, and the units of ranges.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/keys.h"

namespace latchkey::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::int64_t kSecond = 1'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

// The place of a value, as a function that the table can hold.
// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses): a member's path is no value.
#define ROOT(type, member) Slot<type>([](const Target& t) -> type& { return t.config->member; })
#define ISSUER(type, member) Slot<type>([](const Target& t) -> type& { return t.issuer->member; })
#define LIST(type, member) Slot<type>([](const Target& t) -> type& { return t.list->member; })
#define STREAM(type, member) Slot<type>([](const Target& t) -> type& { return t.stream->member; })
#define STATUS(type, member) \
  Slot<type>([](const Target& t) -> type& { return t.status_list->member; })
#define EVENTS(type, member) Slot<type>([](const Target& t) -> type& { return t.events->member; })
#define RULE(type, member) Slot<type>([](const Target& t) -> type& { return t.rule->member; })
#define CHOICE(list, member)                                                               \
  ChoiceSlot {                                                                             \
    list, [](const Target& t) { return static_cast<std::size_t>(t.issuer->member); },      \
        [](const Target& t, std::size_t place) {                                           \
          t.issuer->member = static_cast<std::decay_t<decltype(t.issuer->member)>>(place); \
        }                                                                                  \
  }
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)

// The names of enumerators, in their order.
using Names = std::string_view;

using Text = std::string;
using List = std::vector<std::string>;
using MaybeSeconds = std::optional<seconds>;

// The parts of keys(), each in its own source.
std::span<const Key> issuer_keys();
std::span<const Key> access_keys();
std::span<const Key> revocation_keys();

}  // namespace latchkey::config
