// SPDX-License-Identifier: Apache-2.0
//
// Whom latchkey-fetchd listens to. The socket's mode and owner are the first lock; this is the
// second, for a socket that somebody made with the wrong ones.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace latchkey::fetchd {

// root, the process's own uid, `uids`, and those of the names in `users`. Names are looked up in
// the file `passwd`, not through NSS. The error names the user who is not there.
tl::expected<std::vector<uid_t>, std::string> allowed_peers(const std::vector<uid_t>& uids,
                                                            const std::vector<std::string>& users,
                                                            const std::string& passwd);

}  // namespace latchkey::fetchd
