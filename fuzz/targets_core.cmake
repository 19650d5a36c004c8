# SPDX-License-Identifier: Apache-2.0
#
# The parsers of the core besides those of jose. Seeds: make_core_seeds.py.
latchkey_fuzzer(NAME configuration SOURCES configuration.cc SEEDS seeds/configuration DICTIONARY configuration.dict
  LINKS latchkey_config)
latchkey_fuzzer(NAME discovery SOURCES discovery.cc SEEDS seeds/discovery DICTIONARY discovery.dict LINKS latchkey_issuer)
latchkey_fuzzer(NAME introspection_answer SOURCES introspection_answer.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc
  SEEDS seeds/introspection_answer DICTIONARY introspection_answer.dict
  LINKS latchkey_decide latchkey_signing latchkey_dep_json latchkey_dep_openssl)
latchkey_fuzzer(NAME https_url SOURCES https_url.cc SEEDS seeds/https_url LINKS latchkey_issuer)
latchkey_fuzzer(NAME revocation_list SOURCES revocation_list.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc
  SEEDS seeds/revocation_list DICTIONARY revocation_list.dict LINKS latchkey_revocation latchkey_signing)
latchkey_fuzzer(NAME security_event SOURCES security_event.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc
  SEEDS seeds/security_event DICTIONARY security_event.dict LINKS latchkey_revocation latchkey_signing)
latchkey_fuzzer(NAME status_list SOURCES status_list.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc
  SEEDS seeds/status_list DICTIONARY status_list.dict LINKS latchkey_revocation latchkey_signing latchkey_dep_zlib)
latchkey_fuzzer(NAME stream_item SOURCES stream_item.cc ${PROJECT_SOURCE_DIR}/tests/support/signing.cc
  SEEDS seeds/stream_item DICTIONARY stream_item.dict LINKS latchkey_revocation latchkey_signing)
latchkey_fuzzer(NAME names_file SOURCES names_file.cc SEEDS seeds/names_file DICTIONARY names_file.dict
  LINKS latchkey_names latchkey_jose)
