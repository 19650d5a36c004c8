// SPDX-License-Identifier: Apache-2.0
//
// What the sources of revocations must hold among each other and beside the issuers.
#pragma once

#include <string>
#include <string_view>

#include "core/config/reader.h"
#include "core/jose/jwk_set.h"

namespace latchkey::config {

// Errors go to the reader.
void check_revocation(const Config& config, Reader& reader);

// Sections of status lists: their issuers and their keys.
void check_status_lists(const Config& config, Reader& reader);

// Of sources of events: that their issuer is one that can sign them, and that nothing of theirs is
// another source's.
void check_events(const Config& config, Reader& reader);

// The thumbprint of a key that is in both sets, or nothing: keys of lists verify nothing else
// (docs/REVOCATION-LIST.md section 5). For those who know sets that the configuration only names.
std::string shared_key(const jose::JwkSet& one, const jose::JwkSet& other);

}  // namespace latchkey::config
