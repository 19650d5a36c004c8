// SPDX-License-Identifier: Apache-2.0
//
// What a status list issuer does: bytes packed as ZLIB data.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <zlib.h>

namespace latchkey::testing {

inline std::string packed(std::string_view bytes, int level = 9) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), level) != Z_OK)
    std::abort();
  out.resize(size);
  return out;
}

}  // namespace latchkey::testing
