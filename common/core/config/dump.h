// SPDX-License-Identifier: Apache-2.0
//
// A Config as YAML that parses to the same Config: every value in force, defaults included, in the
// order of the key table. It is what digests are taken over, and what 'latchkeyctl config dump'
// prints.
#pragma once

#include <string>

#include "core/config/config.h"

namespace latchkey::config {

std::string dump(const Config& config);

// One member of 'issuers' alone.
std::string dump(const Issuer& issuer);

}  // namespace latchkey::config
