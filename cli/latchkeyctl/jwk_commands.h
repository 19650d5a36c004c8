// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl jwk …`: keys of the administrator's own. Exit status 0, or 2 with why.
#pragma once

#include <string>

#include "cli/latchkeyctl/session.h"

namespace latchkey::cli {

// As typed; empty = not given.
struct GenerateOptions {
  std::string type = "EC";
  std::string curve;
  unsigned bits = 0;
  std::string algorithm;
  std::string kid;
  std::string out;
  bool force = false;
};

struct PublicOptions {
  std::string key = "-";
  std::string algorithm;
  std::string kid;
  bool set = false;
};

int generate_jwk(const GenerateOptions& options);
int public_jwk(const PublicOptions& options);
int jwk_thumbprint(const Session& session, const std::string& key);

}  // namespace latchkey::cli
