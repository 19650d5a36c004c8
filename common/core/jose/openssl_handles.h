// SPDX-License-Identifier: Apache-2.0
//
// Owners of OpenSSL objects, by forward declaration: no header outside core/jose sees OpenSSL's
// own.
#pragma once

#include <memory>

struct evp_md_ctx_st;
struct evp_mac_ctx_st;
struct evp_md_st;
struct evp_pkey_st;

namespace latchkey::jose {

struct FreeOpenssl {
  void operator()(evp_md_ctx_st* context) const;
  void operator()(evp_mac_ctx_st* context) const;
  void operator()(evp_md_st* digest) const;
  void operator()(evp_pkey_st* key) const;
};

using DigestContext = std::unique_ptr<evp_md_ctx_st, FreeOpenssl>;
using MacContext = std::unique_ptr<evp_mac_ctx_st, FreeOpenssl>;
using Digest = std::unique_ptr<evp_md_st, FreeOpenssl>;
using PublicKey = std::unique_ptr<evp_pkey_st, FreeOpenssl>;

}  // namespace latchkey::jose
