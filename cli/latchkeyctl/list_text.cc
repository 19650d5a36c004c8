// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/base/limits.h"
#include "core/jose/json.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using jose::JsonValue;
using revocation::EntryKind;
template <typename T>
using Step = tl::expected<T, std::string>;

constexpr std::size_t kLineBytes = 16'384;
constexpr std::size_t kReasonBytes = 255;

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

bool has_issuer(EntryKind kind) {
  return kind == EntryKind::token || kind == EntryKind::session || kind == EntryKind::subject;
}

class LineReader {
 public:
  LineReader(std::chrono::seconds round_end, Reasons& reasons)
      : round_end_(round_end), reasons_(reasons) {}

  Step<ListRow> read(std::string_view line) {
    const auto json = reader_.read(line);
    if (!json) return failed(std::string(jose::describe(json.error())));
    if (!json->is_object()) return failed("is no JSON object");
    Said said;
    for (const auto& member : json->members()) {
      std::optional<std::string_view>* const place = said.place(member.name);
      if (place == nullptr)
        return failed("has a member other than kind, issuer, value, before, end and reason");
      *place = member.value.as_string();
      if (!*place) return failed("has a member that is no string");
    }
    return row_of(said);
  }

 private:
  struct Said {
    std::optional<std::string_view> kind, issuer, value, before, end, reason;

    std::optional<std::string_view>* place(std::string_view name) {
      if (name == "kind") return &kind;
      if (name == "issuer") return &issuer;
      if (name == "value") return &value;
      if (name == "before") return &before;
      if (name == "end") return &end;
      return name == "reason" ? &reason : nullptr;
    }
  };

  Step<ListRow> row_of(const Said& said) {
    ListRow row;
    const auto kind = said.kind ? revocation::find_entry_kind(*said.kind) : std::nullopt;
    if (!kind) return failed("'kind' is token, token_hash, session, subject, key or user");
    row.entry.kind = *kind;
    auto digest = digest_of(*kind, said);
    if (!digest) return failed(digest.error());
    row.entry.digest = *digest;
    if (said.before.has_value() != (*kind == EntryKind::subject))
      return failed("'before' goes with 'subject', and has to");
    if (said.before) {
      const auto before = moment(*said.before);
      if (!before) return failed("'before' is no RFC 3339 time from 1970 on");
      row.entry.before = *before;
    }
    if (said.end) {
      const auto end = moment(*said.end);
      if (!end || *end == WallTime{}) return failed("'end' is no RFC 3339 time after 1970");
      row.entry.end = rounded(*end);
    }
    if (!said.reason) return row;
    const bool plain = std::none_of(said.reason->begin(), said.reason->end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (said.reason->empty() || said.reason->size() > kReasonBytes || !plain)
      return failed("'reason' is 1 to 255 bytes without control characters");
    row.reason = reasons_.keep(std::string(*said.reason));
    return row;
  }

  Step<revocation::NameDigest> digest_of(EntryKind kind, const Said& said) const {
    if (!said.value || said.value->empty()) return failed("'value' is absent or empty");
    if (said.issuer.has_value() != has_issuer(kind))
      return failed("'issuer' goes with token, session and subject, and has to");
    std::optional<revocation::NameDigest> digest;
    if (kind == EntryKind::token_hash) {
      digest = revocation::digest_of_token_hash(*said.value);
      if (!digest) return failed("'value' is no SHA-256 in 64 lower-case hexadecimal digits");
    } else if (kind == EntryKind::key) {
      digest = revocation::digest_of_key(*said.value);
      if (!digest) return failed("'value' is no RFC 7638 thumbprint");
    } else {
      digest = names_.digest(kind, said.issuer.value_or(""), *said.value);
      if (!digest) return failed("could not be digested: there is no memory");
    }
    return *digest;
  }

  static std::optional<WallTime> moment(std::string_view text) {
    const auto time = ipc::parse_time(std::string(text));
    return time && *time >= WallTime{} ? time : std::nullopt;
  }

  // Seconds are what a manifest can say.
  WallTime rounded(WallTime end) const {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(end.time_since_epoch());
    const auto over = seconds % round_end_;
    return WallTime(over.count() == 0 ? seconds : seconds + round_end_ - over);
  }

  std::chrono::seconds round_end_;
  Reasons& reasons_;
  revocation::Names names_;
  jose::JsonReader reader_{{.bytes = kLineBytes}};
};

}  // namespace

Step<ListRows> read_list_text(std::istream& in, std::chrono::seconds round_end, Reasons& reasons) {
  ListRows rows;
  LineReader reader(round_end, reasons);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto row = reader.read(line);
    if (!row) return failed("line " + std::to_string(number) + ": " + row.error());
    rows.push_back(*row);
  }
  if (in.bad()) return failed("could not be read to its end");
  settle(rows);
  return rows;
}

}  // namespace latchkey::cli
