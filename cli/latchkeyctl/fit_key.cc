// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/fit_key.h"

#include <nlohmann/json.hpp>

#include "core/base/limits.h"
#include "core/jose/json.h"
#include "core/jose/jwk.h"
#include "core/jose/symmetric_key.h"

namespace latchkey::cli {

namespace {

// It is at least as long as the algorithm's hash (RFC 7518 section 3.2), and not too long.
tl::expected<void, std::string> check_symmetric(const jose::KeyMaterial& key,
                                                const jose::KeyLabels& labels) {
  const auto algorithm = jose::find_symmetric_algorithm(labels.alg.value_or(""));
  if (!algorithm) return tl::unexpected<std::string>("it names no algorithm of a symmetric key");
  const auto jwk = key.private_jwk(labels);
  if (!jwk) return tl::unexpected(jwk.error());
  if (const auto taken = jose::SymmetricKey::parse(jwk->view(), *algorithm); !taken)
    return tl::unexpected("no host takes this key: " + taken.error());
  return {};
}

}  // namespace

tl::expected<void, std::string> check_fit(const jose::KeyMaterial& key,
                                          const jose::KeyLabels& labels) {
  if (key.kind() == jose::KeyKind::oct) return check_symmetric(key, labels);
  const auto text = key.public_jwk(labels);
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
