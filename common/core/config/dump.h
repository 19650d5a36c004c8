// SPDX-License-Identifier: Apache-2.0
//
// A Config as YAML that parses to the same Config: every value in force, defaults included, in the
// order of the key table. It is what digests are taken over. 'latchkeyctl config dump' prints it
// with a comment behind each value that a preset gave.
#pragma once

#include <string>

#include "core/config/config.h"

namespace latchkey::config {

std::string dump(const Config& config);

// The same with those comments.
std::string marked_dump(const Config& config);

// One member of 'issuers', or of a list of sources in 'revocation', alone.
std::string dump(const Issuer& issuer);
std::string dump(const ListSource& list);
std::string dump(const StreamSource& stream);
std::string dump(const StatusListSource& list);
std::string dump(const EventSource& events);

// What is required of one claim, alone: "{min: 2}".
std::string dump(const claims::RequiredClaim& claim);

}  // namespace latchkey::config
