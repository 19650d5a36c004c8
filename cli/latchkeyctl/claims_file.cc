// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/claims_file.h"

#include <utility>

#include "cli/latchkeyctl/files.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/json.h"

namespace latchkey::cli {

using nlohmann::ordered_json;

tl::expected<ordered_json, std::string> parse_strictly(std::string_view text,
                                                       const std::string& where) {
  jose::JsonReader reader;
  if (const auto value = reader.read(text); !value)
    return tl::unexpected(where + ": " + std::string(jose::describe(value.error())));
  return ordered_json::parse(text);
}

tl::expected<ordered_json, std::string> read_claims(const std::string& path,
                                                    std::string_view option) {
  const auto text = read_input(path, limits::kTokenBytes, option);
  if (!text) return tl::unexpected(text.error());
  const std::string where =
      path == kStandardInput ? std::string("standard input") : printable(path);
  auto claims = parse_strictly(text->view(), where);
  if (claims && !claims->is_object()) return tl::unexpected(where + ": is no JSON object");
  return claims;
}

}  // namespace latchkey::cli
