// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/fit_key.h"

#include <nlohmann/json.hpp>

#include "core/base/limits.h"
#include "core/jose/json.h"
#include "core/jose/jwk.h"

namespace latchkey::cli {

tl::expected<void, std::string> check_fit(const jose::KeyMaterial& key) {
  if (key.kind() == jose::KeyKind::oct) return {};
  const auto text = key.public_jwk({});
  if (!text) return tl::unexpected(text.error());
  jose::JsonReader reader;
  const auto json = reader.read(*text);
  if (!json) return tl::unexpected<std::string>("the key cannot be written as a JWK");
  const auto jwk = jose::Jwk::parse(*json);
  if (!jwk) return tl::unexpected("no host takes this key: " + jwk.error());
  return {};
}

tl::expected<void, std::string> check_kid(const std::string& kid) {
  if (kid.size() > limits::kKidBytes)
    return tl::unexpected<std::string>("--kid: no host takes a key id of more than 256 bytes");
  try {
    static_cast<void>(nlohmann::json(kid).dump());
  } catch (const nlohmann::json::exception&) {
    return tl::unexpected<std::string>("--kid: the key id is not UTF-8");
  }
  return {};
}

}  // namespace latchkey::cli
