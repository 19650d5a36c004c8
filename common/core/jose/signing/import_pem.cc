// SPDX-License-Identifier: Apache-2.0
//
// PEM through OpenSSL's own decoders. A passphrase is never asked for: the tools run in pipes.
#include <openssl/pem.h>

#include "core/jose/signing/evp.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::jose {
namespace {

using evp::failed;

// OpenSSL's own callback would prompt on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// The blocks that begin a key of the kind that is wanted, whatever its form ("EC PRIVATE KEY").
std::size_t count_keys(std::string_view pem, bool with_private) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::size_t count = 0;
  for (auto at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    const std::string_view rest = pem.substr(at + kBegin.size());
    const std::string_view label = rest.substr(0, rest.find("-----"));
    if (label.ends_with(with_private ? "PRIVATE KEY" : "PUBLIC KEY")) ++count;
  }
  return count;
}

}  // namespace

KeyResult<KeyMaterial> KeyMaterial::from_pem(std::string_view pem) {
  if (pem.size() > kKeyTextMost) return failed("it is longer than 65536 bytes");
  if (pem.find("-----BEGIN ") == std::string_view::npos)
    return failed("it is neither PEM nor a JWK");
  const bool with_private = pem.find("PRIVATE KEY-----") != std::string_view::npos;
  // Which of several is meant nobody can say. Text around a key (RFC 7468 section 2) is no key.
  if (count_keys(pem, with_private) > 1) return failed("the PEM holds several keys");
  const evp::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return failed("there is no memory for the key");
  bool asked = false;
  PublicKey key(with_private ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked)
                             : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, &asked));
  if (asked)
    return failed("the PEM is under a passphrase; decrypt it first (openssl pkey -in FILE)");
  if (key == nullptr)
    return failed(with_private ? "the PEM holds no private key that OpenSSL can read"
                               : "the PEM holds no public key that OpenSSL can read");
  ERR_clear_error();
  return of(std::move(key), with_private);
}

}  // namespace latchkey::jose
