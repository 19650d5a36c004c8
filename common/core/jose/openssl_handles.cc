// SPDX-License-Identifier: Apache-2.0
#include "core/jose/openssl_handles.h"

#include <openssl/evp.h>

namespace latchkey::jose {

void FreeOpenssl::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
void FreeOpenssl::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }
void FreeOpenssl::operator()(evp_md_st* digest) const { EVP_MD_free(digest); }
void FreeOpenssl::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

}  // namespace latchkey::jose
