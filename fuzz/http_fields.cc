// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as header fields, one a line: lifetimes stay within bounds, an entity tag holds nothing
// that could end a header line, a log line is one printable line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/fetchd/http_fields.h"

namespace fetchd = latchkey::fetchd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> fields;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    fields.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const auto lifetime = fetchd::freshness_lifetime(fields, fields.back());
  if (lifetime && (lifetime->count() < 0 || lifetime->count() > 315'360'000)) std::abort();
  for (const std::string& field : fields) {
    if (!fetchd::is_entity_tag(field)) continue;
    for (const char c : field) {
      if (c <= 0x20 || c > 0x7e) std::abort();
    }
  }
  for (const char c : fetchd::printable(text, 100)) {
    if (c < 0x20 || c > 0x7e) std::abort();
  }
  return 0;
}
