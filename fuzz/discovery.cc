// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a discovery document. What is taken is the configured issuer's and names keys at an
// allowed origin.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/issuer/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  latchkey::issuer::IssuerConfig config;
  config.issuer = "https://id.example.com/realms/corp";
  config.origins = {"https://keys.example.com:8443"};
  const auto metadata = latchkey::issuer::parse_metadata(text, config);
  if (metadata) {
    const auto url = latchkey::issuer::parse_https_url(metadata->jwks_uri);
    if (metadata->issuer != config.issuer || !url) std::abort();
    const auto origin = url->origin.text();
    if (origin != "https://id.example.com" && origin != "https://keys.example.com:8443")
      std::abort();
  } else {
    for (const char c : metadata.error().detail) {
      if (c < 0x20 || c >= 0x7f) std::abort();
    }
  }
  return 0;
}
