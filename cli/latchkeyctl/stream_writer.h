// SPDX-License-Identifier: Apache-2.0
//
// A writer of a revocation stream (docs/REVOCATION-STREAM.md section 5): its key, its notes, and
// the connection to Redis. What it signs is durable in the notes before it is sent, and the next
// command sends it first where this one never heard: nothing that was signed is lost, and hosts see
// no gap.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/stream_notes.h"
#include "core/config/config.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
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
  // Connects, sends what is left of an earlier command, then this. Where there are no notes, the
  // stream says what this key sent before, if this writer may read it.
  WriterResult<Sent> send(revocation::StreamItem item, WallTime now);

  // All of the stream from its beginning, as it is now, entry by entry: its id, and the item; null
  // where it is none that a reader would take.
  using Each = std::function<void(const std::string& id, const revocation::StreamItem* item)>;
  WriterResult<void> read_all(WallTime now, const Each& each);
  // Removes all entries before that id; how many those were.
  WriterResult<std::int64_t> trim(const std::string& first_kept);

  // For a beat: the greatest number of each writer that the stream, all of it being read, has or
  // speaks of, or that an earlier beat of ours named. Ours is among them.
  struct Look {
    std::vector<revocation::StreamSeen> seen;
    std::vector<revocation::StreamLost> missing;    // of writers with a gap
    std::vector<revocation::StreamSeen> spoken_of;  // in these gaps
  };
  // `covered`: by a snapshot, up to there. `notes_vouch`: what the notes know is missed by nobody.
  WriterResult<Look> look(WallTime now, const std::vector<revocation::StreamSeen>& covered,
                          bool notes_vouch);

  // What the notes know to be there, our own items among it.
  std::vector<revocation::StreamSeen> noted() const;
  // What somebody spoke of and was not there, whether who spoke of it is there still or not.
  std::vector<revocation::StreamSeen> heard() const;
  WriterResult<void> note_heard(const std::vector<revocation::StreamSeen>& heard,
                                const std::vector<revocation::StreamLost>& gaps);
  // Whether all of that was noted so as missing: whoever gives it up has seen what it is.
  bool has_named(const std::vector<revocation::StreamLost>& gaps) const;
  // The greatest version of a snapshot that this key signed; 0: of none.
  std::uint64_t noted_version() const { return notes_.version; }
  // `seen`: what it covers; `heard`: what there is more.
  WriterResult<void> note_snapshot(std::uint64_t version,
                                   const std::vector<revocation::StreamSeen>& seen,
                                   const std::vector<revocation::StreamSeen>& heard,
                                   const std::vector<revocation::StreamLost>& gaps);

 private:
  StreamWriter(config::Config config, config::StreamSource stream, jose::KeyMaterial key,
               jose::JwkSet readers)
      : config_(std::move(config)),
        stream_(std::move(stream)),
        key_(std::move(key)),
        readers_(std::move(readers)) {}

  WriterResult<void> write_notes(const StreamNotes& notes);
  WriterResult<StreamNotes> whole_notes();
  void forget_own(StreamNotes& notes) const;
  WriterResult<void> send_pending();
  WriterResult<void> find_own(WallTime now);
  bool is_foreign(const revocation::StreamSeen& each) const;
  WriterResult<void> connect();
  WriterResult<std::string> add(const std::string& item);
  std::optional<revocation::StreamItem> item_of(const redis::Reply& fields, WallTime now,
                                                jose::Scratch& scratch) const;

  config::Config config_;
  config::StreamSource stream_;
  jose::KeyMaterial key_;
  jose::JwkSet readers_;
  std::string key_path_;
  ipc::Fd lock_;
  StreamNotes notes_;
  bool noteless_ = false;  // there were none
  std::optional<redis::Connection> connection_;
};

}  // namespace latchkey::cli
