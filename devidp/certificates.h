// SPDX-License-Identifier: Apache-2.0
//
// The provider's own CA and the certificate that it serves with: made once a folder, good for 30
// days, trusted by nobody who was not told to (ca.pem).
#pragma once

#include <string>

#include "devidp/files.h"

namespace latchkey::devidp {

// Makes FOLDER/ca.pem, tls.pem and tls.key where one of them is missing, or where the certificate
// is for another host. `host` is a DNS name or an address; 127.0.0.1 and localhost are always in.
Result<void> ensure_certificates(const std::string& folder, const std::string& host);

}  // namespace latchkey::devidp
