// SPDX-License-Identifier: Apache-2.0
#include "core/jose/scratch.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace latchkey::jose {
namespace {

// Zeroed, so that the padding which the JSON parser may read is defined.
std::unique_ptr<std::uint8_t[]> padded_buffer(std::size_t size) {
  return std::make_unique<std::uint8_t[]>(size + kJsonPadding);
}

}  // namespace

Scratch::Scratch(std::size_t token_bytes)
    : token_bytes_(token_bytes),
      header_(padded_buffer(kHeaderSize)),
      payload_(padded_buffer(base64url_decoded_size(token_bytes))),
      signature_(padded_buffer(kSignatureBytes)),
      header_reader_(JsonLimits{.bytes = kHeaderSize}),
      payload_reader_(JsonLimits{.bytes = base64url_decoded_size(token_bytes)}),
      work_(EVP_MD_CTX_new()),
      hash_(EVP_MD_CTX_new()),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}

Scratch::~Scratch() {
  if (signature_ != nullptr) forget_signature();
}

void Scratch::forget_signature() {
  OPENSSL_cleanse(signature_.get(), signature_size_);
  signature_size_ = 0;
}

}  // namespace latchkey::jose
