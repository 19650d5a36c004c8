// SPDX-License-Identifier: Apache-2.0
//
// latchkeyctl list: makes the revocation lists of docs/REVOCATION-LIST.md, signs them, and looks at
// them as a reader does. No daemon is asked.
#pragma once

#include <cstdint>
#include <string>

#include "cli/latchkeyctl/session.h"

namespace latchkey::cli {

struct ListBuildOptions {
  std::string folder;
  std::string from = "-";  // text, see list_text.h
  std::string round_end = "1d";
  bool full = false;
  std::uint64_t least = 1;  // entries that the text has to have
};

struct ListSignOptions {
  std::string folder;
  std::string issuer;
  std::string key;
  std::string max_age = "1h";
  std::string now;
};

struct ListVerifyOptions {
  std::string folder;
  std::string issuer;
  std::string keys;  // a JWK set
  std::string now;
};

struct ListDiffOptions {
  std::string from;
  std::string to;
};

// kOk; 1 where something could not be done.
int list_build(const Session& session, const ListBuildOptions& options);
int list_sign(const Session& session, const ListSignOptions& options);
// 1 where a reader would refuse it, or does not come to one set by all ways; 2 where it is stale.
int list_verify(const Session& session, const ListVerifyOptions& options);
// 1 where they differ.
int list_diff(const Session& session, const ListDiffOptions& options);

}  // namespace latchkey::cli
