// SPDX-License-Identifier: Apache-2.0
//
// A writer of a revocation stream (docs/REVOCATION-STREAM.md section 5): its key, its notes, and
// the connection to Redis. The notes lie beside the key and say what was signed last, and the item
// too while it is not known to be in Redis: it is durable there before it is sent, and the next
// command sends it first where this one never heard. So nothing that was signed is lost, and hosts
// see no gap.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "core/config/config.h"
#include "core/jose/jwk_set.h"
#include "core/jose/signing/key_material.h"
#include "core/revocation/stream_item.h"
#include "ipc/fd.h"
#include "redis/connection.h"

namespace latchkey::cli {

struct StreamWriterOptions {
  std::string config;         // where the stream is configured, as its hosts have it
  std::string stream;         // its short name; empty: the only one
  std::string key;            // the private key's file
  std::string user;           // of Redis's access list; empty: the configuration's
  std::string password_file;  // likewise
};

struct WriterError {
  enum class Kind : std::uint8_t {
    refused,      // by this tool, or by Redis: nothing was revoked
    unavailable,  // Redis could not be reached; nothing was revoked
    unknown,      // the item was on its way: the next command sends it again
  };
  Kind kind = Kind::refused;
  std::string what;
};
template <typename T>
using WriterResult = tl::expected<T, WriterError>;

class StreamWriter {
 public:
  // Reads configuration, key and notes. Holds the key's file locked: one command at a time.
  static WriterResult<StreamWriter> open(const StreamWriterOptions& options);

  const config::Config& config() const { return config_; }
  const config::StreamSource& stream() const { return stream_; }
  const jose::KeyMaterial& key() const { return key_; }
  const jose::JwkSet& readers() const { return readers_; }

  struct Sent {
    std::uint64_t seq = 0;
    std::string id;  // of the entry
  };
  // Connects, sends what is left of an earlier command, then this.
  WriterResult<Sent> send(revocation::StreamItem item, WallTime now);

  // All of the stream from its beginning, as it is now, entry by entry: its id, and the item; null
  // where it is none that a reader would take.
  using Each = std::function<void(const std::string& id, const revocation::StreamItem* item)>;
  WriterResult<void> read_all(WallTime now, const Each& each);
  // Removes all entries before that id; how many those were.
  WriterResult<std::int64_t> trim(const std::string& first_kept);

  // For a beat: the greatest number of each writer in the stream, all of it being read. Ours is
  // among them.
  WriterResult<std::vector<revocation::StreamSeen>> look(WallTime now);

 private:
  struct Notes {
    std::uint64_t seq = 0;
    std::string pending;  // the item of that number, while it is not known to be in Redis
  };

  StreamWriter(config::Config config, config::StreamSource stream, jose::KeyMaterial key,
               jose::JwkSet readers)
      : config_(std::move(config)),
        stream_(std::move(stream)),
        key_(std::move(key)),
        readers_(std::move(readers)) {}

  WriterResult<void> read_notes();
  WriterResult<void> write_notes(const Notes& notes);
  WriterResult<void> connect();
  WriterResult<std::string> add(const std::string& item);

  config::Config config_;
  config::StreamSource stream_;
  jose::KeyMaterial key_;
  jose::JwkSet readers_;
  std::string key_path_;
  ipc::Fd lock_;
  Notes notes_;
  std::optional<redis::Connection> connection_;
};

}  // namespace latchkey::cli
