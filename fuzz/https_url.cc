// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a URL. What is taken, written out again, is taken alike: there is one reading of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/issuer/https_url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = latchkey::issuer::parse_https_url({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  const auto again = latchkey::issuer::parse_https_url(url->origin.text() + url->path + url->query);
  if (!again || again->origin != url->origin || again->path != url->path ||
      again->query != url->query)
    std::abort();
  if (url->origin.host.find_first_of("@#\\ %/?") != std::string::npos || url->origin.host.empty())
    std::abort();
  return 0;
}
