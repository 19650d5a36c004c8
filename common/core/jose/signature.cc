// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/jose/ecdsa_form.h"
#include "core/jose/ed25519.h"

namespace latchkey::jose {

class SignatureVerifier {
 public:
  static Expected<VerifiedJws> verify(const CompactJws& jws, const Jwk& key, Scratch& scratch) {
    const Forget forget{scratch};
    const Algorithm algorithm = jws.algorithm_;
    const EVP_MD_CTX* verifier = key.allows(algorithm) ? key.verifier(algorithm) : nullptr;
    if (verifier == nullptr) {  // RFC 8725 section 3.1: the key decides, the header must agree
      return fail(Reason::key_unfit,
                  "the key does not allow " + std::string(algorithm_name(algorithm)));
    }
    EcdsaDer der;
    const auto signature = openssl_form(jws, key, der);
    if (signature.empty())
      return fail(Reason::signature_invalid, "the signature is not of the key's form");
    EVP_MD_CTX* work = scratch.work();
    if (work == nullptr || EVP_MD_CTX_copy_ex(work, verifier) != 1) {
      ERR_clear_error();
      return fail(Reason::internal_error, "OpenSSL could not prepare the verification");
    }
    const auto* input = reinterpret_cast<const unsigned char*>(jws.signing_input_.data());
    const int result = EVP_DigestVerify(work, signature.data(), signature.size(), input,
                                        jws.signing_input_.size());
    if (result != 1) {  // 0 and negative alike: nothing but 1 is a signature that verified
      ERR_clear_error();
      return fail(Reason::signature_invalid);
    }
    return VerifiedJws(jws, key);
  }

 private:
  struct Forget {
    Scratch& scratch;
    explicit Forget(Scratch& owner) : scratch(owner) {}
    Forget(const Forget&) = delete;
    Forget& operator=(const Forget&) = delete;
    ~Forget() { scratch.forget_signature(); }
  };

  // The signature as OpenSSL takes it, or nothing where its size or range cannot be right for this
  // key. Lengths come from the key and the algorithm, never from the token.
  static std::span<const std::uint8_t> openssl_form(const CompactJws& jws, const Jwk& key,
                                                    EcdsaDer& der) {
    const auto raw = jws.signature_;
    switch (key.type()) {
      case KeyType::rsa:  // RFC 8017 sections 8.1.2 and 8.2.2 step 1
        return raw.size() == (key.bits() + 7) / 8 ? raw : std::span<const std::uint8_t>{};
      case KeyType::ec: {
        const auto size = ecdsa_to_der(jws.algorithm_, raw, der);
        return size ? std::span<const std::uint8_t>{der.data(), *size}
                    : std::span<const std::uint8_t>{};
      }
      case KeyType::okp:
        return is_ed25519_signature(raw) ? raw : std::span<const std::uint8_t>{};
    }
    return {};
  }
};

Expected<VerifiedJws> verify_signature(const CompactJws& jws, const Jwk& key, Scratch& scratch) {
  return SignatureVerifier::verify(jws, key, scratch);
}

}  // namespace latchkey::jose
