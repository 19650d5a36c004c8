// SPDX-License-Identifier: Apache-2.0
//
// Owners of OpenSSL objects.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace latchkey::devidp {

struct FreeOpenssl {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};

using Key = std::unique_ptr<EVP_PKEY, FreeOpenssl>;
using Certificate = std::unique_ptr<X509, FreeOpenssl>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeOpenssl>;
using Bio = std::unique_ptr<BIO, FreeOpenssl>;
using BigNumber = std::unique_ptr<BIGNUM, FreeOpenssl>;

}  // namespace latchkey::devidp
