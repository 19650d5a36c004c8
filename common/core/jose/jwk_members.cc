// SPDX-License-Identifier: Apache-2.0
#include "core/jose/jwk_members.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/limits.h"
#include "core/base/mutation.h"

namespace latchkey::jose {
namespace {

tl::unexpected<std::string> drop(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

}  // namespace

tl::expected<std::optional<std::string>, std::string> read_kid(const JsonValue& jwk) {
  const auto member = jwk.find("kid");
  if (!member) return std::nullopt;
  const auto kid = member->as_string();
  if (LATCHKEY_FAILS(jwk_kid_type, !kid))
    return drop("'kid' is no string");  // RFC 7517 section 4.5
  if (LATCHKEY_FAILS(jwk_kid_too_long, kid->size() > limits::kKidBytes))
    return drop("'kid' is longer than 256 bytes");
  return std::string(*kid);
}

tl::expected<void, std::string> check_use(const JsonValue& jwk) {
  const auto use = jwk.find("use");
  // RFC 7517 section 4.2
  if (LATCHKEY_FAILS(jwk_use, use && use->as_string() != "sig"))
    return drop("its 'use' is not 'sig'");
  return {};
}

tl::expected<void, std::string> check_operations(const JsonValue& jwk) {
  const auto member = jwk.find("key_ops");
  if (!member) return {};
  if (LATCHKEY_FAILS(jwk_key_ops_type, !member->is_array())) return drop("'key_ops' is no array");
  std::vector<std::string_view> operations;
  for (const JsonValue element : member->elements()) {
    const auto operation = element.as_string();
    if (LATCHKEY_FAILS(jwk_key_ops_value_type, !operation))
      return drop("'key_ops' holds something that is no string");
    operations.push_back(*operation);
  }
  std::sort(operations.begin(), operations.end());
  if (LATCHKEY_FAILS(
          jwk_key_ops_repeated,
          std::adjacent_find(operations.begin(), operations.end()) != operations.end())) {
    return drop("'key_ops' names an operation twice");  // RFC 7517 section 4.3
  }
  if (LATCHKEY_FAILS(jwk_key_ops_verify,
                     !std::binary_search(operations.begin(), operations.end(), "verify"))) {
    return drop("its 'key_ops' do not hold 'verify'");
  }
  // RFC 7517 section 4.3: where both are there, they must be consistent.
  const bool beyond_signatures = std::any_of(
      operations.begin(), operations.end(),
      [](std::string_view operation) { return operation != "verify" && operation != "sign"; });
  if (LATCHKEY_FAILS(jwk_use_key_ops, beyond_signatures && jwk.find("use")))
    return drop("its 'key_ops' and its 'use' contradict each other");
  return {};
}

}  // namespace latchkey::jose
