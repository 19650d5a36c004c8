// SPDX-License-Identifier: Apache-2.0
//
// X.509 version 3 (RFC 5280), P-256.
#include "devidp/certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "devidp/openssl.h"

namespace latchkey::devidp {
namespace {

constexpr long kSecondsBefore = 3'600;  // for clocks that differ a little
constexpr long kSecondsAfter = 30L * 86'400;

struct Extensions {
  const Certificate& subject;
  X509* issuer;
  bool good = true;

  void add(int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, subject.get(), nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    good = good && extension && X509_add_ext(subject.get(), extension.get(), -1) == 1;
  }
};

// A certificate for `key` with its name, serial number and times; unsigned.
Certificate blank(const Key& key, const std::string& common_name) {
  Certificate certificate(X509_new());
  std::array<unsigned char, 8> serial{};
  if (!certificate || RAND_bytes(serial.data(), serial.size()) != 1) return nullptr;
  serial[0] &= 0x7f;
  const BigNumber number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  const bool good =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kSecondsBefore) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kSecondsAfter) != nullptr &&
      X509_set_pubkey(certificate.get(), key.get()) == 1 &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1;
  return good ? std::move(certificate) : nullptr;
}

bool sign(const Certificate& certificate, X509* issuer, const Key& issuer_key) {
  return X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
         X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0;
}

Certificate make_ca(const Key& key) {
  Certificate certificate = blank(key, "latchkey-devidp CA");
  if (!certificate) return nullptr;
  Extensions extensions{certificate, certificate.get()};
  extensions.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extensions.add(NID_key_usage, "critical,keyCertSign,cRLSign");
  extensions.add(NID_subject_key_identifier, "hash");
  return extensions.good && sign(certificate, certificate.get(), key) ? std::move(certificate)
                                                                      : nullptr;
}

bool is_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

Certificate make_leaf(const Key& key, const std::string& host, const Certificate& ca,
                      const Key& ca_key) {
  Certificate certificate = blank(key, host);
  if (!certificate) return nullptr;
  Extensions extensions{certificate, ca.get()};
  extensions.add(NID_basic_constraints, "critical,CA:FALSE");
  extensions.add(NID_key_usage, "critical,digitalSignature");
  extensions.add(NID_ext_key_usage, "serverAuth");
  extensions.add(NID_subject_key_identifier, "hash");
  extensions.add(NID_authority_key_identifier, "keyid:always");
  std::string names = "IP:127.0.0.1,DNS:localhost";
  if (host != "127.0.0.1" && host != "localhost")
    names += (is_address(host) ? ",IP:" : ",DNS:") + host;
  extensions.add(NID_subject_alt_name, names);
  return extensions.good && sign(certificate, ca.get(), ca_key) ? std::move(certificate) : nullptr;
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(const Certificate& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio);
}

std::string pem_of(const Key& key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

bool is_for(const std::string& pem, const std::string& host) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate || X509_cmp_current_time(X509_get0_notAfter(certificate.get())) <= 0)
    return false;
  return is_address(host)
             ? X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1
             : X509_check_host(certificate.get(), host.c_str(), host.size(), 0, nullptr) == 1;
}

}  // namespace

Result<void> ensure_certificates(const std::string& folder, const std::string& host) {
  const std::string tls_path = folder + "/tls.pem";
  if (exists(folder + "/ca.pem") && exists(folder + "/tls.key")) {
    if (const auto pem = read_file(tls_path); pem && is_for(*pem, host)) return {};
  }
  const Key ca_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Certificate ca = ca_key ? make_ca(ca_key) : nullptr;
  const Certificate leaf = ca && key ? make_leaf(key, host, ca, ca_key) : nullptr;
  if (!leaf) return failed("OpenSSL: no certificate for " + host);
  // The CA's key is not kept: it signs this one certificate.
  if (auto written = write_file(folder + "/tls.key", pem_of(key), 0600); !written) return written;
  if (auto written = write_file(tls_path, pem_of(leaf), 0644); !written) return written;
  return write_file(folder + "/ca.pem", pem_of(ca), 0644);
}

}  // namespace latchkey::devidp
