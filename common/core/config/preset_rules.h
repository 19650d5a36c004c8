// SPDX-License-Identifier: Apache-2.0
//
// What a known provider needs beyond values: rules that refuse a section which would take tokens of
// people or workloads that nobody here has in mind. Each says what to write instead.
#pragma once

#include <vector>

#include "core/config/reader.h"

namespace latchkey::config {

// Of a section with `provider`; errors go to the reader, warnings to the list. Completes what
// follows from the issuer itself (where a provider's metadata lie elsewhere).
void check_preset(Issuer& issuer, const Instance& instance, Reader& reader,
                  std::vector<ConfigError>& warnings);

}  // namespace latchkey::config
