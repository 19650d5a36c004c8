// SPDX-License-Identifier: Apache-2.0
//
// Joins a token that comes in parts (docs/PROTOCOL.md "Tokens in parts"). The parts must come in
// order, agree about their number and the digest, and stay within the size of a token; the digest
// itself is checked when all are there.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/jose/token_digest.h"
#include "wire/parts.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {

class Assembler {
 public:
  // `token` is empty and has room for kTokenMost bytes; null room (no memory) refuses the first
  // part.
  explicit Assembler(wire::SecretBuffer token) : token_(std::move(token)) {}

  // token_parts_invalid where the part is not the next one of this token, token_too_long.
  Expected<void> add(const wire::Part& part);

  // Number of the part that is wanted next, and of how many; 0 of them before the first part.
  unsigned next() const { return seen_ + 1; }
  unsigned parts() const { return parts_; }
  bool complete() const { return parts_ != 0 && seen_ == parts_; }

  // Whether this is the digest that the parts promised.
  bool fits(const jose::TokenDigest& digest) const;

  std::string_view view() const { return token_.view(); }
  wire::SecretBuffer release() { return std::move(token_); }

 private:
  wire::SecretBuffer token_;
  unsigned seen_ = 0;
  unsigned parts_ = 0;
  std::string digest_;  // hex digits of the first part; no secret
};

}  // namespace latchkey::latchkeyd
