// SPDX-License-Identifier: Apache-2.0
//
// What benches and the instruction count measure, and what they measure it against: the same token
// of the same key through the bare EVP verification (idiom b': a template context a key, copied
// into one work context), through verify(), and through verify() and judge(), from bytes to local
// user and groups.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/decide.h"

struct evp_md_ctx_st;

namespace latchkey::bench {

class Subject {
 public:
  // `algorithm` is a name of kFixedTokens; the keys of all of them make the issuer's set.
  explicit Subject(std::string_view algorithm);
  ~Subject();

  // The signature alone, over bytes and in the form that were prepared outside.
  bool floor();
  // Stations 3 to 7; the token's digest is at hand, as it is in the service.
  bool verify();
  // Stations 3 to 11, from bytes to local user and groups; the digest is at hand here, too.
  bool decide();
  // What makes the digest: once a token, before it is looked for among the remembered.
  bool digest();
  // The two together: what a login with a token that nobody remembers costs the core.
  bool cold();

  // The same for any token under this subject's configuration: bytes that are no token, wrong
  // signatures, …
  bool verify_other(std::string_view token);

  std::string_view token() const { return token_; }

  // For benches that put the parts together in another way.
  const Snapshot& snapshot() const { return snapshot_; }
  const LoginRequest& request() const { return request_; }
  std::optional<Verified> verified();
  static WallTime now();

 private:
  std::string token_;
  std::string_view signing_input_;
  std::string signature_;  // as OpenSSL takes it
  jose::TokenDigest digest_;
  jose::Scratch scratch_;
  Snapshot snapshot_;
  LoginRequest request_;
  const evp_md_ctx_st* template_ = nullptr;
  jose::DigestContext work_;
};

}  // namespace latchkey::bench
