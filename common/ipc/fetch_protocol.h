// SPDX-License-Identifier: Apache-2.0
//
// What latchkeyd asks of latchkey-fetchd, and how a document comes back. One JSON object a
// SOCK_SEQPACKET message; latchkeyd names (section, document) and the digest of that section, never
// a URL, so a latchkeyd that was taken over cannot send fetchd anywhere. Of a list's chunk it names
// the digest, 64 hexadecimal digits, which is all of its place that the configuration leaves open.
// Bodies
// travel as sealed memfds: fetchd cannot change them after latchkeyd has looked at them, and
// latchkeyd maps them without a copy.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/fault.h"
#include "ipc/fd.h"
#include "wire/secret_buffer.h"

namespace latchkey::ipc::fetch {

inline constexpr int kVersion = 1;
inline constexpr std::size_t kMessageMost = 8'192;  // a request or an answer
inline constexpr std::size_t kBodyMost = 262'144;   // a document (core's limits::kJwkSetBytes)
inline constexpr std::size_t kChunkMost =
    16'777'216;  // a chunk of a list (core's revocation::list_limits)
inline constexpr std::size_t kItemsMost = 4'194'304;  // a batch of a stream's items
inline constexpr std::chrono::seconds kItemsWait{
    20};  // until a stream that is silent is said to be
inline constexpr std::size_t kUriMost = 2'048;
inline constexpr std::size_t kPollMost = 262'144;      // a poll for security events
inline constexpr std::size_t kPolledMost = 1'048'576;  // its answer (core's poll_limits)
inline constexpr std::chrono::seconds kPollWaitMost{300};
inline constexpr std::size_t kEtagMost = 1'024;
inline constexpr std::size_t kDateMost = 29;  // RFC 9110 section 5.6.7: IMF-fixdate
inline constexpr std::size_t kErrorMost = 1'024;
inline constexpr std::size_t kTokenMost =
    65'536;  // that is asked about (core's limits::kTokenBytes)

enum class Document : std::uint8_t {
  metadata,
  jwks,
  introspection,    // what the issuer says of the token that comes along in a memfd
  list_manifest,    // of a revocation list
  list_chunk,       // of that list, the one with `sha256`
  stream_items,     // of a revocation stream, those behind `after`, once there are any
                    // (stream_batch.h)
  status_list,      // that a token refers to, at `uri`
  security_events,  // of a provider: what it answers to the poll that comes along in a sealed memfd
};

// In which form an introspection answer came, by its media type (RFC 7662, RFC 9701).
enum class Form : std::uint8_t { json, jwt };

struct Request {
  std::uint64_t id = 0;  // chosen by the asker, comes back in the answer
  std::string issuer;    // short name of the section: an issuer's, or a source's of revocations
  std::string digest;    // of that section, as the asker has it
  Document document = Document::jwks;
  std::string etag;           // of the copy at hand; empty: none
  std::string last_modified;  // likewise, as the provider wrote it
  std::size_t bytes = 0;      // introspection: size of the token; list_chunk: of the chunk;
                              // security_events: of the poll
  std::string sha256 = {};    // list_chunk: 64 lower-case hexadecimal digits
  std::string uri = {};       // status_list: where it lies, as the token says
  std::string after = {};     // stream_items: an entry id, "0-0" for the beginning
  // security_events: the provider may hold the poll so long
  std::optional<std::chrono::seconds> wait = std::nullopt;
};

enum class Status : std::uint8_t {
  ok,  // the body comes along
  // Of security_events: the provider held the poll for longer than it was allowed to.
  not_modified,  // the copy with that etag, or of that date, is still right
  reload,        // the two configurations differ: read yours again, then ask again
  // This one and those below it are failures; see `error`.
  failed,
  untrusted,    // who answered does not show the certificate or the pin of the section
  unreachable,  // of an introspection: nobody is there, and not for a cause on fetchd's own side
  busy,         // of a status list: so many are under way, or so many were, that nobody was asked
};

struct Answer {
  std::uint64_t id = 0;
  Status status = Status::failed;
  std::size_t bytes = 0;      // ok: size of the body
  std::string etag;           // ok, not_modified: empty where the provider sends none
  std::string last_modified;  // ok, not_modified: likewise
  std::optional<std::chrono::seconds>
      max_age;  // ok, not_modified: Cache-Control; 0 for no-store and no-cache
  std::optional<std::chrono::seconds> retry_after;  // busy; failed: 429 or 503 with Retry-After
  std::string error;  // of a failure, reload: issuer, document and cause in one line
  std::optional<Form> form = std::nullopt;        // ok, of an introspection
  std::optional<int> http_status = std::nullopt;  // failed: what the provider answered, if it did
};

std::string_view name(Document document);
std::string_view name(Status status);

std::string encode(const Request& request);
std::string encode(const Answer& answer);

// From a peer that the socket's mode lets in, yet checked in full: unknown or missing members,
// wrong types, bounds.
Result<Request> decode_request(std::string_view message);
Result<Answer> decode_answer(std::string_view message);

// A memfd that holds `body` and can neither shrink, grow, be written nor be unsealed.
Result<Fd> make_sealed(std::string_view body);

// A token on its way to be asked about. Its memfd can be read by whoever got it and, unlike a
// document's, be written: take_token() overwrites it when it has the token in memory of its own.
Result<Fd> make_token_file(std::string_view token);

// Reads the token out of what make_token_file() made. Refuses what is no memfd or of another size,
// and (too_large) what exceeds kTokenMost. It is read, never mapped, so a peer that cuts the file
// raises no signal.
Result<wire::SecretBuffer> take_token(Fd fd, std::size_t bytes);

// A received body, mapped read-only for as long as this lives. Moves, never copies.
class SealedBody {
 public:
  // Refuses (malformed) what is no memfd with all four seals or whose size is not exactly `bytes`,
  // and (too_large) what exceeds `most`: only a sealed file cannot raise SIGBUS under us or change
  // between check and use.
  static Result<SealedBody> map(Fd fd, std::size_t bytes, std::size_t most = kBodyMost);

  SealedBody(SealedBody&& other) noexcept;
  SealedBody& operator=(SealedBody&& other) noexcept;
  SealedBody(const SealedBody&) = delete;
  SealedBody& operator=(const SealedBody&) = delete;
  ~SealedBody();

  std::string_view view() const { return {data_, size_}; }

 private:
  SealedBody(const char* data, std::size_t size) : data_(data), size_(size) {}

  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// One message, optionally with a descriptor. Never blocks and never raises SIGPIPE. Faults:
// would_block, closed, system.
Result<void> send_message(int socket, std::string_view message, int fd = -1);

struct Received {
  std::string message;
  Fd fd;  // empty where none came
};

// One message, never blocks. A message above kMessageMost is too_large; more than one descriptor,
// or cut ancillary data, is malformed; all descriptors that came are closed then. Received
// descriptors are close-on-exec.
Result<Received> receive_message(int socket);

}  // namespace latchkey::ipc::fetch
