# SPDX-License-Identifier: Apache-2.0
#
# The parsers of jose, and whole tokens. Seeds: make_jose_seeds.py.
latchkey_fuzzer(NAME base64url SOURCES base64url.cc SEEDS seeds/base64url DICTIONARY base64url.dict LINKS latchkey_jose)
latchkey_fuzzer(NAME header SOURCES header.cc SEEDS seeds/header DICTIONARY jose.dict
  LINKS latchkey_jose latchkey_dep_json)
latchkey_fuzzer(NAME json SOURCES json.cc SEEDS seeds/json DICTIONARY jose.dict LINKS latchkey_jose latchkey_dep_json)
latchkey_fuzzer(NAME jwks SOURCES jwks.cc SEEDS seeds/jwks DICTIONARY jose.dict LINKS latchkey_jose)
latchkey_fuzzer(NAME key_material SOURCES key_material.cc SEEDS seeds/key_material DICTIONARY jose.dict
  LINKS latchkey_signing)
latchkey_fuzzer(NAME token SOURCES token.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc SEEDS seeds/token
  DICTIONARY jose.dict LINKS latchkey_decide latchkey_signing latchkey_dep_json latchkey_dep_openssl)
