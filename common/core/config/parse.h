// SPDX-License-Identifier: Apache-2.0
//
// From texts to a Config, or to every error that they have. The first text is the main file, the
// others are those of conf.d in the order of their names: 'issuers', 'access', 'managed' and
// 'unmanaged' of all files are joined, any other key may be set once in all. Nothing is guessed: an
// unknown key, a duplicate, a value out of range or of another type, an empty list where a list
// decides something are errors, and all of them come at once with file, line and column.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tl/expected.hpp>

#include "core/config/config.h"
#include "core/config/source.h"

namespace latchkey::config {

inline constexpr std::size_t kFilesMost = 256;
inline constexpr std::size_t kRulesMost = 1'024;
inline constexpr std::size_t kListMost = 4'096;  // members of one list or map
inline constexpr std::size_t kErrorsMost = 100;  // then one more says that there are more

// The texts may hold any bytes. Errors and warnings are in the order of files and lines; the
// warnings of a good configuration stand in Config::warnings.
tl::expected<Config, std::vector<ConfigError>> parse(std::span<const SourceText> sources);

}  // namespace latchkey::config
