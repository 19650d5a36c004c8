// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/base/mutation.h"
#include "core/jose/ecdsa_form.h"
#include "core/jose/ed25519.h"

namespace latchkey::jose {
namespace {

using Bytes = std::span<const std::uint8_t>;

// A signature is what makes a token whole: no copy of it stays behind.
class Wipe {
 public:
  explicit Wipe(EcdsaDer& der) : der_(der) {}
  Wipe(const Wipe&) = delete;
  Wipe& operator=(const Wipe&) = delete;
  ~Wipe() { OPENSSL_cleanse(der_.data(), size_); }

  // That much of it was written.
  void used(std::size_t size) { size_ = size; }

 private:
  EcdsaDer& der_;
  std::size_t size_ = 0;
};

// The signature as OpenSSL takes it, or nothing where its size or range cannot be right for this
// key. Lengths come from the key and the algorithm, never from the token.
Bytes openssl_form(Algorithm algorithm, const Jwk& key, Bytes raw, EcdsaDer& der) {
  switch (key.type()) {
    case KeyType::rsa:  // RFC 8017 sections 8.1.2 and 8.2.2 step 1
      return LATCHKEY_FAILS(rsa_signature_size, raw.size() != (key.bits() + 7) / 8) ? Bytes{} : raw;
    case KeyType::ec: {
      const auto size = ecdsa_to_der(algorithm, raw, der);
      return size ? Bytes{der.data(), *size} : Bytes{};
    }
    case KeyType::okp:
      return is_ed25519_signature(raw) ? raw : Bytes{};
  }
  return {};
}

}  // namespace

Expected<void> check_signature(Algorithm algorithm, const Jwk& key, std::string_view input,
                               Bytes signature, Scratch& scratch) {
  // RFC 8725 section 3.1: the key decides, the header must agree. A key has verifiers only for what
  // it allows.
  const EVP_MD_CTX* verifier = key.verifier(algorithm);
  if (LATCHKEY_FAILS(signature_key_unfit, !key.allows(algorithm) || verifier == nullptr)) {
    return fail(Reason::key_unfit,
                "the key does not allow " + std::string(algorithm_name(algorithm)));
  }
  EcdsaDer der;
  Wipe wipe(der);
  const Bytes form = openssl_form(algorithm, key, signature, der);
  if (key.type() == KeyType::ec) wipe.used(der.size());
  if (LATCHKEY_FAILS(signature_form, form.empty())) {
    return fail(Reason::signature_invalid, "the signature is not of the key's form");
  }
  EVP_MD_CTX* work = scratch.work();
  if (work == nullptr || EVP_MD_CTX_copy_ex(work, verifier) != 1) {
    ERR_clear_error();
    return fail(Reason::internal_error, "OpenSSL could not prepare the verification");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  // 0 and negative results alike: nothing but 1 is a signature that verified.
  // Finalise the context itself and not a copy of it: OpenSSL wipes the last block of what it
  // hashed only then, and that block is a part of the token.
  EVP_MD_CTX_set_flags(work, EVP_MD_CTX_FLAG_FINALISE);
  if (LATCHKEY_FAILS(signature_invalid,
                     EVP_DigestVerify(work, form.data(), form.size(), bytes, input.size()) != 1)) {
    ERR_clear_error();
    return fail(Reason::signature_invalid);
  }
  return {};
}

class SignatureVerifier {
 public:
  static Expected<VerifiedJws> verify(const CompactJws& jws, const Jwk& key, Scratch& scratch) {
    const auto done =
        check_signature(jws.algorithm(), key, jws.signing_input_, jws.signature_, scratch);
    scratch.forget_signature();
    if (!done) return tl::unexpected(done.error());
    return VerifiedJws(jws, jws.algorithm(), key.thumbprint());
  }

  static Expected<VerifiedJws> verify(const CompactMac& mac, const SymmetricKey& key,
                                      Scratch& scratch) {
    const auto done = key.check(mac.algorithm(), mac.signing_input_, mac.signature_);
    scratch.forget_signature();
    if (!done) return tl::unexpected(done.error());
    return VerifiedJws(mac, std::nullopt, key.id());
  }
};

Expected<VerifiedJws> verify_signature(const CompactJws& jws, const Jwk& key, Scratch& scratch) {
  return SignatureVerifier::verify(jws, key, scratch);
}

Expected<VerifiedJws> verify_mac(const CompactMac& mac, const SymmetricKey& key, Scratch& scratch) {
  return SignatureVerifier::verify(mac, key, scratch);
}

}  // namespace latchkey::jose
