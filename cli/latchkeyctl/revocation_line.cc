// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/revocation_line.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/revocation/revocation.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using revocation::EntryKind;

constexpr std::size_t kReasonBytes = 255;

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

std::optional<WallTime> moment(std::string_view text) {
  const auto time = ipc::parse_time(std::string(text));
  return time && *time >= WallTime{} ? time : std::nullopt;
}

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

tl::expected<RevocationLine, std::string> line_of(const Said& said) {
  RevocationLine line;
  const auto kind = said.kind ? revocation::find_entry_kind(*said.kind) : std::nullopt;
  if (!kind) return failed("'kind' is token, token_hash, session, subject, key or user");
  line.kind = *kind;
  if (!said.value || said.value->empty()) return failed("'value' is absent or empty");
  if (said.issuer.has_value() != revocation::has_issuer(*kind))
    return failed("'issuer' goes with token, session and subject, and has to");
  line.value = *said.value;
  line.issuer = said.issuer.value_or("");
  if (said.before) {
    if (*kind != EntryKind::subject) return failed("'before' goes with 'subject'");
    line.before = moment(*said.before);
    if (!line.before) return failed("'before' is no RFC 3339 time from 1970 on");
  }
  if (said.end) {
    line.end = moment(*said.end);
    if (!line.end || *line.end == WallTime{}) return failed("'end' is no RFC 3339 time after 1970");
  }
  if (!said.reason) return line;
  const bool plain = std::none_of(said.reason->begin(), said.reason->end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (said.reason->empty() || said.reason->size() > kReasonBytes || !plain)
    return failed("'reason' is 1 to 255 bytes without control characters");
  line.reason = *said.reason;
  return line;
}

}  // namespace

tl::expected<RevocationLine, std::string> RevocationLineReader::read(std::string_view line) {
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
  return line_of(said);
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string write_revocation_line(const RevocationLine& line) {
  nlohmann::ordered_json out{{"kind", revocation::entry_kind_name(line.kind)}};
  if (!line.issuer.empty()) out["issuer"] = line.issuer;
  out["value"] = line.value;
  if (line.before) out["before"] = ipc::format_time(*line.before);
  if (line.end) out["end"] = ipc::format_time(*line.end);
  if (!line.reason.empty()) out["reason"] = line.reason;
  return out.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace latchkey::cli
