// SPDX-License-Identifier: Apache-2.0
//
// Requests and answers of the fetch protocol as JSON. Both ends are of one package and one version;
// a member that one of them does not know is therefore a fault and not a courtesy.
#include <array>
#include <utility>

#include "core/jose/json.h"
#include "ipc/fetch_protocol.h"
#include "ipc/json_fields.h"
#include "ipc/stream_batch.h"

namespace latchkey::ipc::fetch {
namespace {

constexpr std::array<std::string_view, 8> kDocuments{
    "metadata",   "jwks",         "introspection", "list_manifest",
    "list_chunk", "stream_items", "status_list",   "security_events"};
constexpr std::array<std::string_view, 2> kForms{"json", "jwt"};
constexpr std::array<std::string_view, 7> kStatuses{"ok",        "not_modified", "reload", "failed",
                                                    "untrusted", "unreachable",  "busy"};
constexpr std::int64_t kSecondsMost = 10LL * 365 * 86'400;

constexpr std::size_t kSha256Digits = 64;

// The messages as they are spelled.
struct RequestText {
  std::int64_t version = kVersion;
  std::uint64_t id = 0;
  std::string issuer;
  std::string digest;
  std::string document;
  std::optional<std::string> etag;
  std::optional<std::string> last_modified;
  std::optional<std::int64_t> bytes;
  std::optional<std::string> sha256;
  std::optional<std::string> after;
  std::optional<std::string> uri;
  std::optional<std::int64_t> wait_s;
};

struct AnswerText {
  std::int64_t version = kVersion;
  std::uint64_t id = 0;
  std::string status;
  std::optional<std::int64_t> bytes;
  std::optional<std::string> etag;
  std::optional<std::string> last_modified;
  std::optional<std::int64_t> max_age_s;
  std::optional<std::int64_t> retry_after_s;
  std::optional<std::string> error;
  std::optional<std::string> form;
  std::optional<std::int64_t> http_status;
};

template <typename Walk>
void fields(Walk& walk, RequestText& value) {
  walk("v", value.version, json::Between{kVersion, kVersion});
  walk("id", value.id);
  walk("issuer", value.issuer, json::AtMost{64});
  walk("digest", value.digest, json::AtMost{64});
  walk("document", value.document);
  walk("etag", value.etag, json::AtMost{kEtagMost});
  walk("last_modified", value.last_modified, json::AtMost{kDateMost});
  walk("bytes", value.bytes, json::Between{1, static_cast<std::int64_t>(kChunkMost)});
  walk("sha256", value.sha256, json::AtMost{kSha256Digits});
  walk("after", value.after, json::AtMost{kEntryIdMost});
  walk("uri", value.uri, json::AtMost{kUriMost});
  walk("wait_s", value.wait_s, json::Between{1, kPollWaitMost.count()});
}

template <typename Walk>
void fields(Walk& walk, AnswerText& value) {
  constexpr json::Between seconds{0, kSecondsMost};
  walk("v", value.version, json::Between{kVersion, kVersion});
  walk("id", value.id);
  walk("status", value.status);
  walk("bytes", value.bytes, json::Between{0, static_cast<std::int64_t>(kChunkMost)});
  walk("etag", value.etag, json::AtMost{kEtagMost});
  walk("last_modified", value.last_modified, json::AtMost{kDateMost});
  walk("max_age_s", value.max_age_s, seconds);
  walk("retry_after_s", value.retry_after_s, seconds);
  walk("error", value.error, json::AtMost{4 * kErrorMost});
  walk("form", value.form);
  walk("http_status", value.http_status, json::Between{100, 999});
}

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t index = 0; index < N; ++index) {
    if (names[index] == name) return static_cast<Enum>(index);
  }
  return std::nullopt;
}

template <typename T>
Result<T> read(std::string_view message) {
  jose::JsonReader reader({.bytes = kMessageMost, .depth = 1});
  const auto value = reader.read(message);
  if (!value) return fault(FaultKind::malformed, std::string(jose::describe(value.error())));
  T text;
  if (auto read = json::Reader::object(*value, text, json::Unknown::refused); !read) {
    return fault(FaultKind::malformed, "fetch message: " + read.error().detail);
  }
  return text;
}

bool has_bytes(Document document) {
  return document == Document::introspection || document == Document::list_chunk ||
         document == Document::security_events;
}

// It becomes part of a path.
bool is_sha256(std::string_view digits) {
  return digits.size() == kSha256Digits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What goes with each document, and nothing else.
Result<void> check_members(Document document, const RequestText& text) {
  if (text.bytes.has_value() != has_bytes(document) ||
      (text.bytes && (text.etag || text.last_modified)) ||
      (document == Document::introspection &&
       *text.bytes > static_cast<std::int64_t>(kTokenMost)) ||
      (document == Document::security_events &&
       *text.bytes > static_cast<std::int64_t>(kPollMost))) {
    return fault(FaultKind::malformed, "fetch message: bytes");
  }
  const bool chunk = document == Document::list_chunk;
  if (text.sha256.has_value() != chunk || (chunk && !is_sha256(*text.sha256)))
    return fault(FaultKind::malformed, "fetch message: sha256");
  const bool items = document == Document::stream_items;
  if (text.after.has_value() != items || (items && !is_entry_id(*text.after)) ||
      (items && (text.etag || text.last_modified)))
    return fault(FaultKind::malformed, "fetch message: after");
  if (text.uri.has_value() != (document == Document::status_list))
    return fault(FaultKind::malformed, "fetch message: uri");
  if (text.wait_s && document != Document::security_events)
    return fault(FaultKind::malformed, "fetch message: wait_s");
  return {};
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::int64_t> count(const std::optional<std::chrono::seconds>& time) {
  return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

std::optional<std::chrono::seconds> seconds(const std::optional<std::int64_t>& number) {
  return number ? std::optional(std::chrono::seconds(*number)) : std::nullopt;
}

}  // namespace

std::string_view name(Document document) { return kDocuments[static_cast<std::size_t>(document)]; }
std::string_view name(Status status) { return kStatuses[static_cast<std::size_t>(status)]; }

std::string encode(const Request& request) {
  RequestText text{kVersion,
                   request.id,
                   request.issuer,
                   request.digest,
                   std::string(name(request.document)),
                   unless_empty(request.etag),
                   unless_empty(request.last_modified),
                   std::nullopt,
                   unless_empty(request.sha256),
                   unless_empty(request.after),
                   unless_empty(request.uri),
                   count(request.wait)};
  if (has_bytes(request.document)) text.bytes = static_cast<std::int64_t>(request.bytes);
  return json::text_of(json::Writer::object(text));
}

std::string encode(const Answer& answer) {
  AnswerText text{kVersion,
                  answer.id,
                  std::string(name(answer.status)),
                  std::nullopt,
                  unless_empty(answer.etag),
                  unless_empty(answer.last_modified),
                  count(answer.max_age),
                  count(answer.retry_after),
                  unless_empty(answer.error.substr(0, kErrorMost)),
                  std::nullopt,
                  std::nullopt};
  if (answer.form) text.form = kForms[static_cast<std::size_t>(*answer.form)];
  if (answer.http_status) text.http_status = *answer.http_status;
  if (answer.status == Status::ok) text.bytes = static_cast<std::int64_t>(answer.bytes);
  return json::text_of(json::Writer::object(text));
}

Result<Request> decode_request(std::string_view message) {
  auto text = read<RequestText>(message);
  if (!text) return tl::unexpected(text.error());
  const auto document = find<Document>(kDocuments, text->document);
  if (!document) return fault(FaultKind::malformed, "fetch message: document");
  if (auto fit = check_members(*document, *text); !fit) return tl::unexpected(fit.error());
  return Request{text->id,
                 std::move(text->issuer),
                 std::move(text->digest),
                 *document,
                 text->etag.value_or(""),
                 text->last_modified.value_or(""),
                 static_cast<std::size_t>(text->bytes.value_or(0)),
                 text->sha256.value_or(""),
                 text->uri.value_or(""),
                 text->after.value_or(""),
                 seconds(text->wait_s)};
}

Result<Answer> decode_answer(std::string_view message) {
  auto text = read<AnswerText>(message);
  if (!text) return tl::unexpected(text.error());
  const auto status = find<Status>(kStatuses, text->status);
  if (!status) return fault(FaultKind::malformed, "fetch message: status");
  if (text->bytes.has_value() != (*status == Status::ok))
    return fault(FaultKind::malformed, "fetch message: bytes");
  const auto form = text->form ? find<Form>(kForms, *text->form) : std::nullopt;
  if (form.has_value() != text->form.has_value() || (form && *status != Status::ok))
    return fault(FaultKind::malformed, "fetch message: form");
  if (text->http_status && *status != Status::failed)
    return fault(FaultKind::malformed, "fetch message: http_status");
  return Answer{
      text->id,
      *status,
      static_cast<std::size_t>(text->bytes.value_or(0)),
      text->etag.value_or(""),
      text->last_modified.value_or(""),
      seconds(text->max_age_s),
      seconds(text->retry_after_s),
      text->error.value_or(""),
      form,
      text->http_status ? std::optional(static_cast<int>(*text->http_status)) : std::nullopt};
}

}  // namespace latchkey::ipc::fetch
