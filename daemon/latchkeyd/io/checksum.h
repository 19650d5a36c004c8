// SPDX-License-Identifier: Apache-2.0
//
// FNV-1a over fields with their lengths. It tells damage, not forgery: whoever can write our files
// can do anything.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace latchkey::latchkeyd {

std::uint64_t checksum(std::initializer_list<std::string_view> texts,
                       std::initializer_list<std::int64_t> numbers = {});

}  // namespace latchkey::latchkeyd
