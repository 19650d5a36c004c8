// SPDX-License-Identifier: Apache-2.0
//
// Where an issuer's keys come from: exactly one place, and what goes with it.
#pragma once

#include "core/config/reader.h"

namespace latchkey::config {

// Errors go to the reader. Sets what follows from the place: the default of `discovery_url`.
void check_sources(issuer::IssuerConfig& config, const Instance& instance, Reader& reader);

}  // namespace latchkey::config
