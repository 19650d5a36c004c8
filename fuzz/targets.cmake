# SPDX-License-Identifier: Apache-2.0
#
# The fuzzers, a block each. SEEDS is a folder of inputs; the scripts beside this file made those that are not named after a bug.

# common/wire: make_wire_seeds.py
latchkey_fuzzer(NAME frames_to_module SEEDS seeds/frames_to_module DICTIONARY frames.dict
  SOURCES frames_to_module.cc ${PROJECT_SOURCE_DIR}/pam_module/conversation.cc
  LINKS latchkey_wire latchkey_dep_pam)
latchkey_fuzzer(NAME frames_to_daemon SEEDS seeds/frames_to_daemon DICTIONARY frames.dict
  SOURCES frames_to_daemon.cc
  LINKS latchkey_wire)
latchkey_fuzzer(NAME parts SEEDS seeds/parts DICTIONARY parts.dict
  SOURCES parts.cc
  LINKS latchkey_wire)
