// SPDX-License-Identifier: Apache-2.0
#include "core/jose/jwk_members.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/limits.h"

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
  if (!kid) return drop("'kid' is no string");  // RFC 7517 section 4.5
  if (kid->size() > limits::kKidBytes) return drop("'kid' is longer than 256 bytes");
  return std::string(*kid);
}

tl::expected<void, std::string> check_use(const JsonValue& jwk) {
  const auto use = jwk.find("use");
  if (!use || use->as_string() == "sig") return {};  // RFC 7517 section 4.2
  return drop("its 'use' is not 'sig'");
}

tl::expected<void, std::string> check_operations(const JsonValue& jwk) {
  const auto member = jwk.find("key_ops");
  if (!member) return {};
  if (!member->is_array()) return drop("'key_ops' is no array");
  std::vector<std::string_view> operations;
  for (const JsonValue element : member->elements()) {
    const auto operation = element.as_string();
    if (!operation) return drop("'key_ops' holds something that is no string");
    operations.push_back(*operation);
  }
  std::sort(operations.begin(), operations.end());
  if (std::adjacent_find(operations.begin(), operations.end()) != operations.end()) {
    return drop("'key_ops' names an operation twice");  // RFC 7517 section 4.3
  }
  if (!std::binary_search(operations.begin(), operations.end(), "verify")) {
    return drop("its 'key_ops' do not hold 'verify'");
  }
  return {};
}

}  // namespace latchkey::jose
