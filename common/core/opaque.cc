// SPDX-License-Identifier: Apache-2.0
#include "core/opaque.h"

#include <algorithm>
#include <string>

#include "core/base/limits.h"
#include "core/base/mutation.h"

namespace latchkey {
namespace {

using issuer::OpaqueTokens;

bool begins_with_one(std::string_view token, const OpaqueTokens& opaque) {
  return std::any_of(opaque.prefixes.begin(), opaque.prefixes.end(),
                     [&](const std::string& prefix) { return token.starts_with(prefix); });
}

bool of_service(std::string_view service, const OpaqueTokens& opaque) {
  return std::find(opaque.services.begin(), opaque.services.end(), service) !=
         opaque.services.end();
}

// RFC 6750 section 2.1: what a bearer token is made of, "=" at its end aside.
bool is_b64token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

// In base64url, "{" and behind it a quote or what JSON takes for a blank; strays in front aside.
bool begins_like_object(std::string_view part) {
  part.remove_prefix(std::min(part.find_first_not_of("-_~+/"), part.size()));
  if (part.size() < 3 || part[0] != 'e') return false;
  const char third = part[2];
  if (part[1] == 'y') return (third >= 'A' && third <= 'D') || (third >= 'I' && third <= 'L');
  return part[1] == 'w' && ((third >= 'k' && third <= 'r') || (third >= '0' && third <= '3'));
}

}  // namespace

bool may_be_opaque(std::string_view token) {
  const std::string_view body = token.substr(0, token.find_last_not_of('=') + 1);
  if (LATCHKEY_FAILS(opaque_no_bearer, !std::all_of(body.begin(), body.end(), is_b64token)))
    return false;
  const auto dots = std::count(body.begin(), body.end(), '.');
  if (LATCHKEY_FAILS(opaque_parts, dots >= 2)) return false;
  const std::size_t dot = body.find('.');
  const bool object = dot != std::string_view::npos && (begins_like_object(body.substr(0, dot)) ||
                                                        begins_like_object(body.substr(dot + 1)));
  return !LATCHKEY_FAILS(opaque_looks_signed, object);
}

std::optional<std::size_t> opaque_issuer(std::string_view token, std::string_view service,
                                         const config::Config& config) {
  for (std::size_t i = 0; i < config.issuers.size(); ++i) {
    const issuer::IntrospectionConfig& introspection = config.issuers[i].config.introspection;
    const OpaqueTokens& opaque = introspection.opaque;
    if (LATCHKEY_FAILS(opaque_issuer_off, !introspection.on())) continue;
    if (LATCHKEY_FAILS(opaque_none_configured, !opaque.any())) continue;
    const bool by_prefix = !opaque.prefixes.empty();
    if (LATCHKEY_FAILS(opaque_prefix_other, by_prefix && !begins_with_one(token, opaque))) continue;
    if (LATCHKEY_FAILS(opaque_service_other,
                       !opaque.services.empty() && !of_service(service, opaque)))
      continue;
    if (!by_prefix && !may_be_opaque(token)) continue;
    return i;
  }
  return std::nullopt;
}

Expected<void> check_opaque_form(std::string_view token) {
  if (LATCHKEY_FAILS(opaque_too_long, token.size() > limits::kTokenBytes))
    return fail(Reason::token_too_long);
  if (LATCHKEY_FAILS(opaque_too_short, token.size() < limits::kOpaqueTokenLeast))
    return fail(Reason::token_malformed, "it is too short to be anybody's token");
  const bool visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (LATCHKEY_FAILS(opaque_alphabet, !visible))
    return fail(Reason::token_malformed, "it holds what no token holds");
  return {};
}

}  // namespace latchkey
