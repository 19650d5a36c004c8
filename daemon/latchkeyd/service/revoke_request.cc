// SPDX-License-Identifier: Apache-2.0
//
// A request to revoke as the revocation that it asks for: what it names has to be something that a
// token or a login can have, or nothing would be revoked and nobody would know.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/jwk_set.h"
#include "daemon/latchkeyd/service/control_records.h"

namespace latchkey::latchkeyd {

namespace control = ipc::control;
using control::MethodError;
using revocation::Kind;

namespace {

constexpr std::size_t kCommentMost = 1'024;

tl::unexpected<MethodError> invalid(std::string member) {
  return tl::unexpected(MethodError{MethodError::Kind::invalid_parameter, std::move(member), {}});
}

// A line break in a comment or a name would be one in a list that people read.
bool one_line_of(const std::string& text, std::size_t most) {
  return text.size() <= most && std::none_of(text.begin(), text.end(), [](char byte) {
           return (byte >= 0 && byte < ' ') || byte == '\x7f';
         });
}

const config::Issuer* find_issuer(const config::Config& config, const std::string& issuer) {
  std::ptrdiff_t index = config.find_issuer(issuer);
  if (index < 0) index = config.find_issuer_by_name(issuer);
  return index < 0 ? nullptr : &config.issuers[static_cast<std::size_t>(index)];
}

tl::unexpected<MethodError> refused(std::string why) {
  return tl::unexpected(MethodError{MethodError::Kind::refused, std::move(why), {}});
}

control::Outcome<const config::Issuer*> issuer_of(const config::Config& config,
                                                  const std::string& name) {
  if (const config::Issuer* issuer = find_issuer(config, name)) return issuer;
  std::string known;
  for (const config::Issuer& section : config.issuers)
    known += (known.empty() ? "" : ", ") + section.config.issuer;
  return refused(
      fmt::format("no issuer {} is configured, so nothing would be revoked; configured: {}",
                  quoted(name), known));
}

// What a request says whatever it names.
control::Outcome<Kind> check(const control::RevokeRequest& request, WallTime now) {
  const auto kind = revocation::find_kind(request.kind);
  if (!kind) return invalid("kind");
  if (*kind != Kind::key && revocation::has_issuer(*kind) != request.issuer.has_value())
    return invalid("issuer");
  if (request.before && *kind != Kind::subject) return invalid("before");
  if (request.value.empty() || request.value.size() > limits::kClaimStringBytes)
    return invalid("value");
  const bool shown = *kind == Kind::user || *kind == Kind::key;
  if (shown && !one_line_of(request.value, limits::kClaimStringBytes)) return invalid("value");
  if (!one_line_of(request.comment.value_or(""), kCommentMost)) return invalid("comment");
  if (request.end && *request.end <= now) return invalid("end");
  return *kind;
}

// Of those that an issuer names.
control::Outcome<void> take_issuer(revocation::Revocation& revocation,
                                   const control::RevokeRequest& request,
                                   const config::Config& config, WallTime now) {
  LATCHKEY_TRY(const config::Issuer* issuer, issuer_of(config, *request.issuer));
  revocation.issuer = issuer->config.issuer;
  const auto leeway = issuer->config.claims.leeway;
  // "Until now" by the issuer's clock, which may be ahead of ours by the leeway: a token that it
  // issued a moment ago must not pass for one of the future.
  if (revocation.kind == Kind::subject) revocation.before = request.before.value_or(now + leeway);
  // A session goes on to get tokens, so nobody can say when it ends.
  if (revocation.kind == Kind::session) return {};
  const WallTime issued = revocation.kind == Kind::subject ? revocation.before : now + leeway;
  const auto bound = config::revocation_counts_until(config, *issuer, issued, now);
  if (bound) revocation.end = std::min(revocation.end.value_or(*bound), *bound);
  return {};
}

}  // namespace

FindKey find_key_in(const config::Config& config, std::vector<KeyState> states) {
  return
      [&config, states = std::move(states)](
          const std::string& name, std::string_view kid) -> tl::expected<std::string, std::string> {
        const config::Issuer* issuer = find_issuer(config, name);
        if (issuer == nullptr) return tl::unexpected("there is no issuer " + quoted(name));
        const auto place = static_cast<std::size_t>(issuer - config.issuers.data());
        std::string found;
        std::size_t count = 0;
        const auto take = [&](const auto& key_kid, std::string thumbprint) {
          if (key_kid != kid) return;
          found = std::move(thumbprint);
          ++count;
        };
        if (place < states.size()) {
          const KeyState& state = states[place];
          if (state.keys.keys)
            for (const jose::Jwk& key : state.keys.keys->keys())
              take(key.kid().value_or(""), std::string(key.thumbprint()));
        }
        if (count == 1) return found;
        return tl::unexpected(fmt::format(
            "issuer {} shows {} {}: name the key by its thumbprint", issuer->config.name,
            count == 0 ? "no key of the kid" : "several keys of the kid", quoted(kid)));
      };
}

control::Outcome<revocation::Revocation> revocation_of(const control::RevokeRequest& request,
                                                       const config::Config& config, WallTime now,
                                                       const FindKey& find_key) {
  LATCHKEY_TRY(const Kind kind, check(request, now));
  revocation::Revocation revocation;
  revocation.kind = kind;
  revocation.value = request.value;
  revocation.comment = request.comment.value_or("");
  revocation.created_at = now;
  revocation.end = request.end;
  if (kind == Kind::token_hash && !revocation::digest_of_token_hash(request.value))
    return invalid("value");
  if (kind == Kind::key && request.issuer) {
    auto thumbprint = find_key(*request.issuer, request.value);
    if (!thumbprint) return refused(thumbprint.error());
    revocation.value = *std::move(thumbprint);
  }
  if (kind == Kind::key && !revocation::digest_of_key(revocation.value)) return invalid("value");
  if (revocation::has_issuer(kind))
    LATCHKEY_TRY_VOID(take_issuer(revocation, request, config, now));
  return revocation;
}

}  // namespace latchkey::latchkeyd
