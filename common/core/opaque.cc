// SPDX-License-Identifier: Apache-2.0
#include "core/opaque.h"

#include <algorithm>
#include <string>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/jose/base64url.h"

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

}  // namespace

bool looks_signed(std::string_view token, jose::Scratch& scratch) {
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return false;
  const auto buffer = scratch.header();
  if (jose::base64url_decoded_size(dot) > buffer.size()) return false;
  const auto size = jose::decode_base64url(token.substr(0, dot), buffer);
  if (!size) return false;
  const auto header =
      scratch.header_reader().read_padded({reinterpret_cast<const char*>(buffer.data()), *size});
  return header && header->is_object();
}

std::optional<std::size_t> opaque_issuer(std::string_view token, std::string_view service,
                                         const config::Config& config, jose::Scratch& scratch) {
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
    if (LATCHKEY_FAILS(opaque_looks_signed, !by_prefix && looks_signed(token, scratch))) continue;
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
