// SPDX-License-Identifier: Apache-2.0
//
// Discovery and keys over https, on the loopback interface only.
#pragma once

#include <optional>
#include <string>

#include "devidp/files.h"

namespace latchkey::devidp {

struct ServeOrder {
  std::string folder;
  std::string address = "127.0.0.1";  // within 127.0.0.0/8; anything else is refused
  std::string host;                   // of the issuer's URL; empty: the address
  int port = 0;                       // 0: a free one
  std::optional<unsigned> max_age_s;  // Cache-Control of both documents; unset: none is sent
};

// Serves until SIGTERM or SIGINT. Once it listens, it writes FOLDER/issuer and prints the issuer's
// URL on a line.
Result<void> serve(const ServeOrder& order);

}  // namespace latchkey::devidp
