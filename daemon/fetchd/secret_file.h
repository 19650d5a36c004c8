// SPDX-License-Identifier: Apache-2.0
//
// A client's secret or private key, read anew for each use so that a new one counts at once and
// none is kept. It goes from the file straight into memory that is wiped.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "wire/secret_buffer.h"

namespace latchkey::fetchd {

// A plain file of root or of this process's user, written by nobody else, read by nobody but its
// owner, root's group and this process's group. On failure a sentence part with the path and
// without content.
tl::expected<wire::SecretBuffer, std::string> read_secret_file(const std::string& path);

// The same without a line break at its end, and only where it is a secret that can be sent: not
// empty, one line of printable ASCII (RFC 6749 appendix A.2).
tl::expected<wire::SecretBuffer, std::string> read_client_secret(const std::string& path);

}  // namespace latchkey::fetchd
