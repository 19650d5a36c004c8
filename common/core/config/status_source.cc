// SPDX-License-Identifier: Apache-2.0
//
// Which status lists may be asked for. A token names the place of its list, so what the
// configuration says about places is asked here of each one, by latchkeyd and again by
// latchkey-fetchd.
#include <algorithm>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/config/revocation_config.h"
#include "core/issuer/https_url.h"
#include "core/revocation/status_list_token.h"

namespace latchkey::config {
namespace {

// "..", "." and what a server or a proxy might take for them; only a path that everybody reads in
// the same way lies where its beginning says.
bool has_dots(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view escape = path.substr(i, 3);
    if (escape == "%2e" || escape == "%2E") {
      plain += '.';
      i += 2;
    } else if (escape == "%2f" || escape == "%2F" || escape == "%5c" || escape == "%5C") {
      plain += '/';
      i += 2;
    } else {
      plain += path[i];
    }
  }
  plain += '/';
  return plain.find("/./") != std::string::npos || plain.find("/../") != std::string::npos;
}

}  // namespace

tl::expected<void, std::string> StatusListSource::takes(std::string_view uri) const {
  const bool named = std::any_of(uris.begin(), uris.end(), [&](const std::string& each) {
    return each == uri || (each.ends_with('/') && uri.starts_with(each));
  });
  if (LATCHKEY_FAILS(status_place_other, !named))
    return tl::unexpected<std::string>("the list is at none of the section's 'uris'");
  const auto url = issuer::parse_https_url(uri);
  if (LATCHKEY_FAILS(status_place_form, !url)) return tl::unexpected(url.error());
  if (LATCHKEY_FAILS(status_place_dots, url && has_dots(url->path)))
    return tl::unexpected<std::string>("the path has segments of dots");
  return {};
}

std::size_t StatusListSource::token_bytes_most() const {
  return revocation::status_token_bytes(max_list_bytes);
}

std::size_t StatusListSource::at_once() const {
  constexpr std::size_t kBytes = 16'777'216;
  constexpr std::size_t kMost = 4;
  return std::clamp<std::size_t>(kBytes / token_bytes_most(), 1, kMost);
}

bool StatusListSource::is_for(std::string_view issuer) const {
  return !LATCHKEY_FAILS(status_place_issuer,
                         std::find(issuers.begin(), issuers.end(), issuer) == issuers.end());
}

const StatusListSource* RevocationConfig::find_status_list(std::string_view issuer,
                                                           std::string_view uri) const {
  for (const StatusListSource& each : status_lists) {
    if (each.is_for(issuer) && each.takes(uri)) return &each;
  }
  return nullptr;
}

}  // namespace latchkey::config
