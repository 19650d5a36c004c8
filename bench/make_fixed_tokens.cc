// SPDX-License-Identifier: Apache-2.0
//
// Writes fixed_tokens.h: for each algorithm a fresh key, and a token of the size that real
// providers hand out (851 bytes of claims with 20 groups, RFC 9068). The private keys end with this
// program, so what it writes is test data for ever:
//
//   build/bench/bench/make_fixed_tokens > bench/fixed_tokens.h
#include <iostream>
#include <string>

#include "tests/support/signing.h"

namespace {

using latchkey::jose::Algorithm;
using latchkey::testing::SigningKey;

// 2100-01-01, so that the token is good at any clock of ours.
std::string payload() {
  std::string text =
      R"({"iss":"https://id.example.com/realms/corp","sub":"8f6c2f2e-6a3c-4a55-9d0e-0c6f2f1b7a11","aud":["ssh://prod",)"
      R"("account"],"exp":4102444800,"iat":1767225600,"nbf":1767225600,"auth_time":1767225000,)"
      R"("jti":"3f0e9c58-7f0b-4a3b-b1a8-2f6f0b0c4d21","client_id":"latchkey-cli","azp":"latchkey-cli","scope":)"
      R"("openid profile groups","acr":"mfa","amr":["pwd","otp"],"sid":"0d6d3a0e-55a1-4c1e-9f6e-6a0a3c1d9b77",)"
      R"("preferred_username":"alice","name":"Alice Example","email":"alice@example.com","email_verified":true,"groups":[)";
  for (int i = 0; i < 20; ++i)
    text += (i == 0 ? "\"" : ",\"") + std::string("team-") + std::to_string(1'000 + i) + "\"";
  return text + "]}";
}

void print_raw(std::string_view name, const std::string& value) {
  std::cout << "     // " << name << '\n';
  constexpr std::size_t kColumn = 88;
  for (std::size_t at = 0; at < value.size(); at += kColumn) {
    std::cout << "     R\"(" << value.substr(at, kColumn) << ")\""
              << (at + kColumn < value.size() ? "\n" : ",\n");
  }
}

}  // namespace

int main() {
  std::cout << "// SPDX-License-Identifier: Apache-2.0\n//\n// Written by bench/make_fixed_tokens; "
               "the private keys are gone.\n"
               "#pragma once\n\n#include <array>\n#include <string_view>\n\nnamespace "
               "latchkey::bench {\n\n"
               "struct FixedToken {\n  std::string_view algorithm;\n  std::string_view jwk;\n  "
               "std::string_view token;\n};\n\n"
               "// clang-format off\ninline constexpr std::array<FixedToken, "
            << latchkey::jose::kAlgorithms << "> kFixedTokens{{\n";
  for (std::size_t i = 0; i < latchkey::jose::kAlgorithms; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    const std::string name(latchkey::jose::algorithm_name(algorithm));
    const SigningKey key = SigningKey::generate(algorithm, "bench-" + name);
    std::cout << "    {\"" << name << "\",\n";
    print_raw("jwk", key.jwk());
    print_raw("token", key.token(payload()));
    std::cout << "    },\n";
  }
  std::cout << "}};\n// clang-format on\n\n}  // namespace latchkey::bench\n";
}
