// SPDX-License-Identifier: Apache-2.0
//
// Where revocations come from besides the local store. Each kind of source is a list of sections of
// its own here, and each section has a FeedPolicy: its name, and what follows where it is not
// fresh. latchkeyd and latchkey-fetchd read the same sections, and name one to each other by its
// name and its digest.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

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

// A stream of signed items in Redis (docs/REVOCATION-STREAM.md).
struct StreamSource {
  revocation::FeedPolicy feed;
  std::string issuer;            // the stream's `iss`; compared byte for byte
  std::string server;            // "rediss://host:port", "redis://127.0.0.1:port", "unix:///path"
  std::string key;               // of the stream in Redis
  std::string user;              // of Redis's access list; empty: its "default"
  std::string password_file;     // read by latchkey-fetchd alone; empty: nobody signs in
  std::string ca_file;           // empty: the system's CAs
  std::string keys_file;         // of the keys that sign its items; this or `keys`
  issuer::InlineKeys keys;       // likewise
  std::string snapshot_url;      // of its snapshot's manifest; https; empty: there is none
  std::string snapshot_ca_file;  // of that server; empty: the system's CAs
  std::string digest;            // lower-case hex SHA-256 over the canonical dump of this section
};

// Its snapshot as the list that it is: of the stream's name, signed by the stream's keys. Nothing
// where the stream has none.
std::optional<ListSource> snapshot_of(const StreamSource& stream);

// A provider's security events, asked for by polling (RFC 8936).
struct EventSource {
  revocation::FeedPolicy feed;
  std::string issuer;       // short name: whose keys sign the events, whose tokens they revoke
  std::string transmitter;  // `iss` of the events, byte for byte; empty: the issuer's
  std::vector<std::string> audiences;  // `aud` of the events; never empty
  std::string endpoint;                // that is polled; https
  std::string token_file;              // of a bearer token; read by latchkey-fetchd alone
  std::chrono::seconds poll_interval{60};
  std::chrono::seconds long_poll{0};  // the transmitter may hold a poll so long; 0: not at all
  std::size_t max_events = 32;        // of an answer
  std::chrono::seconds max_age{3'600};
  std::string ca_file;                // empty: the system's CAs
  std::vector<std::string> tls_pins;  // "sha256//…"; empty: any
  std::string proxy;                  // "http://host:port"; empty: none
  std::chrono::seconds fetch_timeout{10};
  std::string digest;  // lower-case hex SHA-256 over the canonical dump of this section

  const std::string& transmitter_of(const std::string& iss) const {
    return transmitter.empty() ? iss : transmitter;
  }
};

// Where a stream's server is; of a `server` that the configuration took.
struct StreamServer {
  bool tls = false;
  std::string host;  // a name, or an address without brackets; empty: `path` holds
  std::string port;
  std::string path;  // of a socket
};
tl::expected<StreamServer, std::string> parse_stream_server(std::string_view text);

// Token Status Lists (docs/decisions/token-status.md): which of those that tokens refer to are
// asked for. No feed of its own: a list says something about the tokens that refer to it alone.
struct StatusListSource {
  std::string name;                  // short; no other source has it
  std::vector<std::string> issuers;  // short names: whose tokens may refer to its lists
  std::vector<std::string> uris;     // of lists; one that ends in '/' is the beginning of some
  std::string keys_file;             // of the keys that sign the lists; this, `keys` or neither:
  issuer::InlineKeys keys;           // then the issuer's own do
  std::vector<std::string> unknown_refuses;            // services; "*" is any
  std::chrono::seconds refresh{300};                   // between two questions for a list, at most
  std::chrono::seconds max_age{3'600};                 // that a list serves without being confirmed
  std::optional<std::chrono::seconds> max_signed_age;  // since its `iat`; none: any
  std::size_t max_list_bytes = 2'097'152;              // unpacked
  std::string ca_file;                                 // empty: the system's CAs
  std::vector<std::string> tls_pins;                   // "sha256//…"; empty: any
  std::string proxy;                                   // "http://host:port"; empty: none
  std::chrono::seconds fetch_timeout{10};
  std::string digest;  // lower-case hex SHA-256 over the canonical dump of this section

  // The longest token that such a list makes.
  std::size_t token_bytes_most() const;
  // How many of its lists are under way at once at most. Each section has its own number, so that a
  // server which says nothing holds up nobody else's lists; together they have 16 MiB at most.
  std::size_t at_once() const;
  bool own_keys() const { return keys_file.empty() && keys.document.empty(); }
  bool is_for(std::string_view issuer) const;  // by its short name
  // Whether a list of that URI (any bytes) may be asked for; else half a sentence.
  tl::expected<void, std::string> takes(std::string_view uri) const;
};

struct RevocationConfig {
  std::vector<ListSource> lists;               // unique by name, among all
  std::vector<StreamSource> streams;           // likewise
  std::vector<StatusListSource> status_lists;  // likewise; these have no feed
  std::vector<EventSource> events;             // likewise

  // The policies of all sources, kind by kind: one for each feed that a snapshot has, in its order.
  std::vector<const revocation::FeedPolicy*> feeds() const;
  // The section that a token of that issuer (its short name) with that reference is judged by; null
  // where there is none.
  const StatusListSource* find_status_list(std::string_view issuer, std::string_view uri) const;
  std::size_t feed_count() const { return lists.size() + streams.size() + events.size(); }
};

}  // namespace latchkey::config
