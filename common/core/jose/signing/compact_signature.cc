// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signing/compact_signature.h"

#include <string>

#include "core/jose/base64url.h"
#include "core/jose/scratch.h"

namespace latchkey::jose {
namespace {

constexpr std::size_t encoded_size(std::size_t bytes) { return (bytes * 4 + 2) / 3; }

bool append_encoded(wire::SecretBuffer& to, std::string_view bytes) {
  std::string text = encode_base64url(bytes);
  const bool fits = to.append(text);
  wire::wipe(std::span<char>(text));
  return fits;
}

}  // namespace

KeyResult<wire::SecretBuffer> sign_compact(const KeyMaterial& key, SigningAlgorithm algorithm,
                                           std::string_view header, std::string_view payload) {
  wire::SecretBuffer token(encoded_size(header.size()) + encoded_size(payload.size()) + 2 +
                           encoded_size(kSignatureBytes * 2));
  if (!append_encoded(token, header) || !token.append(".") || !append_encoded(token, payload))
    return tl::unexpected<std::string>("there is no memory for the token");
  auto signature = key.sign(algorithm, token.view());
  if (!signature) return tl::unexpected(std::move(signature).error());
  const bool whole = token.append(".") && append_encoded(token, *signature);
  wire::wipe(std::span<char>(*signature));
  if (!whole) return tl::unexpected<std::string>("there is no memory for the token");
  return token;
}

}  // namespace latchkey::jose
