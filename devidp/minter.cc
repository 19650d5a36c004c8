// SPDX-License-Identifier: Apache-2.0
//
// The claims of RFC 9068 with the names that most providers use.
#include "devidp/minter.h"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/jose/base64url.h"

namespace latchkey::devidp {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kHour_s = 3'600;

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return {};
  return jose::encode_base64url(bytes);
}

Result<ordered_json> make_claims(const MintOrder& order, std::int64_t now_s) {
  std::int64_t issued_s = now_s - order.issued_ago.count();
  std::int64_t expires_s = issued_s + order.lifetime.count();
  if (order.expired) {
    expires_s = now_s - kHour_s;
    issued_s = expires_s - order.lifetime.count();
  }
  ordered_json claims{{"iss", order.issuer},
                      {"sub", order.subject.empty() ? "devidp|" + order.user : order.subject},
                      {"aud", order.audiences},
                      {"exp", expires_s},
                      {"iat", issued_s},
                      {"auth_time", issued_s},
                      {"jti", random_id()},
                      {"client_id", order.client},
                      {"preferred_username", order.user},
                      {"groups", order.groups}};
  if (order.audiences.size() == 1) claims["aud"] = order.audiences.front();
  if (order.not_yet) claims["nbf"] = now_s + kHour_s;
  for (const ClaimOverride& claim : order.claims) {
    claims.erase(claim.name);
    if (claim.json.empty()) continue;
    auto value = ordered_json::parse(claim.json, nullptr, false);
    if (value.is_discarded()) return failed("--claim " + claim.name + ": the value is no JSON");
    claims[claim.name] = std::move(value);
  }
  return claims;
}

// Everything before the second dot, brought to `size` characters by padding.
class Input {
 public:
  Input(ordered_json header, ordered_json claims)
      : header_(std::move(header)), claims_(std::move(claims)) {}

  std::string text() const {
    return jose::encode_base64url(header_.dump()) + "." + jose::encode_base64url(claims_.dump());
  }

  Result<void> grow_to(std::size_t size) {
    // Base64url has no text of 4n+1 characters, so where the claims cannot meet the size alone, the
    // header moves the rest by a member of a few bytes.
    const ordered_json header = header_;
    for (std::size_t header_pad = 0; header_pad <= 3; ++header_pad) {
      if (header_pad > 0) {
        header_ = header;
        header_["pad"] = std::string(header_pad, 'x');
      }
      if (grow_claims_to(size)) return {};
    }
    return failed("a token with these claims cannot have that size");
  }

 private:
  bool grow_claims_to(std::size_t size) {
    claims_["pad"] = "";
    const std::size_t least = text().size();
    if (least > size) return false;
    // Three bytes make four characters; the last steps are tried.
    std::size_t pad = (size - least) / 4 * 3;
    for (const std::size_t end = pad + 4; pad <= end; ++pad) {
      claims_["pad"] = std::string(pad, 'x');
      if (text().size() == size) return true;
    }
    return false;
  }

  ordered_json header_;
  ordered_json claims_;
};

Result<std::string> sign(const MintOrder& order, const SigningKey& key, const std::string& input) {
  switch (order.fault) {
    case Fault::alg_none:
      return std::string();
    case Fault::hs256_with_public_key: {
      const auto pem = key.public_pem();
      if (!pem) return tl::unexpected(pem.error());
      return hmac_sha256(*pem, input);
    }
    case Fault::foreign_key: {
      const auto foreign = SigningKey::generate(order.algorithm);
      if (!foreign) return tl::unexpected(foreign.error());
      return foreign->sign(input);
    }
    case Fault::bad_signature:
    case Fault::none:
      break;
  }
  auto signature = key.sign(input);
  if (signature && order.fault == Fault::bad_signature) {
    char& middle = (*signature)[signature->size() / 2];
    middle = static_cast<char>(middle ^ 1);
  }
  return signature;
}

std::string header_algorithm(const MintOrder& order) {
  if (order.fault == Fault::alg_none) return "none";
  if (order.fault == Fault::hs256_with_public_key) return "HS256";
  return std::string(jose::algorithm_name(order.algorithm));
}

}  // namespace

Result<std::string> mint(const MintOrder& order, const KeyStore& keys,
                         std::chrono::system_clock::time_point now) {
  const StoredKey* stored =
      order.key.empty() ? keys.current(order.algorithm) : keys.find(order.key);
  if (stored == nullptr) return failed("no key " + order.key);
  if (stored->algorithm != order.algorithm)
    return failed(order.key + " is a key of another algorithm");
  const auto key = keys.load(*stored);
  if (!key) return tl::unexpected(key.error());

  ordered_json header{{"alg", header_algorithm(order)}};
  if (!order.typ.empty()) header["typ"] = order.typ;
  if (const std::string kid = order.kid.value_or(stored->kid); !kid.empty()) header["kid"] = kid;
  auto claims = make_claims(
      order, std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  if (!claims) return tl::unexpected(claims.error());

  Input input(std::move(header), *std::move(claims));
  auto signature = sign(order, *key, input.text());  // of any input: its size is what counts here
  if (!signature) return signature;
  if (order.size > 0) {
    const std::size_t rest = 1 + jose::encode_base64url(*signature).size();
    if (order.size <= rest) return failed("a token cannot be that short");
    if (auto grown = input.grow_to(order.size - rest); !grown) return tl::unexpected(grown.error());
    signature = sign(order, *key, input.text());
    if (!signature) return signature;
  }
  return input.text() + "." + jose::encode_base64url(*signature);
}

}  // namespace latchkey::devidp
