// SPDX-License-Identifier: Apache-2.0
#include "bench/peers.h"

#include <cstdlib>
#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/jose/base64url.h"
#include "core/jose/jwk.h"
#include "tests/support/signing.h"

#ifdef LATCHKEY_PEER_LIBJWT
#include <jwt.h>
#endif
#ifdef LATCHKEY_PEER_CJOSE
#include <cjose/cjose.h>
#endif

namespace latchkey::bench {
namespace {

#ifdef LATCHKEY_PEER_LIBJWT
// It takes the key as PEM text and parses it for every token.
bool by_libjwt(const std::string& token, const std::string& pem) {
  jwt_t* jwt = nullptr;
  const auto* key = reinterpret_cast<const unsigned char*>(pem.data());
  const bool good = jwt_decode(&jwt, token.c_str(), key, static_cast<int>(pem.size())) == 0 &&
                    jwt_get_alg(jwt) != JWT_ALG_NONE && jwt_get_grant_int(jwt, "exp") > 0;
  jwt_free(jwt);
  return good;
}
#endif

#ifdef LATCHKEY_PEER_CJOSE
bool by_cjose(const std::string& token, const cjose_jwk_t* key) {
  cjose_err error{};
  cjose_jws_t* jws = cjose_jws_import(token.data(), token.size(), &error);
  std::uint8_t* payload = nullptr;
  std::size_t size = 0;
  const bool good = jws != nullptr && cjose_jws_verify(jws, key, &error) &&
                    cjose_jws_get_plaintext(jws, &payload, &size, &error) && size > 0;
  cjose_jws_release(jws);
  return good;
}
#endif

std::string pem_of(const std::string& jwk, const std::string& algorithm) {
  jose::JsonReader reader;
  const auto key = jose::Jwk::parse(*reader.read(jwk));
  const EVP_MD_CTX* verifier = key->verifier(*jose::find_algorithm(algorithm));
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PUBKEY(out.get(), EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(verifier))) !=
      1) {
    std::abort();
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::vector<Peer> peers(const std::string& algorithm, std::string_view fixed_token) {
  const auto dot = fixed_token.find('.');
  const auto payload =
      jose::decode_base64url(fixed_token.substr(dot + 1, fixed_token.rfind('.') - dot - 1));
  const auto key = testing::SigningKey::generate(*jose::find_algorithm(algorithm), "peer");
  const std::string token =
      key.token(R"({"alg":")" + algorithm + R"(","kid":"bench-peer","typ":"JWT"})", *payload);
  [[maybe_unused]] const std::string jwk = key.jwk();
  [[maybe_unused]] const std::string pem = pem_of(jwk, algorithm);
  std::vector<Peer> all;
#ifdef LATCHKEY_PEER_LIBJWT
  all.push_back({"libjwt/" + algorithm, [token, pem] { return by_libjwt(token, pem); }});
#endif
#ifdef LATCHKEY_PEER_CJOSE
  cjose_err error{};
  if (cjose_jwk_t* peer = cjose_jwk_import(jwk.data(), jwk.size(), &error)) {
    const std::shared_ptr<cjose_jwk_t> owned(peer,
                                             [](cjose_jwk_t* old) { cjose_jwk_release(old); });
    all.push_back({"cjose/" + algorithm, [token, owned] { return by_cjose(token, owned.get()); }});
  }
#endif
  // What it cannot do (cjose knows no EdDSA) is left out.
  std::erase_if(all, [](const Peer& peer) { return !peer.verifies(); });
  return all;
}

}  // namespace latchkey::bench
