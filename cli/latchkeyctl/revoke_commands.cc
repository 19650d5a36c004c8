// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/revoke_commands.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/latchkeyctl/all_pages.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/revocation_line.h"
#include "core/base/text.h"
#include "core/jose/token_digest.h"
#include "core/revocation/revocation.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

namespace control = ipc::control;

int usage(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: revoke: %s\n", text.c_str());
  return kUsage;
}

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

tl::unexpected<std::string> wrong(std::string what) { return tl::unexpected(std::move(what)); }

constexpr char kNameIt[] =
    "name what to revoke: --jti J --issuer I, --token-hash H, --token-file FILE, --sid S --issuer "
    "I, --subject S --issuer I, --kid K --issuer I, --thumbprint T, or --user NAME";

tl::expected<std::string, std::string> hash_of(const std::string& path) {
  const auto token = read_token(path);
  if (!token) return wrong("--token-file: " + token.error());
  const auto scratch = std::make_unique<jose::Scratch>();
  const auto digest = jose::digest_token(token->view(), *scratch);
  if (!digest || token->empty()) return wrong("--token-file: there is no token in it");
  return digest->hex();
}

// Kind and value, and whether an issuer goes with it.
struct Named {
  const char* kind;
  const std::string& value;
  bool issuer;
};

}  // namespace

tl::expected<control::RevokeRequest, std::string> request_of(const Revocation& typed) {
  control::RevokeRequest request;
  std::string hash = typed.token_hash;
  if (!typed.token_file.empty()) {
    auto made = hash_of(typed.token_file);
    if (!made) return wrong(made.error());
    hash = *std::move(made);
  }
  const Named all[] = {
      {"token", typed.token_id, true},  {"token_hash", hash, false},
      {"session", typed.session, true}, {"subject", typed.subject, true},
      {"key", typed.kid, true},         {"key", typed.thumbprint, false},
      {"user", typed.user, false},
  };
  bool issuer = false;
  for (const Named& each : all) {
    if (each.value.empty()) continue;
    if (!request.value.empty()) return wrong(kNameIt);
    request.kind = each.kind;
    request.value = each.value;
    issuer = each.issuer;
  }
  if (request.value.empty()) return wrong(kNameIt);
  if (issuer == typed.issuer.empty())
    return wrong(issuer ? "--jti, --sid, --subject and --kid need --issuer"
                        : "--issuer goes with --jti, --sid, --subject and --kid");
  if (!typed.before.empty()) {
    if (request.kind != "subject") return wrong("--before goes with --subject");
    request.before = ipc::parse_time(typed.before);
    if (!request.before)
      return wrong("--before takes an RFC 3339 time such as 2026-03-01T09:30:00Z");
  }
  if (!typed.end.empty()) {
    request.end = ipc::parse_time(typed.end);
    if (!request.end || *request.end <= wall_now())
      return wrong("--end takes an RFC 3339 time that is to come");
  }
  if (request.kind == "token_hash" && !revocation::digest_of_token_hash(request.value))
    return wrong("--token-hash takes a SHA-256 in 64 lower-case hexadecimal digits");
  if (!typed.thumbprint.empty() && !revocation::digest_of_key(request.value))
    return wrong("--thumbprint takes an RFC 7638 SHA-256 thumbprint in base64url");
  request.issuer = given(typed.issuer);
  request.comment = given(typed.comment);
  return request;
}

int revoke_one(const Session& session, const Revocation& typed) {
  const auto request = request_of(typed);
  if (!request) return usage(request.error());
  return call_and_print<control::Revoke>(
      session, *request, [&](const control::RevokeAnswer& answer) {
        return fmt::format("revoked {} {} (id {}); in force\n", request->kind,
                           quoted(request->value), answer.id);
      });
}

int list_revocations(const Session& session, const std::string& kind) {
  control::RevocationsAnswer all;
  const int status = all_pages<control::Revocations>(
      session, {given(kind), std::nullopt, std::nullopt}, all,
      [](control::RevocationsAnswer& sum, control::RevocationsRequest& request,
         control::RevocationsAnswer page) {
        if (!page.revocations.empty()) request.after = page.revocations.back().id;
        const bool more = page.more && !page.revocations.empty();
        for (auto& entry : page.revocations) sum.revocations.push_back(std::move(entry));
        return more;
      });
  if (status != kOk) return status;
  return print(session.json ? ascii_json(to_json(all)) + "\n"
                            : render_revocations(all.revocations));
}

int export_revocations(const Session& session, const std::string& kind) {
  int printed = kOk;
  control::RevocationsAnswer none;
  const int status = all_pages<control::Revocations>(
      session, {given(kind), std::nullopt, std::nullopt}, none,
      [&](control::RevocationsAnswer&, control::RevocationsRequest& request,
          const control::RevocationsAnswer& page) {
        std::string text;
        for (const control::RevocationRecord& each : page.revocations) {
          const auto kind_of = revocation::find_kind(each.kind);
          if (!kind_of) continue;
          // A comment may be longer than a reason.
          text += write_revocation_line({*kind_of, each.issuer, each.value, each.before, each.end,
                                         each.comment.substr(0, 255)});
          request.after = each.id;
        }
        printed = print(text);
        return page.more && printed == kOk && !page.revocations.empty();
      });
  return status != kOk ? status : printed;
}

int remove_revocation(const Session& session, std::int64_t id) {
  return call_and_print<control::RemoveRevocation>(
      session, {id},
      [&](const control::Empty&) { return fmt::format("revocation {} removed; in force\n", id); },
      fmt::format("revocation {}", id));
}

}  // namespace latchkey::cli
