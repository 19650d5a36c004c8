// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_chunk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "core/base/mutation.h"

namespace latchkey::revocation {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

constexpr std::size_t kDigestBytes = sizeof(NameDigest);
constexpr std::size_t kReasonHead = 1 + kDigestBytes + 1;

tl::unexpected<ListError> wrong(const ListChunk& chunk, std::string_view what) {
  return tl::unexpected(
      ListError{ListFault::chunk, "chunk " + chunk.sha256 + " " + std::string(what)});
}

NameDigest digest_at(std::string_view bytes, std::size_t at) {
  NameDigest digest;
  std::memcpy(digest.data(), bytes.data() + at, digest.size());
  return digest;
}

std::int64_t moment_at(std::string_view bytes, std::size_t at) {
  std::int64_t moment = 0;
  std::memcpy(&moment, bytes.data() + at, sizeof moment);
  return moment;
}

// Bytes are compared as unsigned, as std::string_view does not promise for char, but memcmp does.
bool rises(std::string_view bytes, std::size_t before, std::size_t after, std::size_t count) {
  return std::memcmp(bytes.data() + before, bytes.data() + after, count) < 0;
}

ListResult<void> check_entries(const ListChunk& chunk, std::string_view bytes) {
  const auto record = static_cast<std::size_t>(record_bytes(chunk));
  for (std::size_t at = 0; at < bytes.size(); at += record) {
    if (LATCHKEY_FAILS(list_chunk_order, at != 0 && !rises(bytes, at - record, at, kDigestBytes)))
      return wrong(chunk, "is not in rising order");
    if (LATCHKEY_FAILS(list_chunk_moment,
                       record > kDigestBytes && moment_at(bytes, at + kDigestBytes) < 0))
      return wrong(chunk, "has a moment before 1970");
  }
  return {};
}

// That it is UTF-8 is not asked: whoever shows it makes any bytes fit to be shown (printable()).
bool is_plain_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The next reason of bytes that begin with one; nothing where they do not.
std::optional<ListReason> next_reason(std::string_view bytes) {
  if (bytes.size() < kReasonHead) return std::nullopt;
  const auto kind = static_cast<std::uint8_t>(bytes[0]);
  const auto size = static_cast<std::uint8_t>(bytes[kReasonHead - 1]);
  if (LATCHKEY_FAILS(list_reason_kind, kind >= kEntryKinds) ||
      LATCHKEY_FAILS(list_reason_empty, size == 0) || size > bytes.size() - kReasonHead) {
    return std::nullopt;
  }
  return ListReason{static_cast<EntryKind>(kind), digest_at(bytes, 1),
                    bytes.substr(kReasonHead, size)};
}

ListResult<void> check_reasons(const ListChunk& chunk, std::string_view bytes) {
  std::uint64_t count = 0;
  std::size_t before = 0;
  for (std::size_t at = 0; at < bytes.size(); ++count) {
    const auto reason = next_reason(bytes.substr(at));
    if (!reason) return wrong(chunk, "has a record that is no reason");
    if (LATCHKEY_FAILS(list_reason_text, !is_plain_text(reason->text)))
      return wrong(chunk, "has a reason that is no plain text");
    if (LATCHKEY_FAILS(list_reason_order, at != 0 && !rises(bytes, before, at, 1 + kDigestBytes)))
      return wrong(chunk, "is not in rising order");
    before = at;
    at += kReasonHead + reason->text.size();
  }
  if (LATCHKEY_FAILS(list_reason_count, count != chunk.entries))
    return wrong(chunk, "has another number of entries");
  return {};
}

}  // namespace

std::string hex_sha256(std::string_view bytes, const jose::Sha256& sha256) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto digest = sha256({bytes});
  std::string text;
  if (!digest) return text;
  for (const std::uint8_t byte : *digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

ListResult<CheckedChunk> check_chunk(const ListChunk& chunk, std::string_view bytes,
                                     const jose::Sha256& sha256) {
  if (LATCHKEY_FAILS(list_chunk_size, bytes.size() != chunk.size))
    return wrong(
        chunk, "has " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(chunk.size));
  const std::string digest = hex_sha256(bytes, sha256);
  if (digest.empty())
    return tl::unexpected(ListError{ListFault::memory, "a digest could not be made"});
  if (LATCHKEY_FAILS(list_chunk_digest, digest != chunk.sha256))
    return wrong(chunk, "has another SHA-256");
  // The manifest's bounds hold this, too; with another size, records would be read beyond the end.
  if (bytes.size() < chunk.entries * record_bytes(chunk)) return wrong(chunk, "is cut");
  LATCHKEY_TRY_VOID(chunk.kind ? check_entries(chunk, bytes) : check_reasons(chunk, bytes));
  return CheckedChunk(chunk, bytes);
}

Entry CheckedChunk::entry_at(std::size_t at) const {
  Entry entry{.kind = *chunk_->kind, .digest = digest_at(bytes_, at), .end = chunk_->end};
  if (record_bytes(*chunk_) > kDigestBytes)
    entry.before = WallTime(std::chrono::milliseconds(moment_at(bytes_, at + kDigestBytes)));
  return entry;
}

std::vector<ListReason> CheckedChunk::reasons() const {
  std::vector<ListReason> all;
  if (chunk_->kind) return all;
  for (std::size_t at = 0; at < bytes_.size();) {
    const auto reason = next_reason(bytes_.substr(at));
    if (!reason) return all;
    all.push_back(*reason);
    at += kReasonHead + reason->text.size();
  }
  return all;
}

void append_record(const Entry& entry, bool remove, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(entry.digest.data()), entry.digest.size());
  if (entry.kind != EntryKind::subject || remove) return;
  const std::int64_t moment = entry.before.time_since_epoch().count();
  bytes.append(reinterpret_cast<const char*>(&moment), sizeof moment);
}

void append_reason(const ListReason& reason, std::string& bytes) {
  bytes += static_cast<char>(reason.kind);
  bytes.append(reinterpret_cast<const char*>(reason.digest.data()), reason.digest.size());
  bytes += static_cast<char>(reason.text.size());
  bytes += reason.text;
}

}  // namespace latchkey::revocation
