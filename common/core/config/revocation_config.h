// SPDX-License-Identifier: Apache-2.0
//
// Where revocations come from besides the local store. Each kind of source is a list of sections of
// its own here, and each section has a FeedPolicy: its name, and what follows where it is not
// fresh. latchkeyd and latchkey-fetchd read the same sections, and name one to each other by its
// name and its digest.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "core/issuer/issuer_config.h"
#include "core/revocation/feed.h"

namespace latchkey::config {

// A signed list (docs/REVOCATION-LIST.md).
struct ListSource {
  revocation::FeedPolicy feed;
  std::string issuer;                 // the list's `iss`; compared byte for byte
  std::string url;                    // of the manifest; https
  std::string keys_file;              // of the keys that sign it; this or `keys`
  issuer::InlineKeys keys;            // likewise
  std::string ca_file;                // empty: the system's CAs
  std::vector<std::string> tls_pins;  // "sha256//…"; empty: any
  std::string proxy;                  // "http://host:port"; empty: none
  std::chrono::seconds fetch_timeout{30};
  std::string digest;  // lower-case hex SHA-256 over the canonical dump of this section
};

struct RevocationConfig {
  std::vector<ListSource> lists;  // unique by name

  // The policies of all sources, list by list: one for each feed that a snapshot has, in its order.
  std::vector<const revocation::FeedPolicy*> feeds() const;
  std::size_t feed_count() const { return lists.size(); }
};

}  // namespace latchkey::config
